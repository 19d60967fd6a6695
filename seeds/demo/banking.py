"""What banks and firms did before the round, and how they answer what a round recommends, week after week."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from common.errors import Conflict
from deals import bank_review, deal_steps, direct, drawdowns, invitations, signing, tasks
from deals.models import Deal, Drawdown, Invitation, Origin
from lenders.models import Branch
from projects.models import EquipmentItem, Need
from seeds.demo.crews import BankCrew, FirmCrew
from seeds.demo.passage import filings_of
from seeds.demo.people import Staff
from seeds.demo.stages import Facts, Stage, all_taken, moment
from seeds.models import DemoFiling
from seeds.rows import BankStep, DrawdownRow, FilingRow, RoundReply
from seeds.stories import AS_OF, ROUND_ON, reply_to, wednesday

WAN = Decimal(10_000)
YEAR = 2026  # the need of the current year is what the stories are of
CLOCKS = {  # an offer is made before it is chosen, a contract follows its approval
    "view": "14:00",
    "decline": "14:10",
    "accept": "14:20",
    "confirm": "14:30",
    "start_diligence": "14:40",
    "approve_credit": "14:50",
    "sign": "15:00",
    "draw": "15:10",
}
Line = tuple[FilingRow, BankStep]


class Before:
    """The named banks' answers and the deals of the stories."""

    def __init__(self, rows: Sequence[FilingRow], staff: Staff) -> None:
        self.staff = staff
        self.bank, self.firm = BankCrew(staff), FirmCrew(staff)
        self.stages = [*self._steps(rows), *self._draws(rows)]

    def _steps(self, rows: Sequence[FilingRow]) -> Iterable[Stage]:
        days: dict[tuple[dt.date, str, str], list[Line]] = defaultdict(list)
        for row in rows:
            for step in row.bank_story:
                days[step.on, step.verb, step.origin].append((row, step))
        how: dict[str, Callable[..., None]] = {
            "view": self._view, "decline": self._decline, "accept": self._accept, "confirm": self._confirm,
            "start_diligence": self._start_diligence, "approve_credit": self._approve_credit, "sign": self._sign,
        }  # fmt: skip
        for (day, verb, origin), lines in days.items():
            run = partial(self._register if origin == Origin.DIRECT else how[verb], lines)
            at = moment(day, CLOCKS[verb])
            yield Stage(f"{at:%Y-%m-%d %H:%M} {origin}-{verb}", at, run)

    def _draws(self, rows: Sequence[FilingRow]) -> Iterable[Stage]:
        days: dict[dt.date, list[tuple[FilingRow, DrawdownRow]]] = defaultdict(list)
        for row in rows:
            for draw in row.drawdowns:
                days[draw.paid_to_supplier_on].append((row, draw))
        for day, lines in days.items():
            at = moment(day, CLOCKS["draw"])
            yield Stage(f"{at:%Y-%m-%d %H:%M} draw", at, partial(self._draw, lines))

    def _view(self, lines: Sequence[Line], at: dt.datetime) -> None:
        all_taken(invitations.view_many([row for row, _step in _invited(lines)], by=self.bank, at=at))

    def _decline(self, lines: Sequence[Line], at: dt.datetime) -> None:
        found = _invited(lines)
        codes = {row.pk: step.reason for row, step in found}
        all_taken(bank_review.decline_many([row for row, _step in found], by=self.bank, at=at, codes=codes))

    def _accept(self, lines: Sequence[Line], at: dt.datetime) -> None:
        found = _invited(lines)
        amounts = {row.pk: step.amount_yuan for row, step in found if step.amount_yuan is not None}
        all_taken(bank_review.accept_many([row for row, _step in found], by=self.bank, at=at, amounts=amounts))

    def _confirm(self, lines: Sequence[Line], at: dt.datetime) -> None:
        """A bank that is full meanwhile is not chosen; the story of that deal ends here."""
        results = deal_steps.confirm_many([deal for deal, _row, _step in _deals(lines, Deal.State.INTENT)], by=self.firm, at=at)
        all_taken(result for result in results if not isinstance(result.error, Conflict))

    def _start_diligence(self, lines: Sequence[Line], at: dt.datetime) -> None:
        deals = [deal for deal, _row, _step in _deals(lines, Deal.State.CONFIRMED)]
        all_taken(deal_steps.start_diligence_many(deals, by=self.bank, at=at))

    def _approve_credit(self, lines: Sequence[Line], at: dt.datetime) -> None:
        found = _deals(lines, Deal.State.DILIGENCE)
        terms = {deal.pk: _terms(row, step) for deal, row, step in found}
        all_taken(deal_steps.approve_credit_many([deal for deal, _row, _step in found], by=self.bank, at=at, terms=terms))

    def _sign(self, lines: Sequence[Line], at: dt.datetime) -> None:
        found = _deals(lines, Deal.State.CREDIT_APPROVED)
        contracts = {deal.pk: _terms(row, step) | _contract(deal, at) for deal, row, step in found}
        all_taken(signing.sign_many([deal for deal, _row, _step in found], by=self.bank, at=at, contracts=contracts))

    def _register(self, lines: Sequence[Line], at: dt.datetime) -> None:
        """Signed outside any round: the bank registers it, the firm confirms."""
        branches = Branch.objects.select_related("organisation", "bank").in_bulk([step.branch for _row, step in lines], field_name="code")
        needs = _needs([row for row, _step in lines])
        for row, step in lines:
            need, branch = needs[row.key], branches[step.branch]
            deal = direct.register_direct(
                need,
                branch,
                by=self.staff.branch(branch.organisation_id),
                at=at,
                contract_no=f"{branch.code}-Z-{need.pk}",
                contract_on=at.date(),
                **_terms(row, step),
            )
            direct.confirm_direct(deal, by=self.staff.firm(need.firm_id), at=at + dt.timedelta(minutes=5), seen=deal.version)

    def _draw(self, lines: Sequence[tuple[FilingRow, DrawdownRow]], at: dt.datetime) -> None:
        wanted = {row.key: draw for row, draw in lines}
        steps = [(row, BankStep(draw.branch, "draw", draw.on)) for row, draw in lines]
        found = [(deal, wanted[row.key]) for deal, row, _step in _deals(steps, Deal.State.SIGNED, Deal.State.DRAWING)]
        facts = [
            (deal, draw_facts(deal, draw.amount_yuan, drawn_on=draw.on, paid_on=draw.paid_to_supplier_on, at=at)) for deal, draw in found
        ]
        drawn = all_taken(drawdowns.draw_many(facts, by=self.bank, at=at))
        self._report(drawn, [draw.relending for _deal, draw in found], at)

    def _report(self, drawn: Sequence[Drawdown], status: Sequence[str], at: dt.datetime) -> None:
        """The bank reports some of what it lent to the central bank."""
        for row, wanted in zip(drawn, status, strict=True):
            if wanted != "not_reported" and row.relending == Drawdown.Relending.NOT_REPORTED:
                drawdowns.set_relending(row, by=self.bank.on(row), at=at, seen=row.version, status="reported", month=f"{at:%Y-%m}")


class Answers:
    """The weeks after a round: consent, the banks' answers, the firms' choices, diligence to contract and money."""

    def __init__(self, staff: Staff, programme_start: dt.date = ROUND_ON) -> None:
        self.bank, self.firm = BankCrew(staff), FirmCrew(staff)
        self.start = programme_start

    def week(self, day: dt.date) -> list[Stage]:
        """One Wednesday, in the order in which a case may go through it; a case takes one step a week."""
        how: list[tuple[str, str, Callable[[dt.datetime], Facts]]] = [
            ("00:30", "expire", self._expire),
            ("10:00", "draw", self._draw),
            ("10:30", "sign", self._sign),
            ("11:00", "approve_credit", self._approve_credit),
            ("11:30", "start_diligence", self._start_diligence),
            ("14:00", "confirm", self._confirm),
            ("15:00", "answer", self._answer),
            ("16:00", "consent", self._consent),
        ]
        return [Stage(f"{day} {clock} after-{name}", moment(day, clock), run) for clock, name, run in how]

    def _expire(self, at: dt.datetime) -> Facts:
        return {"expired": tasks.expire_due(at=at)}

    def _consent(self, at: dt.datetime) -> Facts:
        waiting = list(Invitation.objects.filter(state=Invitation.State.AWAITING_CONSENT).select_related("branch", "filing").order_by("pk"))
        replies = _replies(waiting)
        agreed = [row for row in waiting if replies[row.pk].firm_consents]
        withheld = [row for row in waiting if not replies[row.pk].firm_consents]
        all_taken(invitations.consent_many(agreed, by=self.firm, at=at))
        for row in withheld:
            invitations.withhold(row, by=self.firm.on(row), at=at, seen=row.version)
        return {"consented": len(agreed), "withheld": len(withheld)}

    def _answer(self, at: dt.datetime) -> Facts:
        """Banks answer what the firm let them see at least a day ago; the silent ones let it expire."""
        looking = list(
            Invitation.objects.filter(state__in=[Invitation.State.OPEN, Invitation.State.VIEWED])
            .exclude(recommendation=None)
            .select_related("branch", "filing")
            .order_by("pk")
        )
        replies = _replies(looking)
        accepting = [row for row in looking if replies[row.pk].bank == "accept"]
        declining = [row for row in looking if replies[row.pk].bank == "decline"]
        amounts = _offers(accepting, replies)
        results = bank_review.accept_many(accepting, by=self.bank, at=at, amounts=amounts)
        codes = {row.pk: replies[row.pk].reason for row in declining}
        all_taken(bank_review.decline_many(declining, by=self.bank, at=at, codes=codes))
        return {"accepted": sum(result.error is None for result in results), "declined": len(declining)}

    def _confirm(self, at: dt.datetime) -> Facts:
        """The firm chooses what the round brought it; offers of banks it named are chosen in their own stories."""
        deals = self._at(Deal.State.INTENT)
        results = deal_steps.confirm_many(deals, by=self.firm, at=at)
        return {"confirmed": sum(result.error is None for result in results)}

    def _start_diligence(self, at: dt.datetime) -> Facts:
        deals = self._at(Deal.State.CONFIRMED)
        all_taken(deal_steps.start_diligence_many(deals, by=self.bank, at=at))
        return {"begun": len(deals)}

    def _approve_credit(self, at: dt.datetime) -> Facts:
        going = [(deal, reply) for deal, reply in self._with_replies(Deal.State.DILIGENCE) if reply.ends != "diligence"]
        terms = {
            deal.pk: {
                "amount": deal.amount,
                "rate_bp": _rate(deal),
                "term_months": deal.need.term_months,
                "until": at.date() + dt.timedelta(days=180),
            }
            for deal, _reply in going
        }
        all_taken(deal_steps.approve_credit_many([deal for deal, _reply in going], by=self.bank, at=at, terms=terms))
        return {"approved": len(going)}

    def _sign(self, at: dt.datetime) -> Facts:
        going = [deal for deal, reply in self._with_replies(Deal.State.CREDIT_APPROVED) if reply.ends in ("signed", "drawn")]
        contracts = {
            deal.pk: {"amount": deal.approved_amount, "rate_bp": deal.approved_rate_bp, "term_months": deal.approved_term_months}
            | _contract(deal, at)
            for deal in going
        }
        all_taken(signing.sign_many(going, by=self.bank, at=at, contracts=contracts))
        return {"signed": len(going)}

    def _draw(self, at: dt.datetime) -> Facts:
        going = [(deal, reply) for deal, reply in self._with_replies(Deal.State.SIGNED) if reply.ends == "drawn"]
        facts = [
            (deal, draw_facts(deal, _part(deal.signed_amount, reply.drawn_percent), drawn_on=at.date(), paid_on=at.date(), at=at))
            for deal, reply in going
        ]
        all_taken(drawdowns.draw_many(facts, by=self.bank, at=at))
        return {"drawn": len(going)}

    def _at(self, state: str) -> list[Deal]:
        return list(
            Deal.objects.filter(state=state, origin=Origin.RECOMMENDED)
            .select_related("branch__organisation", "branch__bank", "need", "filing", "invitation__recommendation")
            .order_by("pk")
        )

    def _with_replies(self, state: str) -> list[tuple[Deal, RoundReply]]:
        deals = self._at(state)
        keys = _keys({deal.filing_id for deal in deals})
        return [(deal, reply_to(keys[deal.filing_id], deal.branch.code)) for deal in deals]


def weeks_after(day: dt.date) -> list[dt.date]:
    """The Wednesdays after a day, up to the demo's last working week."""
    found = [wednesday(day, n) for n in range(12)]
    return [one for one in found if day < one < AS_OF - dt.timedelta(days=7)]


def draw_facts(deal: Deal, amount: Decimal, *, drawn_on: dt.date, paid_on: dt.date, at: dt.datetime) -> dict[str, Any]:
    """A payment to the supplier of the largest piece of equipment."""
    item = max(EquipmentItem.objects.filter(project=deal.filing.project_id), key=lambda row: (row.amount, -row.position))
    return {
        "slip_no": f"JJ{at:%Y%m%d}{deal.pk:06d}",
        "drawn_on": drawn_on,
        "amount": amount,
        "payee": item.supplier,
        "payee_uscc": item.supplier_uscc,
        "paid_to_supplier_on": paid_on,
        "invoice_no": f"2642{deal.pk:08d}{at:%Y%m%d}",
        "invoice_checked_on": paid_on,
        "equipment": [item],
    }


def _invited(lines: Sequence[Line]) -> list[tuple[Invitation, BankStep]]:
    """The invitations that are still live, each with the step; the firm may have chosen another bank meanwhile."""
    filings = filings_of([row for row, _step in lines])
    live = Invitation.objects.live().filter(filing__in=filings, need__year=YEAR).select_related("branch", "filing", "need")
    found = {(row.filing_id, row.branch.code): row for row in live.order_by("pk")}
    wanted = [(found.get((filing.pk, step.branch)), step) for filing, (_row, step) in zip(filings, lines, strict=True)]
    return [(row, step) for row, step in wanted if row is not None]


def _deals(lines: Sequence[Line], *states: str) -> list[tuple[Deal, FilingRow, BankStep]]:
    """The deal of each (filing, branch) that stands where its next step expects it."""
    filings = filings_of([row for row, _step in lines])
    found = {
        (row.filing_id, row.branch.code): row
        for row in Deal.objects.filter(state__in=states, filing__in=filings, need__year=YEAR)
        .select_related("branch__bank", "filing", "need")
        .order_by("pk")
    }
    wanted = [(found.get((filing.pk, step.branch)), row, step) for filing, (row, step) in zip(filings, lines, strict=True)]
    return [(deal, row, step) for deal, row, step in wanted if deal is not None]


def _needs(rows: Sequence[FilingRow]) -> dict[str, Need]:
    """The need of the current year of each filing, by key."""
    filings = filings_of(rows)
    needs = {need.filing_id: need for need in Need.objects.filter(filing__in=filings, year=YEAR).select_related("firm", "filing")}
    return {row.key: needs[filing.pk] for row, filing in zip(rows, filings, strict=True)}


def _terms(row: FilingRow, step: BankStep) -> dict[str, Any]:
    return {"amount": step.amount_yuan, "rate_bp": step.rate_bp, "term_months": row.term_months}


def _contract(deal: Deal, at: dt.datetime) -> dict[str, Any]:
    return {"contract_no": f"{deal.branch.code}-{at:%Y}-{deal.pk:06d}", "contract_on": at.date()}


def _rate(deal: Deal) -> int:
    """What the product was recommended at."""
    assert deal.invitation is not None
    assert deal.invitation.recommendation is not None
    return deal.invitation.recommendation.rate_bp


def _keys(filings: Iterable[int]) -> dict[int, str]:
    return dict(DemoFiling.objects.filter(filing__in=set(filings)).values_list("filing", "key"))


def _replies(rows: Sequence[Invitation]) -> dict[int, RoundReply]:
    keys = _keys(row.filing_id for row in rows)
    return {row.pk: reply_to(keys[row.filing_id], row.branch.code) for row in rows}


def _offers(rows: Sequence[Invitation], replies: dict[int, RoundReply]) -> dict[int, Decimal]:
    """Some banks offer less than they were asked for."""
    asked = dict(Invitation.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", "recommendation__amount"))
    return {pk: _part(amount, replies[pk].approved_percent) for pk, amount in asked.items()}


def _part(amount: Decimal, percent: int) -> Decimal:
    """That share of an amount, in whole 万元."""
    return amount if percent == 100 else max(WAN, amount * percent / 100 // WAN * WAN)
