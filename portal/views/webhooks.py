"""事件推送: where an organisation's system is told of steps; each delivery with its answer, and once more by hand."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from common.errors import DomainError
from common.steps import Param
from exchange import webhooks
from exchange.api import HAPPENINGS, RESOURCES
from exchange.models import Delivery, Webhook
from exchange.webhook_states import WEBHOOK_STEPS
from exchange.webhooks import Subscribed
from organisations.actors import Person
from organisations.entering import read
from portal.access import require, signed_in
from portal.inputs import draw, unplaced
from portal.page import made_once, page_of, render
from portal.panel import Refused, life
from portal.views.tokens import organisation_of, organisation_params


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """The subscriptions, and a form for one more; its secret is shown in the answer that made it, once."""
    require(bool(by.administers))
    if request.method != "POST":
        return _index(request, by)

    def make() -> tuple[Subscribed, dict[str, int]]:
        values = read(_params(by), request.POST)
        organisation = organisation_of(by, values.pop("organisation", None))
        subscribed = webhooks.subscribe(organisation, known=HAPPENINGS, by=by, at=by.at, **values)
        return subscribed, {"webhook": subscribed.webhook.pk}

    try:
        subscribed = made_once(request, by, make)
    except DomainError as error:
        return _index(request, by, error=error)
    return _index(request, by, subscribed=subscribed) if subscribed else redirect("webhooks")


@signed_in
def detail(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    return page(request, by, get_object_or_404(rows(by), pk=pk))


def page(request: HttpRequest, by: Person, webhook: Webhook, *, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    """The log, newest first."""
    context = {
        "webhook": webhook,
        "page": page_of(Delivery.objects.filter(webhook=webhook).order_by("-pk"), request),
        "kinds": [label for kind, label in _kinds() if kind in webhook.kinds],
        **life("webhooks", webhook, WEBHOOK_STEPS, by, refused=refused, only=webhooks.WEBHOOK_ACTIONS),
    }
    return render(request, "portal/machine/webhook.html", context, by=by, status=status)


@require_POST
@signed_in
def replay(request: HttpRequest, by: Person, pk: int, delivery_pk: int) -> HttpResponse:
    found = Delivery.objects.visible_to(by).select_related("webhook").filter(webhook=pk)
    webhooks.replay(get_object_or_404(found, pk=delivery_pk), by=by, at=by.at)
    messages.success(request, _("将重新推送。"))
    return redirect("webhook", pk)


def rows(by: Person) -> QuerySet[Webhook]:
    return Webhook.objects.visible_to(by).select_related("organisation", "made_by")


def _index(request: HttpRequest, by: Person, *, subscribed: Subscribed | None = None, error: DomainError | None = None) -> HttpResponse:
    params, problems = _params(by), error.problems if error else ()
    context = {
        "rows": rows(by).order_by("state", "-pk"),
        "fields": draw(params, prefix="webhook", typed=request.POST if error else None, problems=problems),
        "loose": unplaced(params, problems),
        "subscribed": subscribed,
        "error": error,
    }
    return render(request, "portal/machine/webhooks.html", context, by=by, status=error.status if error else 200)


def _params(by: Person) -> tuple[Param, ...]:
    return (
        *organisation_params(by),
        Param("name", "text", gettext_lazy("用途"), help=gettext_lazy("例如：办公系统待办同步。")),
        Param("url", "text", gettext_lazy("接收地址"), help=gettext_lazy("须为 https，且从公网可以访问。")),
        Param("kinds", "fields", gettext_lazy("推送的事项"), choices=_kinds),
    )


def _kinds() -> list[tuple[str, Any]]:
    """Each step in words: 申报 · 退回修改."""
    return [
        (f"{resource.kind}.{verb}", f"{resource.model._meta.verbose_name} · {_label(resource, verb)}")
        for resource in RESOURCES
        if resource.steps
        for verb in (*resource.begins_with, *resource.steps)
    ]


def _label(resource: Any, verb: str) -> Any:
    return resource.steps[verb].label if verb in resource.steps else _("新建")
