"""人员管理: an owner's clerks, a unit's staff, a bank's people: let in by a one-time code, helped with a password, let go."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from common.errors import DomainError
from common.steps import Param
from organisations import staff
from organisations.actors import Person
from organisations.codes import Issued
from organisations.entering import read
from organisations.models import Membership, Organisation, Role
from portal.access import require, signed_in
from portal.inputs import draw, unplaced
from portal.page import page_of, render

ACTS: Mapping[str, tuple[Any, Callable[..., Any]]] = {
    "reset": (_("重设密码"), staff.reset),
    "leave": (_("停用岗位"), staff.leave),
    "lock": (_("锁定账号"), staff.lock),
    "unlock": (_("解除锁定"), staff.unlock),
    "hand-over": (_("移交负责人"), lambda seat, *, by, at: staff.hand_over(seat.organisation, to=seat, by=by, at=at)),
}


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """The people one looks after, and a form for one more."""
    require(bool(staff.lets_in(by)))
    return _page(request, by)


@require_POST
@signed_in
def invite(request: HttpRequest, by: Person) -> HttpResponse:
    """The code is told once, in the answer: it is nowhere else."""
    require(bool(staff.lets_in(by)))
    try:
        values = read(_params(by), request.POST)
        place, _colon, role = values.pop("seat").partition(":")
        issued = staff.invite(Organisation.objects.get(pk=int(place)), role=role, by=by, at=by.at, **values)
    except DomainError as error:
        return _page(request, by, error=error)
    return _page(request, by, issued=issued)


@require_POST
@signed_in
def act(request: HttpRequest, by: Person, pk: int, act: str) -> HttpResponse:
    if act not in ACTS:
        raise Http404
    seat = get_object_or_404(staff.people(by), pk=pk)
    label, do = ACTS[act]
    try:
        done = do(seat, by=by, at=by.at)
    except DomainError as error:
        return _page(request, by, error=error)
    if isinstance(done, Issued):
        return _page(request, by, issued=done)
    messages.success(request, _("已办理“%(act)s”：%(person)s。") % {"act": label, "person": seat.user})
    return redirect("people")


def _page(request: HttpRequest, by: Person, *, issued: Issued | None = None, error: DomainError | None = None) -> HttpResponse:
    params, problems = _params(by), error.problems if error else ()
    rows = page_of(staff.people(by).order_by("organisation_id", "valid_to", "pk"), request)
    today = timezone.localdate(by.at)
    owned = {seat.organisation_id for seat in by.seats if seat.role == Role.FIRM_OWNER}
    for row in rows:
        row.is_over = row.valid_to is not None and row.valid_to < today
        row.acts = [(name, ACTS[name][0]) for name in _offered(row, by, owned)]
    context = {
        "page": rows,
        "fields": draw(params, prefix="invite", typed=request.POST if error and "seat" in request.POST else None, problems=problems),
        "loose": unplaced(params, problems),
        "issued": issued,
        "error": error,
    }
    return render(request, "portal/aboard/people.html", context, by=by, status=error.status if error else 200)


def _offered(row: Membership, by: Person, owned: set[int]) -> list[str]:
    if row.user_id == by.user_id or getattr(row, "is_over", False):
        return []
    handed = ["hand-over"] if row.organisation_id in owned and row.role == Role.FIRM_CLERK and not row.engagement else []
    return [*handed, "reset", "lock" if row.user.is_active else "unlock", "leave"]


def _params(by: Person) -> tuple[Param, ...]:
    return (
        Param("seat", "code", _("岗位"), choices=lambda: _seats(by)),
        Param("name", "text", _("姓名")),
        Param("valid_to", "date", _("岗位截止"), required=False, help=_("代办人员必填，至多一年；本单位人员可不填。")),
        Param("engagement", "text", _("代办授权"), required=False, help=_("代办机构名称与授权书编号；不是代办的不填。")),
    )


def _seats(by: Person) -> list[tuple[str, Any]]:
    own = staff.lets_in(by)
    names = dict(Organisation.objects.filter(pk__in=own).values_list("pk", "name"))
    return [
        (f"{place}:{role}", f"{names[place]} · {label}") for place, filled in own.items() for role, label in Role.choices if role in filled
    ]
