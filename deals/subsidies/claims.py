"""A deal's subsidy for one interest period on its way to the money, by the channel of its scheme.

firm_reimburse: forecast → filed by the firm → reviewed by the industry office → approved by finance, which holds the budget → settled.
bank_net: forecast → evidence from the branch → decided by the city's finance office, or outside and only recorded here → settled.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Problem
from common.steps import Taken, actor_for, lock, only, record_many, take_many, update_rows
from deals import interest, invoices
from deals.bulk import By, succeeded, voice
from deals.clocks import day
from deals.crosschecks import flags
from deals.loans import loans
from deals.models import AccrualLine, BatchObjection, Recovery, SubsidyClaim
from deals.recovery.suspension import withheld
from deals.subsidies import arranging, caps, carrying
from deals.subsidies.arranging import Ranks, budgets_of
from deals.subsidies.grants import Grants
from deals.subsidies.states import STEPS_OF_CHANNEL
from organisations.actors import Person, system

ZERO = Decimal(0)
C = SubsidyClaim.State
Missing = Callable[[SubsidyClaim], Iterable[Problem]]
GOES_BACK = ("refuse", "drop", "cross_check")
Seen = Mapping[int, int] | None


def file(claim: SubsidyClaim, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> SubsidyClaim:
    """The firm claims what it is entitled to, having paid the interest."""
    return only(file_many([claim], by=by, at=at, seen={claim.pk: seen}, note=note))


def file_many(claims: Sequence[SubsidyClaim], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "") -> list[Taken]:
    return _hand_in("file", claims, by=by, at=at, seen=seen, note=note)


def evidence(claim: SubsidyClaim, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> SubsidyClaim:
    """The branch hands in its evidence: contract, invoices, slips of interest collected."""
    return only(evidence_many([claim], by=by, at=at, seen={claim.pk: seen}, note=note))


def evidence_many(claims: Sequence[SubsidyClaim], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "") -> list[Taken]:
    return _hand_in("evidence", claims, by=by, at=at, seen=seen, note=note)


def review(claim: SubsidyClaim, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> SubsidyClaim:
    return only(review_many([claim], by=by, at=at, seen={claim.pk: seen}, note=note))


def review_many(claims: Sequence[SubsidyClaim], *, by: By, at: dt.datetime, seen: Seen = None, note: str = "") -> list[Taken]:
    """Whoever reviewed does not approve as well. What the cross-checks find is flagged for who approves."""

    def changes(rows: list[SubsidyClaim]) -> dict[int, dict[str, Any]]:
        return {row.pk: {"prepared_by_id": _user(by, row)} for row in rows}

    with transaction.atomic():
        results = _by_channel("review", claims, by=by, at=at, seen=seen, note=note, changes=changes)
        flags.flag(succeeded(results), by=system(at), at=at)
    return results


def cross_check(claim: SubsidyClaim, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> SubsidyClaim:
    """Ask again what the rules find about the claim's drawdowns; what is new is flagged."""
    with transaction.atomic():
        row: SubsidyClaim = only(_by_channel("cross_check", [claim], by=by, at=at, seen={claim.pk: seen}, note=note))
        flags.flag([row], by=by, at=at)
    return row


def approve(claim: SubsidyClaim, *, by: Person, at: dt.datetime, seen: int, note: str = "", fiscal_year: int | None = None) -> SubsidyClaim:
    """The office of the scheme's authority decides; a budget is held. What it cannot cover is cut, with the reason on the claim."""
    return only(approve_many([claim], by=by, at=at, seen={claim.pk: seen}, note=note, fiscal_year=fiscal_year))


def approve_many(
    claims: Sequence[SubsidyClaim],
    *,
    by: By,
    at: dt.datetime,
    seen: Seen = None,
    note: str = "",
    fiscal_year: int | None = None,
    batch: int | None = None,
    ranks: Ranks | None = None,
) -> list[Taken]:
    """`approve` for a list: a budget that does not reach is shared by the scheme's own rule among the claims of the list.

    A claim of a funding batch is approved with it and not by itself.
    """
    year = fiscal_year or day(at).year

    def missing(claim: SubsidyClaim) -> Iterable[Problem]:
        yield from doubts[claim.pk]
        if claim.batch_id != batch:
            yield Problem("", "in_batch", _("该申领已编入资金安排方案，随方案一并安排。"), _("请在方案中办理，或先撤销方案。"))
        if not claim.carried and (longer := before.get((claim.scheme_id, claim.office_id))):
            yield Problem(
                "claims",
                "carried_first",
                _("结转的申领 %(id)s 尚待安排，应优先于其他申领。") % {"id": longer},
                _("请一并安排，或先办理结转的申领。"),
            )
        if claim.scheme.is_discretionary and (claim.scheme_id, year) not in budgets:
            yield Problem(
                "fiscal_year",
                "no_budget",
                _("%(scheme)s没有 %(year)s 年度预算。") % {"scheme": claim.scheme.name, "year": year},
                _("请先登记该年度的预算文件。"),
            )

    def arranged(rows: list[SubsidyClaim]) -> dict[int, dict[str, Any]]:
        return arranging.arranged(rows, budgets, year, ranks=ranks or {}, by=voice(by, at=at), at=at)

    with transaction.atomic():
        budgets, doubts, before = budgets_of(claims), flags.unanswered(claims, at=at), carrying.waiting_longer(claims)
        return _by_channel("approve", claims, by=by, at=at, seen=seen, note=note, also=missing, changes=arranged)


def record(
    claim: SubsidyClaim, *, by: Person, at: dt.datetime, seen: int, amount: Decimal, document_no: str, note: str = ""
) -> SubsidyClaim:
    """What an authority outside decided, recorded as it is: nothing is approved here."""
    results = record_many_decisions(
        [claim], by=by, at=at, amounts={claim.pk: amount}, document_no=document_no, seen={claim.pk: seen}, note=note
    )
    return only(results)


def record_many_decisions(
    claims: Sequence[SubsidyClaim],
    *,
    by: By,
    at: dt.datetime,
    document_no: str,
    amounts: Mapping[int, Decimal] | None = None,
    seen: Seen = None,
    note: str = "",
) -> list[Taken]:
    """`record` for a list; an amount not given is the eligible one."""

    def missing(claim: SubsidyClaim) -> Iterable[Problem]:
        amount = (amounts or {}).get(claim.pk, claim.eligible)
        if not 0 <= amount <= claim.eligible:
            yield _too_much("amount", amount, claim.eligible)
        yield from _document_missing(document_no)

    def changes(rows: list[SubsidyClaim]) -> dict[int, dict[str, Any]]:
        return {
            row.pk: {"arranged": (amounts or {}).get(row.pk, row.eligible), "document_no": document_no.strip(), "fiscal_year": day(at).year}
            for row in rows
        }

    return _by_channel("record", claims, by=by, at=at, seen=seen, note=note, also=missing, changes=changes)


def settle(
    claim: SubsidyClaim,
    *,
    by: Person,
    at: dt.datetime,
    seen: int,
    document_no: str,
    paid: Decimal | None = None,
    note: str = "",
) -> SubsidyClaim:
    """The money went out under a document: posted to the budget on actuals, what is left of the promise freed."""
    amounts = {} if paid is None else {claim.pk: paid}
    return only(settle_many([claim], by=by, at=at, document_no=document_no, paid=amounts, seen={claim.pk: seen}, note=note))


def settle_many(
    claims: Sequence[SubsidyClaim],
    *,
    by: By,
    at: dt.datetime,
    document_no: str,
    paid: Mapping[int, Decimal] | None = None,
    seen: Seen = None,
    note: str = "",
) -> list[Taken]:
    """`settle` for a list; an amount not given is the arranged one, less what a decision withholds of it.

    What the budget could not cover is owed, where the scheme's rule says so: it waits as a claim of its own.
    """
    kept_back = withheld(claim.pk for claim in claims)
    objected = set(BatchObjection.objects.filter(claim__in=claims, state=BatchObjection.State.OPEN).values_list("claim", flat=True))

    doubtful = invoices.unsettled(claims, on=day(at))

    def payable(claim: SubsidyClaim) -> Decimal:
        return (claim.arranged or ZERO) - kept_back.get(claim.pk, ZERO)

    def amount_of(claim: SubsidyClaim) -> Decimal:
        return (paid or {}).get(claim.pk, payable(claim))

    def missing(claim: SubsidyClaim) -> Iterable[Problem]:
        if not 0 <= amount_of(claim) <= payable(claim):
            yield _too_much("paid", amount_of(claim), payable(claim))
        yield from doubtful.get(claim.pk, ())
        if claim.pk in objected:
            yield Problem("", "objected", _("该申领的公示异议尚未处理。"), _("请先处理异议。"))
        yield from _document_missing(document_no)

    def changes(rows: list[SubsidyClaim]) -> dict[int, dict[str, Any]]:
        return {row.pk: {"paid": amount_of(row), "document_no": document_no.strip()} for row in rows}

    with transaction.atomic():
        results = _by_channel("settle", claims, by=by, at=at, seen=seen, note=note, also=missing, changes=changes)
        arranging.post(succeeded(results), budgets_of(claims), by=voice(by, at=at), at=at)
        carrying.carry(succeeded(results), by=voice(by, at=at), at=at)
    return results


def refuse(claim: SubsidyClaim, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> SubsidyClaim:
    return only(_by_channel("refuse", [claim], by=by, at=at, seen={claim.pk: seen}, note=note))


def lessen(claims: Sequence[SubsidyClaim], *, by: Person, at: dt.datetime) -> None:
    """What a decision withholds of claims not yet paid: all of it drops the claim and frees its budget, a part is a cut with its reason.

    The claims are locked. What is approved stays as approved; less is paid of it when it is settled.
    """
    kept_back = withheld(claim.pk for claim in claims)
    gone = [row for row in claims if kept_back.get(row.pk, ZERO) >= (row.eligible if row.arranged is None else row.arranged)]
    cut = [row for row in claims if row not in gone and row.arranged is None and row.pk in kept_back]
    for row in cut:
        row.eligible, decided = caps.beyond_decision(row.eligible, kept_back[row.pk])
        row.cuts, row.version = [*row.cuts, *decided], row.version + 1
    update_rows(cut, ["eligible", "cuts", "version"])
    record_many(cut, "reckon", by=by, at=at)
    drop(gone, by=by, at=at, note="追回决定")


def drop(claims: Sequence[SubsidyClaim], *, by: Person, at: dt.datetime, note: str) -> None:
    """Claims that will not be paid after all; what was held for the approved ones is freed."""
    held = [row for row in claims if row.state == C.APPROVED]
    _by_channel("drop", claims, by=system(at), at=at, note=note)
    arranging.free(held, by=by, at=at, note=note)


def with_deals(claims: Sequence[SubsidyClaim]) -> list[SubsidyClaim]:
    """The same claims with all that permissions and steps read loaded."""
    full = (
        SubsidyClaim.objects.filter(pk__in=[row.pk for row in claims])
        .select_related("deal__firm", "deal__filing__project", "deal__branch__organisation", "deal__branch__bank", "scheme")
        .in_bulk()
    )
    for row in claims:
        if row.pk in full:
            row.deal, row.scheme = full[row.pk].deal, full[row.pk].scheme
    return list(claims)


def _by_channel(verb: str, claims: Sequence[SubsidyClaim], **how: Any) -> list[Taken]:
    """The step in the table of each claim's own channel. Results by channel, then in the order handed in.

    While the loan is in doubt a claim may be refused, and goes no further.
    """
    rows = with_deals(claims)
    results: list[Taken] = []
    with transaction.atomic():
        lock(SubsidyClaim.objects.filter(pk__in=[row.pk for row in rows]))
        if verb not in GOES_BACK:
            how["also"] = _unless_in_doubt(rows, how.pop("also", None))
        for channel, steps in STEPS_OF_CHANNEL.items():
            mine = [row for row in rows if row.scheme.channel == channel]
            if mine:
                results += take_many(steps, verb, mine, **how) if verb in steps else [Taken(row, _no_such_step(row)) for row in mine]
    return results


def _unless_in_doubt(claims: Sequence[SubsidyClaim], also: Missing | None) -> Missing:
    loans_ = {row.deal_id for row in claims}
    doubted = set(Recovery.objects.in_doubt().filter(deal__in=loans_).values_list("deal", "scheme"))

    def missing(claim: SubsidyClaim) -> Iterable[Problem]:
        if (claim.deal_id, claim.scheme_id) in doubted:
            yield Problem("", "in_doubt", _("该笔贷款的资金用途存疑，贴息已暂停办理。"), _("疑点排除或作出追回决定后方可继续。"))
        if also is not None:
            yield from also(claim)

    return missing


def _hand_in(verb: str, claims: Sequence[SubsidyClaim], *, by: By, at: dt.datetime, seen: Seen, note: str) -> list[Taken]:
    """File or evidence: what is eligible is fixed now, within caps and the interest the slips show."""
    if not claims:
        return []
    with transaction.atomic():
        found = _Reckoning(claims, on=day(at))

        def changes(rows: list[SubsidyClaim]) -> dict[int, dict[str, Any]]:
            return {row.pk: found.of(row) | {"prepared_by_id": _user(by, row)} for row in rows}

        return _by_channel(verb, claims, by=by, at=at, seen=seen, note=note, also=found.missing, changes=changes)


class _Reckoning:
    """The claims of some deals with lines, slips and loans, to fix what each is entitled to."""

    def __init__(self, claims: Sequence[SubsidyClaim], *, on: dt.date) -> None:
        rows = with_deals(claims)
        self.loans = loans([row.deal for row in rows])
        self.grants = Grants(self.loans.values())
        self.withheld = withheld(row.pk for row in rows)
        self.lines: dict[int, list[AccrualLine]] = {row.pk: [] for row in rows}
        for line in AccrualLine.objects.filter(claim__in=self.lines).select_related("version").order_by("interest_on", "pk"):
            self.lines[line.claim_id].append(line)
        self.receipts = caps.receipts_of(rows)
        self.figures = interest.Figures(self.loans)
        self.allowed = {province: interest.tolerance(province, on=on) for province in {row.province for row in rows}}
        self.siblings: dict[tuple[int, dt.date], list[SubsidyClaim]] = defaultdict(list)
        found = SubsidyClaim.objects.filter(deal__in=self.loans).exclude(state=C.REFUSED).select_related("scheme").order_by("pk")
        for row in found:
            self.siblings[row.deal_id, row.period_end].append(row)

    def missing(self, claim: SubsidyClaim) -> Iterable[Problem]:
        lines = self.lines[claim.pk]
        if not lines or not caps.covers(self.receipts[claim.pk], lines):
            yield Problem(
                "interest_receipts",
                "receipts_missing",
                _("%(start)s 至 %(end)s 的付息凭证不全。") % {"start": claim.period_start, "end": claim.period_end},
                _("请先登记本期全部付息凭证，再行申领。"),
            )

    def of(self, claim: SubsidyClaim) -> dict[str, Any]:
        loan = self.loans[claim.deal_id]
        version = self.lines[claim.pk][-1].version
        amount, counted = self.grants.beyond(claim, loan)
        amount, decided = caps.beyond_decision(amount, self.withheld.get(claim.pk, ZERO))
        amount, cuts = caps.within_caps(amount, loan=loan, version=version, interest_on=claim.period_end, claim_id=claim.pk)
        others = [row for row in self.siblings[claim.deal_id, claim.period_end] if row.pk != claim.pk]
        borne = self.figures.borne(self.receipts[claim.pk], allowed=self.allowed[claim.province])
        eligible, yielded = caps.within_interest(claim, amount, others=others, borne=borne)
        return {"eligible": eligible, "cuts": counted + decided + cuts + yielded}


def _user(by: By, row: SubsidyClaim) -> int | None:
    return actor_for(by, row).user_id


def _no_such_step(row: SubsidyClaim) -> Conflict:
    return Conflict(_("%(scheme)s的申领没有此步骤。") % {"scheme": row.scheme.name}, code="no_such_step")


def _too_much(field: str, amount: Decimal, most: Decimal) -> Problem:
    return Problem(
        field,
        "out_of_range",
        _("金额 %(amount)s 元须在 0 与 %(most)s 元之间。") % {"amount": amount, "most": most},
        _("请按资金文件填写。"),
    )


def _document_missing(document_no: str) -> Iterable[Problem]:
    if not document_no.strip():
        yield Problem("document_no", "required", _("请填写资金文号。"), _("没有文号的资金不能登记。"))
