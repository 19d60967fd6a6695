"""Whether banks answer, how soon, and why they say no. Response and refusal are told apart: a reasoned no lowers no rank.

The first answer is the first contact, the intent or the refusal, whichever came first. What was taken back before the bank's time was up
says nothing of the bank and is counted as sent only.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, F
from django.utils.translation import gettext_lazy as _

from common.models import AuditEvent, CalendarException
from deals.models import Deal, Invitation
from deals.monitoring.scope import Scope
from lenders.models import Bank

ANSWERS = ["view", "accept", "decline"]
Numbers = tuple[int, int, int, int, int, Decimal | None]
ENDED_UNANSWERED = [Invitation.State.OPEN, Invitation.State.EXPIRED]

KINDS: Mapping[str, Any] = {  # of reasons: what a line department is told of a refusal
    "need": _("需求或条件未达成一致"),
    "financials": _("现金流或负债"),
    "security": _("担保不足"),
    "credit": _("信用记录"),
    "papers": _("材料不全"),
    "project": _("前期条件不具备"),
    "policy": _("准入限制或须回避"),
    "capacity": _("区域、权限或额度"),
    "contact": _("联系不上企业"),
    "other": _("其他原因"),
}

ANSWERED = """
WITH seen AS ({seen}),
sent AS (
    SELECT invitation.id, branch.bank_id, invitation.sent_at, invitation.state,
        COALESCE(invitation.contact_due_at, invitation.expires_at) AS due_at,
        COALESCE(invitation.viewed_at, (
            SELECT MIN(event.at) FROM {events} AS event
            WHERE event.subject = %s AND event.subject_id = invitation.id AND event.verb = ANY(%s)
        )) AS answered_at
    FROM deals_invitation AS invitation JOIN lenders_branch AS branch ON branch.id = invitation.branch_id
    WHERE invitation.id IN (SELECT pk FROM seen)
),
span AS (SELECT MIN(sent_at) AS first, MAX(answered_at) AS last FROM sent),
worked AS (
    SELECT each.day::date AS day,
        SUM((COALESCE(exception.is_working, EXTRACT(ISODOW FROM each.day) < 6))::int) OVER (ORDER BY each.day) AS n
    FROM span CROSS JOIN generate_series(
        (first AT TIME ZONE 'Asia/Shanghai')::date::timestamp, (last AT TIME ZONE 'Asia/Shanghai')::date::timestamp, '1 day'
    ) AS each(day) LEFT JOIN {calendar} AS exception ON exception.day = each.day::date
)
SELECT sent.bank_id, COUNT(*), COUNT(answered_at), COUNT(*) FILTER (WHERE answered_at <= due_at),
    COUNT(*) FILTER (WHERE answered_at > due_at),
    COUNT(*) FILTER (WHERE answered_at IS NULL AND due_at < %s AND sent.state = ANY(%s)),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY ended.n - begun.n) FILTER (WHERE answered_at IS NOT NULL)
FROM sent
LEFT JOIN worked AS begun ON begun.day = (sent_at AT TIME ZONE 'Asia/Shanghai')::date
LEFT JOIN worked AS ended ON ended.day = (answered_at AT TIME ZONE 'Asia/Shanghai')::date
GROUP BY sent.bank_id
"""


@dataclass(frozen=True)
class Row:
    """One bank. `median_days`: working days to its first answer. `refusals`: how many by kind of reason."""

    code: str
    name: str
    sent: int
    answered: int
    in_time: int
    late: int
    silent: int
    median_days: Decimal | None
    refusals: Mapping[str, int]

    @property
    def refused(self) -> int:
        return sum(self.refusals.values())

    @property
    def share_in_time(self) -> float | None:
        """Of those whose time is up or who were answered."""
        due = self.in_time + self.late + self.silent
        return self.in_time / due if due else None

    @property
    def refused_share(self) -> float | None:
        return self.refused / self.answered if self.answered else None

    @property
    def reasons(self) -> list[tuple[Any, int]]:
        return told(self.refusals)


def rows(scope: Scope) -> list[Row]:
    """By bank, the least prompt first; in four queries, whatever their number."""
    found = _answered(scope)
    refusals = _refusals(scope)
    names = _names(found.keys() | refusals.keys())
    none: Numbers = (0, 0, 0, 0, 0, None)
    made = [Row(code, name, *found.get(bank, none), refusals=refusals.get(bank, {})) for bank, (code, name) in names.items()]
    return sorted(made, key=lambda row: (row.share_in_time is None, row.share_in_time or 0, row.code))


def reasons(found: list[Row]) -> list[tuple[Any, int]]:
    """Why all of them together said no."""
    counted = Counter[str]()
    for row in found:
        counted.update(row.refusals)
    return told(counted)


def told(refusals: Mapping[str, int]) -> list[tuple[Any, int]]:
    """In words, the most frequent first."""
    return [(KINDS.get(kind, kind), number) for kind, number in sorted(refusals.items(), key=lambda one: (-one[1], one[0]))]


def _answered(scope: Scope) -> dict[int, Numbers]:
    seen, params = scope.invitations.order_by().values("pk").query.sql_with_params()
    statement = ANSWERED.format(seen=seen, events=AuditEvent._meta.db_table, calendar=CalendarException._meta.db_table)
    at: dt.datetime = scope.by.at
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, Invitation._meta.label_lower, ANSWERS, at, ENDED_UNANSWERED])
        return {
            row[0]: (row[1], row[2], row[3], row[4], row[5], None if row[6] is None else Decimal(str(row[6]))) for row in cursor.fetchall()
        }


def _refusals(scope: Scope) -> dict[int, dict[str, int]]:
    """Of invitations, and of deals that began without one: a deal's refusal is also that of its invitation."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    direct = scope.deals.filter(state=Deal.State.DECLINED, invitation=None)
    for asked in (scope.invitations.filter(state=Invitation.State.DECLINED), direct):
        by_kind = asked.exclude(decline_code=None).order_by().values_list("branch__bank", "decline_code__category")
        for bank, kind, number in by_kind.annotate(n=Count("pk")):
            found[bank][kind] = found[bank].get(kind, 0) + number
    return found


def _names(banks: Any) -> dict[int, tuple[str, str]]:
    rows = Bank.objects.filter(pk__in=list(banks)).annotate(name=F("organisation__name"))
    return {pk: (code, name) for pk, code, name in rows.values_list("pk", "code", "name")}
