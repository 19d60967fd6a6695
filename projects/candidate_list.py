"""From the reserve pool to the candidate list: held, reported, listed or left out, removed, retired.

Sending a listed filing to its named banks is the business of deals (`deals.invitations.list_filing`), which calls this.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.steps import Actor, Crew, Taken, only, take_many
from organisations.models import ReviewReason
from projects import disclosures
from projects.case import ending
from projects.models import Filing
from projects.states import FILING_STEPS

By = Actor | Crew | Mapping[int, Actor]
Seen = Mapping[int, int] | None
LIST_NUMBER_MAX = 60


def report(filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "") -> Filing:
    return only(report_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note))


def report_many(filings: Iterable[Filing], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "") -> list[Taken]:
    """To the ministry; a project without its code cannot be reported."""
    filings = list(filings)
    prefetch_related_objects(filings, "project")
    return take_many(FILING_STEPS, "report", filings, by=by, at=at, seen=seen, note=note)


def hold(filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "") -> Filing:
    return only(hold_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note))


def hold_many(filings: Iterable[Filing], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "") -> list[Taken]:
    """Kept in the pool, and off every list that goes up, until it is released."""
    return take_many(FILING_STEPS, "hold", filings, by=by, at=at, seen=seen, note=note)


def release(filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "") -> Filing:
    return only(release_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note))


def release_many(filings: Iterable[Filing], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "") -> list[Taken]:
    return take_many(FILING_STEPS, "release", filings, by=by, at=at, seen=seen, note=note)


def list_filing(
    filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "", list_number: str = "", listed_on: dt.date | None = None
) -> Filing:
    return only(list_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note, list_number=list_number, listed_on=listed_on))


def list_many(
    filings: Iterable[Filing],
    *,
    by: By,
    at: dt.datetime,
    seen: Seen = None,
    note: str = "",
    list_number: str,
    listed_on: dt.date | None = None,
) -> list[Taken]:
    """Onto the candidate list, with the number of the list that names them."""
    number = list_number.strip()
    listed = {"list_number": number, "listed_on": listed_on or timezone.localdate(at)}
    filings = list(filings)
    return take_many(
        FILING_STEPS,
        "list",
        filings,
        by=by,
        at=at,
        seen=seen,
        note=note,
        also=lambda _filing: _number_problems(number),
        changes={filing.pk: listed for filing in filings},
    )


def leave_out(filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "", code: str = "") -> Filing:
    return only(leave_out_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note, code=code))


def leave_out_many(filings: Iterable[Filing], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "", code: str = "") -> list[Taken]:
    """The ministry's list does not name them; they may be filed again in a later batch."""
    reason = ReviewReason.objects.filter(code=code, verb="leave_out").first() if code else None
    facts = {"reason": code} if reason else {}
    note = note or (reason.sentence if reason else "")
    return take_many(FILING_STEPS, "leave_out", filings, by=by, at=at, seen=seen, note=note, facts=facts)


def remove(filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "") -> Filing:
    return only(remove_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note))


def remove_many(filings: Iterable[Filing], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "") -> list[Taken]:
    """Off the candidate list; banks lose sight of it, except where a deal stands."""

    def close(admitted: Sequence[Filing]) -> dict[int, dict[str, Any]]:
        ending.end(admitted, at=at)
        disclosures.end_many(admitted, at=at)
        return {}

    with transaction.atomic():
        return take_many(FILING_STEPS, "remove", filings, by=by, at=at, seen=seen, note=note, changes=close)


def retire(filing: Filing, *, by: Actor, at: dt.datetime, seen: int, note: str = "") -> Filing:
    return only(retire_many([filing], by=by, at=at, seen={filing.pk: seen}, note=note))


def retire_many(filings: Iterable[Filing], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "") -> list[Taken]:
    """Out of the reserve pool."""
    return take_many(FILING_STEPS, "retire", filings, by=by, at=at, seen=seen, note=note)


def _number_problems(number: str) -> Iterable[Problem]:
    if not number:
        yield Problem("list_number", "required", _("请填写清单批次。"), _("照下发的备选项目清单填写，例如 2026-01。"))
    if len(number) > LIST_NUMBER_MAX:
        message = _("清单批次超过 %(limit)s 个字。") % {"limit": LIST_NUMBER_MAX}
        yield Problem("list_number", "too_long", message, _("请照下发的清单填写。"))
