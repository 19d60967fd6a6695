"""接口令牌: the administrator of an organisation lets its machines in and out. A token's text is shown in the answer that made it, once."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from common.errors import DomainError, Invalid, Problem
from common.steps import Param
from exchange.api import RESOURCES, SCOPES
from exchange.inbox import set_robot
from exchange.models import GroupRobot
from organisations import tokens
from organisations.actors import Person
from organisations.entering import read
from organisations.models import Organisation, Token
from organisations.resources import scopes_of
from organisations.tokens import Issued
from portal.access import require, signed_in
from portal.inputs import draw, unplaced
from portal.page import made_once, render

DAYS = "180"
DOES = {"read": pgettext_lazy("scope", "读取"), "write": pgettext_lazy("scope", "办理")}
ROBOT = (
    Param(
        "url",
        "text",
        gettext_lazy("机器人地址"),
        required=False,
        help=gettext_lazy("企业微信群机器人的 Webhook 地址；留空即停用。只推送件数和链接。"),
    ),
)


@signed_in
def index(request: HttpRequest, by: Person) -> HttpResponse:
    """The tokens there are, and a form for one more."""
    require(bool(by.administers))
    return page(request, by)


@require_POST
@signed_in
def issue(request: HttpRequest, by: Person) -> HttpResponse:
    """Shows the text of the new token: the stored answer of a repeated form does not hold it."""
    require(bool(by.administers))

    def make() -> tuple[Issued, dict[str, int]]:
        values = read(_params(by), request.POST)
        organisation = organisation_of(by, values.pop("organisation", None))
        issued = tokens.issue(organisation, known=SCOPES, by=by, at=by.at, **values)
        return issued, {"token": issued.token.pk}

    try:
        issued = made_once(request, by, make)
    except DomainError as error:
        return page(request, by, error=error)
    return page(request, by, issued=issued) if issued else redirect("tokens")


@require_POST
@signed_in
def revoke(request: HttpRequest, by: Person, pk: int) -> HttpResponse:
    token = tokens.revoke(get_object_or_404(Token.objects.visible_to(by), pk=pk), by=by, at=by.at)
    messages.success(request, _("令牌“%(name)s”已撤销。") % {"name": token.name})
    return redirect("tokens")


@require_POST
@signed_in
def robot(request: HttpRequest, by: Person) -> HttpResponse:
    """The robot of the administrator's own unit."""
    require(bool(by.administers))
    try:
        made = set_robot(organisation_of(by), url=read(ROBOT, request.POST).get("url", ""), by=by, at=by.at)
    except DomainError as error:
        return page(request, by, robot_error=error)
    messages.success(request, _("群机器人已启用。") if made else _("群机器人已停用。"))
    return redirect("tokens")


def page(
    request: HttpRequest,
    by: Person,
    *,
    issued: Issued | None = None,
    error: DomainError | None = None,
    robot_error: DomainError | None = None,
) -> HttpResponse:
    problems = error.problems if error else ()
    params = _params(by)
    own = GroupRobot.objects.visible_to(by).filter(is_active=True).first()
    context = {
        "rows": Token.objects.visible_to(by).select_related("membership__organisation", "issued_by").order_by("revoked_at", "-pk"),
        "fields": draw(params, prefix="token", typed=request.POST if error else None, problems=problems, likely={"days": DAYS}),
        "loose": unplaced(params, problems),
        "issued": issued,
        "error": error,
        "robot": own,
        "robot_fields": draw(
            ROBOT,
            prefix="robot",
            typed=request.POST if robot_error else None,
            problems=robot_error.problems if robot_error else (),
            likely={"url": own.url if own else ""},
        ),
    }
    failed = error or robot_error
    return render(request, "portal/machine/tokens.html", context, by=by, status=failed.status if failed else 200)


def organisation_of(by: Person, chosen: str | None = None) -> Organisation:
    """The one named among those the person administers, or the only one."""
    rows = Organisation.objects.filter(pk__in=by.administers).order_by("pk")
    found = next((row for row in rows if chosen in (None, str(row.pk))), None)
    if found is None:
        raise Invalid([Problem("organisation", "unknown_choice", _("请选择机构。"))])
    return found


def organisation_params(by: Person) -> tuple[Param, ...]:
    """Asked for only where there is a choice."""
    if len(by.administers) < 2:
        return ()
    choices = Organisation.objects.filter(pk__in=by.administers).order_by("pk")
    return (Param("organisation", "choice", gettext_lazy("机构"), choices=lambda: [(str(row.pk), row.name) for row in choices]),)


def _params(by: Person) -> tuple[Param, ...]:
    return (
        *organisation_params(by),
        Param("name", "text", gettext_lazy("用途"), help=gettext_lazy("例如：信贷系统对接。审计记录以此显示。")),
        Param("days", "integer", gettext_lazy("有效期（天）"), help=gettext_lazy("至多 366 天，到期自动失效。")),
        Param("scopes", "fields", gettext_lazy("权限"), help=gettext_lazy("够用即可；政府部门的令牌只能读取。"), choices=_scopes),
    )


def _scopes() -> list[tuple[str, Any]]:
    return [
        (scope, f"{DOES[scope.partition(':')[0]]}{resource.model._meta.verbose_name}")
        for resource in RESOURCES
        for scope in scopes_of(resource)
    ]
