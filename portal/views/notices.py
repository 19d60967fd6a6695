"""通知: what a person has been told, how they wish to be told, and, for whoever runs the service, what did not arrive."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from exchange import inbox
from exchange.channels import said
from exchange.models import Channel, Delivery, Notice, NoticeChoice, Outgoing
from exchange.sending import try_again
from exchange.telling import channels
from organisations.actors import Person
from organisations.models import Role
from organisations.paging import counted
from portal.access import require, signed_in
from portal.page import Tab, page_of, render

UNREAD = "unread"
OPEN = dict.fromkeys(
    ("title", "firm", "bank", "unit", "scheme", "period", "year", "absent", "deputy", "from", "to", "number", "waiting"), "…"
)
NOW, DAILY, NEVER = NoticeChoice.When.choices
WHENS = {Channel.EMAIL: (NOW, DAILY, NEVER), Channel.SMS: (NOW, NEVER)}  # an SMS comes at once or not at all


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """Newest first."""
    own = Notice.objects.of(by)
    wanted = request.GET.get("state", "")
    number = {"": counted(own), UNREAD: counted(own.unread())}
    labels = (("", _("全部")), (UNREAD, _("未读")))
    rows = page_of((own.unread() if wanted == UNREAD else own).order_by("-pk"), request, found=number.get(wanted, number[""]))
    for row in rows:
        row.said = said(row)
    context = {
        "page": rows,
        "tabs": [Tab(value, label, number[value], current=value == wanted) for value, label in labels],
        "unread": number[UNREAD],
        "is_operator": is_operator(by),
    }
    return render(request, "portal/notice/list.html", context, by=by)


@require_POST
@signed_in
def read(_request: HttpRequest, by: Person) -> HttpResponse:
    """All of them."""
    inbox.mark_read(None, by=by, at=by.at)
    return redirect("notices")


@signed_in
def follow(_request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """To what it is about; that it was read is noted."""
    row = get_object_or_404(Notice.objects.of(by), pk=pk)
    inbox.mark_read([row.pk], by=by, at=by.at)
    return redirect(row.link)


@signed_in
def choices(request: HttpRequest, by: Person) -> HttpResponse:
    """By which way and when."""
    shown = inbox.choices_of(by)
    if request.method == "POST":
        names = {(choice.kind.code, channel): when for choice in shown for channel, when in choice.whens}
        inbox.choose({key: request.POST.get("|".join(key), when) for key, when in names.items()}, by=by)
        messages.success(request, _("通知设置已保存。"))
        return redirect("notice-choices")
    context = {"rows": [_row(choice) for choice in shown], "channels": [Channel(channel).label for channel in channels()]}
    return render(request, "portal/notice/choices.html", context, by=by)


@signed_in
def undelivered(request: HttpRequest, by: Person) -> HttpResponse:
    """What was given up, or is being tried again, whoever it was for."""
    require(is_operator(by))
    troubled = Q(state=Outgoing.State.FAILED) | Q(state=Outgoing.State.WAITING, attempts__gt=0)
    context = {
        "page": page_of(Notice.objects.filter(troubled).select_related("recipient", "robot__organisation").order_by("-pk"), request),
        "deliveries": Delivery.objects.filter(troubled).select_related("webhook__organisation").order_by("-pk")[:50],
    }
    return render(request, "portal/notice/undelivered.html", context, by=by)


@require_POST
@signed_in
def again(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    """Try once more what was given up."""
    require(is_operator(by))
    if try_again(get_object_or_404(Notice, pk=pk), at=by.at):
        messages.success(request, _("将重新发送。"))
    return redirect("undelivered")


def is_operator(by: Person) -> bool:
    return any(seat.role == Role.SYSTEM_OPERATOR for seat in by.seats)


def _row(choice: inbox.Choice) -> dict[str, Any]:
    """One kind, said of something left open, with an input for each way."""
    inputs = [
        {"name": f"{choice.kind.code}|{channel}", "label": Channel(channel).label, "when": when, "whens": WHENS[Channel(channel)]}
        for channel, when in choice.whens
    ]
    return {"about": choice.kind.sentence % OPEN, "inputs": inputs}
