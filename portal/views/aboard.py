"""Coming aboard, before there is an account: register a firm, ask after it, use a one-time code. Nobody has signed in here."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common.errors import DomainError, Invalid, Problem
from common.steps import Param
from organisations import codes, registering
from organisations.clock import now
from organisations.entering import read
from organisations.models import AccessCode, Registration
from portal.inputs import draw, unplaced
from portal.page import render

CODE = Param("code", "text", _("查询码或一次性代码"), help=_("十二位，例如 K7MQ-2ZPD-8RTW。"))
PASSWORD = (Param("password", "secret", _("新密码")), Param("again", "secret", _("再输入一次")))
USERNAME = Param("username", "text", _("用户名"), help=_("登录时使用，可用手机号或拼音。"))


@never_cache
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """The claim of a firm. A refusal keeps what was typed; the query code is told once, in the answer."""
    if request.method != "POST":
        return _form(request, "register", registering.PARAMS)
    try:
        values = read(registering.PARAMS, request.POST)
        papers = {name: request.FILES.get(name) for name, _label in registering.PAPERS}
        row, text = registering.register(values, papers, at=now())
    except DomainError as error:
        return _form(request, "register", registering.PARAMS, error=error)
    return render(request, "portal/aboard/registered.html", {"row": row, "text": text})


@never_cache
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """How far a claim is, by its query code."""
    if request.method != "POST":
        return _form(request, "ask", (CODE,))
    try:
        row = _claimed(request)
    except DomainError as error:
        return _form(request, "ask", (CODE,), error=error)
    context = {"row": row, "may_join": row.state == Registration.State.ADMITTED, "text": request.POST["code"]}
    return render(request, "portal/aboard/asked.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Use a one-time code: first the code alone, then a name to sign in with and a password."""
    if request.method != "POST":
        return _form(request, "join", (CODE,))
    code: AccessCode | None = None
    try:
        code = codes.find(request.POST.get("code", ""), address=_address(request), at=now())
        if "password" not in request.POST:
            return _choose(request, code)
        values = read(_chosen(code), request.POST)
        if values["password"] != values.pop("again"):
            raise Invalid([Problem("again", "differs", _("两次输入的密码不一致。"), _("请重新输入。"))])
        codes.redeem(code, at=now(), **values)
    except DomainError as error:
        return _choose(request, code, error=error) if code else _form(request, "join", (CODE,), error=error)
    return redirect("sign-in")


def _claimed(request: HttpRequest) -> Registration:
    """Guessing is counted as with any code."""
    text = read((CODE,), request.POST)["code"]
    row = registering.find(text)
    if row is None:
        codes.find("", address=_address(request), at=now())  # raises: a wrong code, or too many of them
    assert row is not None
    return row


def _chosen(code: AccessCode) -> tuple[Param, ...]:
    return PASSWORD if code.user_id else (USERNAME, *PASSWORD)


def _choose(request: HttpRequest, code: AccessCode, *, error: DomainError | None = None) -> HttpResponse:
    typed = request.POST if error else None
    problems = error.problems if error else ()
    context = {
        "code": code,
        "text": request.POST["code"],
        "fields": draw(_chosen(code), prefix="join", typed=typed, problems=problems),
        "error": error,
        "loose": unplaced(_chosen(code), problems),
    }
    return render(request, "portal/aboard/choose.html", context, status=error.status if error else 200)


def _form(request: HttpRequest, name: str, params: tuple[Param, ...], *, error: DomainError | None = None) -> HttpResponse:
    problems = error.problems if error else ()
    papers = [(paper, label, [problem for problem in problems if problem.field == paper]) for paper, label in registering.PAPERS]
    placed = {paper for paper, _label in registering.PAPERS}
    context: dict[str, Any] = {
        "fields": draw(params, prefix=name, typed=request.POST if error else None, problems=problems),
        "papers": papers,
        "error": error,
        "loose": [problem for problem in unplaced(params, problems) if problem.field not in placed],
    }
    return render(request, f"portal/aboard/{name}.html", context, status=error.status if error else 200)


def _address(request: HttpRequest) -> str:
    return request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104 -- where a server hands on no address, all are counted together
