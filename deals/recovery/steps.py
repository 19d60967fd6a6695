"""追回, step by step: a doubt, the bank's explanation and the firm's statement, the finding, the decision by document, or all cleared.

From the doubt on nothing more is booked or paid of the scheme on this loan. A decision takes back what was paid (`parts`), withholds
what was not, and bars the firm for a time. What comes back is in `receipts`.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.money import format_yuan
from common.steps import lock, record, take
from common.workdays import due_at, load_calendar
from deals.clocks import EXPLAIN, PAY_BACK, Clock, day, end_of, start, stop
from deals.models import Deal, Drawdown, Recovery, SubsidyClaim
from deals.recovery import parts
from deals.recovery.models import RecoveryPart
from deals.recovery.states import RECOVERY_STEPS, may_raise
from deals.states import interested_in
from deals.subsidies import accrual, claims
from deals.subsidies.offices import Offices
from deals.subsidies.states import OPEN
from organisations import policy
from organisations.actors import Person, system
from organisations.models import FirmBar, Unit
from schemes.models import Scheme, SchemeVersion

R = Recovery.State
Scope = SchemeVersion.ClawbackScope
BAR = "recovery"
RELATED = ("scheme", "office__organisation", "deal__firm", "deal__filing", "deal__branch__organisation", "deal__branch__bank")


def loaded(recovery: Recovery) -> Recovery:
    """With all that permissions and steps read."""
    return Recovery.objects.select_related(*RELATED).get(pk=recovery.pk)


def raise_doubt(deal: Deal, *, scheme: str, reason: str, suspended_from: dt.date, by: Person, at: dt.datetime) -> Recovery:
    """Accrual stops from that day on, the bank explains in time. `scheme` is its code. The same doubt again is the same row."""
    if not may_raise(deal.province, by):
        raise NotAllowed(_("资金用途存疑由财政、主管部门或人民银行提出。"))
    deal = Deal.objects.select_related("filing__project__region", "firm", "branch__organisation", "branch__bank").get(pk=deal.pk)
    if interested_in(deal, by):
        raise NotAllowed(_("您已申报与此件当事方存在利益关系，须回避。"), code="recused")
    with transaction.atomic():
        subsidy = Scheme.objects.get(code=scheme)
        _lock(deal.pk, subsidy.pk)
        problems = list(_doubt_problems(deal, reason, suspended_from, at=at))
        if problems:
            raise Invalid(problems)
        known = Recovery.objects.filter(deal=deal, scheme=subsidy).exclude(state__in=Recovery.ENDED).first()
        if known is not None:
            if known.state == R.DOUBT and (known.reason, known.suspended_from) == (reason.strip(), suspended_from):
                return known
            raise Conflict(_("该笔贷款已有未办结的追回事项。"), code="already_in_doubt", remedy=_("请在原事项中继续办理。"))
        due = due_at(at, days=policy.number("recovery_explain_days", province=deal.province, on=day(at)), calendar=load_calendar())
        row = Recovery.objects.create(
            deal=deal,
            scheme=subsidy,
            office=_office(subsidy, deal),
            state=R.DOUBT,
            reason=reason.strip(),
            suspended_from=suspended_from,
            due_on=day(due),
            raised_by_id=by.user_id,
            province=deal.province,
        )
        record(row, "doubt", by=by, at=at, note=row.reason, changes={"suspended_from": [None, suspended_from.isoformat()]})
        start([Clock(row, EXPLAIN, deal.branch.organisation_id, due)], at=at)
    return row


def explain(recovery: Recovery, *, explanation: str, by: Person, at: dt.datetime, seen: int, note: str = "") -> Recovery:
    with transaction.atomic():
        row = _take(recovery, "explain", by=by, at=at, seen=seen, note=note, changes={"explanation": explanation})
        stop([row], EXPLAIN, at=at)
    return row


def state(recovery: Recovery, *, statement: str, by: Person, at: dt.datetime, seen: int, note: str = "") -> Recovery:
    """The firm is heard as well."""
    return _take(recovery, "state", by=by, at=at, seen=seen, note=note, changes={"statement": statement})


def find(
    recovery: Recovery,
    *,
    finding: str,
    by: Person,
    at: dt.datetime,
    seen: int,
    drawdown: int | None = None,
    diverted_amount: Decimal | None = None,
    diverted_from: dt.date | None = None,
    note: str = "",
) -> Recovery:
    """The office finds that money was put to another use, having heard the bank, or waited for it in vain. `drawdown`: its number."""
    touched = Drawdown.objects.filter(deal=recovery.deal_id, number=drawdown).first() if drawdown is not None else None
    changes = {
        "finding": finding,
        "found_by_id": by.user_id,
        "drawdown": touched,
        "diverted_amount": diverted_amount,
        "diverted_from": diverted_from,
    }

    def problems(row: Recovery) -> Iterable[Problem]:
        if row.state == R.DOUBT and row.due_on is not None and day(at) <= row.due_on:
            yield Problem("", "not_heard", _("银行的说明期限未到。"), _("请在收到说明或 %(day)s 之后认定。") % {"day": row.due_on})
        if drawdown is not None and touched is None:
            yield Problem("drawdown", "unknown", _("没有第 %(n)s 笔提款。") % {"n": drawdown}, _("请按提款明细填写笔次。"))
        yield from _diverted_problems(touched, diverted_amount, diverted_from)

    with transaction.atomic():
        row = _take(recovery, "find", by=by, at=at, seen=seen, note=note, changes=changes, also=problems)
        stop([row], EXPLAIN, at=at)
    return row


def clear(recovery: Recovery, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Recovery:
    """There was nothing in it: what was due all along is booked at once."""
    with transaction.atomic():
        row = _take(recovery, "clear", by=by, at=at, seen=seen, note=note)
        stop([row], EXPLAIN, at=at)
        accrual.accrue(row.deal, until=day(at), by=system(at), at=at)
    return row


def decide(
    recovery: Recovery,
    *,
    document_no: str,
    decided_on: dt.date,
    pay_by: dt.date,
    by: Person,
    at: dt.datetime,
    seen: int,
    scope: str = "",
    amount: Decimal | None = None,
    note: str = "",
) -> Recovery:
    """By whoever did not find it: what was paid is to be paid back, what was not paid is withheld, the firm is barred for a time."""
    with transaction.atomic():
        _lock(recovery.deal_id, recovery.scheme_id)
        row = loaded(recovery)
        row.scope = scope or parts.scope_of(row)
        lacking = list(_scope_problems(row))
        found = parts.reckon(row, at=at) if not lacking else parts.Reckoning((), None)
        whole = found.amount
        if amount is not None and 0 <= amount < whole:
            found = found.scaled_to(amount)

        def problems(_row: Recovery) -> Iterable[Problem]:
            yield from lacking
            yield from _decision_problems(document_no, decided_on, pay_by, on=day(at))
            if not lacking and amount is not None and not 0 <= amount <= whole:
                yield _beyond("amount", amount, whole)
            elif amount is not None and amount < whole and not note.strip():
                yield Problem(
                    "note", "required", _("应追回金额少于计算的 %(whole)s 元。") % {"whole": format_yuan(whole)}, _("请写明理由。")
                )

        changes = {
            "scope": row.scope,
            "amount": found.amount,
            "document_no": document_no.strip(),
            "decided_on": decided_on,
            "pay_by": pay_by,
            "reckoned_to": found.reckoned_to,
        }
        take(RECOVERY_STEPS, "decide", row, by=by, at=at, seen=seen, note=note, changes=changes, also=problems)
        RecoveryPart.objects.bulk_create(found.parts)
        _withhold(row, by=by, at=at)
        _bar(row)
        if row.amount:
            start([Clock(row, PAY_BACK, row.payer.pk, end_of(pay_by))], at=at)
        end_if_complete(row, at=at)
        accrual.accrue(row.deal, until=day(at), by=system(at), at=at)  # what the decision leaves untouched goes on
    return row


def refer(recovery: Recovery, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Recovery:
    """To discipline, police or court; what comes back is still recorded here."""
    return _take(recovery, "refer", by=by, at=at, seen=seen, note=note)


def end_if_complete(row: Recovery, *, at: dt.datetime) -> None:
    """Nothing is left to come back."""
    if row.amount == row.recovered:
        take(RECOVERY_STEPS, "close", row, by=system(at), at=at, seen=row.version)
        stop([row], PAY_BACK, at=at)


def _take(recovery: Recovery, verb: str, **how: Any) -> Recovery:
    with transaction.atomic():
        _lock(recovery.deal_id, recovery.scheme_id)
        row: Recovery = take(RECOVERY_STEPS, verb, loaded(recovery), **how)
    return row


def _lock(deal: int, scheme: int) -> None:
    """The deal and the scheme's claims on it, before the recovery itself."""
    lock(Deal.objects.filter(pk=deal))
    lock(SubsidyClaim.objects.filter(deal=deal, scheme=scheme))


def _office(scheme: Scheme, deal: Deal) -> Unit:
    """Who decides the scheme's claims; of money decided outside, the province's finance office keeps the record."""
    offices = Offices([deal.province])
    office = offices.of(scheme, deal) or offices.provincial.get(deal.province)
    if office is None:
        raise Conflict(_("本省没有登记财政部门。"), code="no_office", remedy=_("请先登记省级财政部门。"))
    return office


def _withhold(row: Recovery, *, by: Person, at: dt.datetime) -> None:
    open_ = SubsidyClaim.objects.filter(deal=row.deal_id, scheme=row.scheme_id, state__in=OPEN).order_by("pk")
    claims.lessen(list(open_), by=by, at=at)


def _bar(row: Recovery) -> None:
    days = policy.number("recovery_bar_days", province=row.province, on=row.decided_on)
    FirmBar.objects.create(
        firm=row.deal.firm,
        kind=BAR,
        reason=str(_("贷款资金挪用，贴息被追回")),
        source=row.document_no,
        valid_from=row.decided_on,
        valid_to=row.decided_on + dt.timedelta(days=days),
        province=row.province,
    )


def _doubt_problems(deal: Deal, reason: str, suspended_from: dt.date, *, at: dt.datetime) -> Iterable[Problem]:
    first = Drawdown.objects.filter(deal=deal).order_by("drawn_on").values_list("drawn_on", flat=True).first()
    if not reason.strip():
        yield Problem("reason", "required", _("请填写事由。"), _("银行和企业将看到这段文字。"))
    if first is None:
        yield Problem("deal", "not_drawn", _("该笔贷款尚未放款。"), _("没有放款就没有贴息。"))
    elif not first <= suspended_from <= day(at):
        yield Problem(
            "suspended_from",
            "out_of_range",
            _("暂停日期须在首笔放款 %(first)s 与今天之间。") % {"first": first},
            _("请填写疑点发生之日。"),
        )


def _diverted_problems(drawdown: Drawdown | None, amount: Decimal | None, since: dt.date | None) -> Iterable[Problem]:
    if (amount is None) != (since is None) or (amount is not None and drawdown is None):
        yield Problem("diverted_amount", "incomplete", _("挪用的提款、金额和日期须一并填写。"), _("请补齐三项，或都不填。"))
    elif drawdown is not None and amount is not None and since is not None:
        if not 0 < amount <= drawdown.amount:
            yield _beyond("diverted_amount", amount, drawdown.amount)
        if since < drawdown.drawn_on:
            yield Problem("diverted_from", "out_of_range", _("挪用日期早于该笔放款。"), _("请核对日期。"))


def _scope_problems(row: Recovery) -> Iterable[Problem]:
    needs: Mapping[str, tuple[Any, ...]] = {
        Scope.AFFECTED_DRAWDOWN: (row.drawdown_id,),
        Scope.DIVERTED_PART: (row.drawdown_id, row.diverted_amount),
    }
    if row.scope not in Scope.values or any(value is None for value in needs.get(row.scope, ())):
        yield Problem("scope", "not_found", _("认定中没有写明涉事提款或挪用金额，不能按此范围追回。"), _("请按整笔贷款追回，或重新认定。"))


def _decision_problems(document_no: str, decided_on: dt.date, pay_by: dt.date, *, on: dt.date) -> Iterable[Problem]:
    if not document_no.strip():
        yield Problem("document_no", "required", _("请填写决定文号。"), _("没有文号的决定不能登记。"))
    if decided_on > on:
        yield Problem("decided_on", "in_future", _("决定日期晚于今天。"), _("请按文件填写。"))
    if pay_by < decided_on:
        yield Problem("pay_by", "before_decision", _("缴回期限早于决定日期。"), _("请按文件填写。"))


def _beyond(field: str, amount: Decimal, most: Decimal) -> Problem:
    told = {"amount": format_yuan(amount), "most": format_yuan(most)}
    return Problem(field, "out_of_range", _("金额 %(amount)s 元须大于 0 且不超过 %(most)s 元。") % told, _("请核对金额。"))
