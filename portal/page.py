"""What every page carries beside its own content (the menu, the day, whether the calendar knows this year), and what every form sent does once."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib import messages
from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as django_render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django_htmx.http import HTMX_STOP_POLLING

from common.errors import DomainError, Invalid, Problem
from common.models import CalendarException
from organisations.actors import Person
from organisations.clock import now
from organisations.idempotency import Answer, answer_once
from organisations.paging import COUNTED, PickingPaginator, counted, told
from portal import nav

Made = TypeVar("Made")

ROWS = 50
ID_DIGITS = 18  # no row has a longer number
CLOCKS_AHEAD = dt.timedelta(days=30)  # how far the due days of clocks begun today may lie


def render(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, by: Person | None = None, status: int = 200
) -> HttpResponse:
    """Render a full page for `by`, or for nobody (sign-in, error pages)."""
    today = timezone.localdate(by.at if by else now())
    shared = {
        "by": by,
        "menu": nav.entries(by) if by else (),
        "here": nav.here(by, request.path) if by else "",
        "today": today,
        "missing_years": _missing_years(today) if by else (),
    }
    return django_render(request, template, shared | dict(context or {}), status=status)


def _missing_years(today: dt.date) -> list[int]:
    """Years without a notice that clocks of today run into."""
    years = {today.year, (today + CLOCKS_AHEAD).year}
    known = CalendarException.objects.filter(day__year__in=years).order_by("day__year").values_list("day__year", flat=True).distinct()
    return sorted(years.difference(known))


def once(request: HttpRequest, by: Person, act: Callable[[], Answer]) -> Any:
    """What `act` answers to a form; sent again from the same page it is not done again. Raises what `act` and `answer_once` raise."""
    sent = {name: request.POST.getlist(name) for name in request.POST if name != "csrfmiddlewaretoken"}
    _status, answer = answer_once(by=by, at=by.at, route=request.path, key=request.POST.get("once", ""), body=sent, act=act)
    return answer


def made_once(request: HttpRequest, by: Person, make: Callable[[], tuple[Made, dict[str, int]]]) -> Made | None:
    """What is shown in the answer that made it and kept nowhere; None where the form was sent before. `make` also says what is kept."""
    made: list[Made] = []

    def act() -> Answer:
        thing, kept = make()
        made.append(thing)
        return 200, kept

    once(request, by, act)
    return made[0] if made else None


def attached(content: bytes, *, name: str, content_type: str = "application/octet-stream") -> HttpResponse:
    """To be saved under its own name: no browser runs or shows it inside the site."""
    answer = HttpResponse(content, content_type=content_type)
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return answer


def number_in(text: str) -> int | None:
    """The number of a row or of a version as an address or a form says it; None where it is none that a row could have."""
    return int(text) if text.isdecimal() and len(text) <= ID_DIGITS else None


def seen_in(request: HttpRequest) -> int:
    """The version of the row that the form was drawn from."""
    seen = number_in(request.POST.get("seen", ""))
    if seen is None:
        raise Invalid([Problem("seen", "required", _("表单缺少版本号。"), _("请刷新页面后重试。"))])
    return seen


def take_uploads(request: HttpRequest, take: Callable[[Any], Any]) -> None:
    """Each file that was sent, taken or refused by itself, and said so."""
    chosen = request.FILES.getlist("upload")
    for upload in chosen:
        try:
            row = take(upload)
        except DomainError as error:
            messages.error(request, _("“%(name)s”未上传：%(why)s") % {"name": upload.name, "why": error})
        else:
            messages.success(request, _("已上传：%(name)s") % {"name": row.name})
    if not chosen:
        messages.error(request, _("没有选择文件。"))


def polled(request: HttpRequest, template: str, context: Mapping[str, Any], *, by: Person) -> HttpResponse:
    """A part asked for again and again while `context["is_running"]`; then polling stops and the page is loaded anew."""
    answer = render(request, template, context, by=by)
    if not context["is_running"]:
        answer.status_code = HTMX_STOP_POLLING
        answer["HX-Refresh"] = "true"
    return answer


def page_of(
    rows: QuerySet[Any] | list[Any], request: HttpRequest, *, size: int = ROWS, found: int | None = None, most: int = COUNTED
) -> Page[Any]:
    """One page of a list, by `?page=`; nonsense shows the first. `found`: how many rows there are, where a tab has counted them."""
    return PickingPaginator(rows, size, found=found, most=most).get_page(request.GET.get("page"))


@dataclass(frozen=True)
class Tab:
    """One filter of a list: its value in the address, its label, how many rows it holds."""

    value: str
    label: Any
    rows: int
    current: bool
    most: int = COUNTED

    @property
    def told(self) -> str:
        return told(self.rows, most=self.most)


def tabs_of(
    rows: QuerySet[Any],
    choices: Sequence[tuple[str, Any, Sequence[Any]]],
    request: HttpRequest,
    *,
    by: str = "state",
    most: int = COUNTED,
) -> tuple[list[Tab], Tab, QuerySet[Any]]:
    """The tabs over a list, the one that `?state=` names (else the first), and its rows. Each choice: value, label, the states it shows."""
    shown = {value: rows.filter(**{f"{by}__in": states}) for value, _label, states in choices}
    wanted = request.GET.get("state", "")
    wanted = wanted if wanted in shown else choices[0][0]
    tabs = [Tab(value, label, counted(shown[value], most=most), current=value == wanted, most=most) for value, label, _states in choices]
    return tabs, next(tab for tab in tabs if tab.current), shown[wanted]
