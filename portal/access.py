"""Who is asking: every page is for a signed-in person, and is handed that person as an actor."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from common.errors import DomainError
from organisations.acting import acting
from organisations.actors import BANK_ROLES, FIRM_ROLES, REVIEW_ROLES, Person
from organisations.models import Role, Unit

Page = Callable[..., HttpResponseBase]


def signed_in(view: Page) -> Page:
    """Load the person once (two queries) and hand them to the view; a refusal nobody caught becomes a page."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        by = acting(request)
        try:
            return view(request, by, *args, **kwargs)
        except DomainError as error:
            from portal.views.errors import refused  # noqa: PLC0415 -- the error pages use this module too

            return refused(request, error)

    return guarded


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """A whole page goes to the sign-in; a part of one says so, lest what is typed on it be lost."""
    if request.htmx:  # type: ignore[attr-defined]  # its middleware
        return HttpResponse(_("登录已过期，尚未保存。请在新窗口重新登录后，回到本页再保存。"), status=401)
    return redirect_to_login(request.get_full_path())


def require(holds: bool) -> None:  # noqa: FBT001 -- reads as a sentence: require(is_reviewer(by))
    if not holds:
        raise PermissionDenied


def is_firm(by: Person) -> bool:
    return any(seat.role in FIRM_ROLES for seat in by.seats)


def is_bank(by: Person) -> bool:
    return any(seat.role in BANK_ROLES for seat in by.seats)


def is_reviewer(by: Person) -> bool:
    """Someone of a line department's unit, at any tier."""
    return any(seat.role in REVIEW_ROLES and seat.line in (Unit.Line.INDUSTRY, Unit.Line.NDRC) for seat in by.seats)


def is_provincial(by: Person) -> bool:
    return any(
        seat.role in REVIEW_ROLES and seat.line in (Unit.Line.INDUSTRY, Unit.Line.NDRC) and seat.unit_kind == Unit.Kind.PROVINCE
        for seat in by.seats
    )


def is_finance(by: Person) -> bool:
    return any(seat.line == Unit.Line.FINANCE for seat in by.seats)


def sees_filings(by: Person) -> bool:
    """Whoever reviews in a line department or reads in one, at any tier, or looks at a province as a whole."""
    reads = any(seat.role == Role.READER and seat.line in (Unit.Line.INDUSTRY, Unit.Line.NDRC) for seat in by.seats)
    return reads or is_reviewer(by) or oversees(by)


def oversees(by: Person) -> bool:
    """Provincial offices, the province's auditors and readers: whoever looks at a province as a whole. A county's reader does not."""
    return bool(provinces_of(by))


def provinces_of(by: Person) -> frozenset[str]:
    """The provinces whose rounds, budgets and appetite this person reads."""
    return by.provinces_overseen
