"""Rows that stand where the steps of matching and deals would have put them, for pages to show."""

import datetime as dt
from decimal import Decimal
from itertools import count
from typing import Any

from deals.models import (
    BatchObjection,
    CrossCheckFlag,
    Deal,
    DockingList,
    Drawdown,
    FundingBatch,
    Invitation,
    ListedDocking,
    Recovery,
    SecondDocking,
    SubsidyClaim,
)
from matching.models import NonMatch, Recommendation, Round
from organisations.models import Unit
from projects.models import Disclosure, Filing, Need
from tests.factories import HUBEI, NOW, TODAY, World

DIGEST = "ab" * 32
_numbers = count(1)


def need_of(filing: Filing) -> Need:
    return Need.objects.select_related("filing", "firm").get(filing=filing)


def disclosure(world: World, filing: Filing, branch: str, *, scope: str = "file", basis: str = "named") -> Disclosure:
    return Disclosure.objects.create(
        filing=filing, organisation=world[branch].organisation, scope=scope, basis=basis, valid_from=NOW, province=HUBEI
    )


def invitation(world: World, filing: Filing, branch: str = "ICBC-WH", *, state: str = "open", **fields: Any) -> Invitation:
    facts = {"origin": "named", "rank": 1, "contact_due_at": NOW + dt.timedelta(days=3), "expires_at": NOW + dt.timedelta(days=30)}
    return Invitation.objects.create(
        need=need_of(filing), filing=filing, branch=world[branch], state=state, sent_at=NOW, province=HUBEI, **(facts | fields)
    )


def deal(world: World, filing: Filing, branch: str = "ICBC-WH", *, state: str = "intent", **fields: Any) -> Deal:
    need = need_of(filing)
    facts: dict[str, Any] = {"origin": "named", "amount": need.amount}
    if state in ("credit_approved", "signed", "drawing", "completed"):
        facts |= {"approved_amount": need.amount, "approved_rate_bp": 285, "approved_term_months": 60}
    if state in ("signed", "drawing", "completed"):
        facts |= {"signed_amount": need.amount, "rate_bp": 285, "term_months": 60, "contract_no": "WH-0001", "contract_on": TODAY}
    return Deal.objects.create(
        need=need,
        filing=filing,
        firm=filing.firm,
        branch=world[branch],
        state=state,
        started_at=NOW,
        province=HUBEI,
        **(facts | fields),
    )


def docking(filing: Filing, unit: Unit, *, state: str = "adjusting", **fields: Any) -> SecondDocking:
    facts = {"rounds_allowed": 2, "begun_at": NOW, "since": NOW}
    return SecondDocking.objects.create(need=need_of(filing), filing=filing, unit=unit, state=state, province=HUBEI, **(facts | fields))


def docking_list(row: SecondDocking) -> DockingList:
    made = DockingList.objects.create(unit=row.unit, week=TODAY - dt.timedelta(days=TODAY.weekday()), listed_at=NOW, province=HUBEI)
    ListedDocking.objects.create(list=made, docking=row, state=row.state, since=row.since, left=row.need.amount, province=HUBEI)
    return made


def drawdown(loan: Deal, number: int = 1, amount: Decimal = Decimal(8_000_000), **fields: Any) -> Drawdown:
    facts = {"drawn_on": TODAY, "equipment_amount": amount, "paid_to_supplier_on": TODAY, "payee": "武汉示例机床有限公司"}
    return Drawdown.objects.create(
        deal=loan, number=number, slip_no=f"JJ{number}", amount=amount, relending="not_reported", province=HUBEI, **(facts | fields)
    )


def claim(world: World, loan: Deal, *, state: str = "reviewed", period_end: dt.date = TODAY, **fields: Any) -> SubsidyClaim:
    facts = {
        "scheme": world.addon.scheme,
        "requested": Decimal("4111.11"),
        "eligible": Decimal("4000.00"),
        "office": world["FIN-420000"],
        "claimant": loan.firm,
    }
    return SubsidyClaim.objects.create(
        deal=loan,
        state=state,
        period_start=period_end - dt.timedelta(days=18),
        period_end=period_end,
        fiscal_year=2026,
        province=HUBEI,
        **(facts | fields),
    )


def recovery(world: World, loan: Deal, **fields: Any) -> Recovery:
    facts = {"scheme": world.central.scheme, "office": world["FIN-420000"], "state": "doubt", "reason": "资金回流", "suspended_from": TODAY}
    return Recovery.objects.create(deal=loan, due_on=TODAY, province=HUBEI, **(facts | fields))


def flag(asked: SubsidyClaim, drawn: Drawdown) -> CrossCheckFlag:
    evidence = {"drawn_on": "2026-03-02", "amount": "1", "back_on": "2026-03-02", "back": "1"}
    return CrossCheckFlag.objects.create(claim=asked, drawdown=drawn, rule="round_trip", evidence=evidence, found_at=NOW, province=HUBEI)


def batch(world: World) -> FundingBatch:
    return FundingBatch.objects.create(
        scheme=world.addon.scheme, office=world["FIN-420000"], fiscal_year=2026, number=f"方案{next(_numbers)}", province=HUBEI
    )


def objection(of: FundingBatch, asked: SubsidyClaim) -> BatchObjection:
    return BatchObjection.objects.create(batch=of, claim=asked, objector="某某", text="未到厂", received_on=TODAY, province=HUBEI)


def round_(world: World, *, state: str = "published", **fields: Any) -> Round:
    facts: dict[str, Any] = {"planned_for": TODAY}
    if state in ("solved", "published"):
        facts |= {"needs": 2, "options": 4, "matched": 1, "value": 999, "bound": 1000, "result_sha256": DIGEST, "snapshot_sha256": DIGEST}
    return Round.objects.create(
        programme=world.programme, number=f"2026-{next(_numbers):04d}", state=state, province=HUBEI, **(facts | fields)
    )


def recommendation(world: World, round_row: Round, filing: Filing, branch: str = "ICBC-WH", **fields: Any) -> Recommendation:
    need = need_of(filing)
    bank = world[branch].bank.code
    facts = {
        "rank": 0,
        "state": "published",
        "amount": need.amount,
        "rate_bp": 290,
        "cost_bp": 140,
        "value": 1_000_002_000,
        "terms": {"coverage": 1_000_000_000, "amount": 2000},
        "explanation": {
            "runner_up": {"branch": "建设银行武汉分行", "lacks": {"cost": 300}, "cost_bp": 165, "price": 0, "own_price": 0},
        },
    }
    return Recommendation.objects.create(
        round=round_row,
        need=need,
        branch=world[branch],
        product=world.products[f"{bank}-P1"],
        province=HUBEI,
        **(facts | fields),
    )


def non_match(round_row: Round, filing: Filing) -> NonMatch:
    explanation = {
        "limits": [{"kind": "appetite", "name": "工商银行武汉分行", "price": 1200}],
        "refused": [{"code": "region_not_served", "banks": ["建设银行仙桃支行"]}],
        "next_round_on": "2026-03-16",
    }
    return NonMatch.objects.create(round=round_row, need=need_of(filing), code="limits_full", explanation=explanation, province=HUBEI)
