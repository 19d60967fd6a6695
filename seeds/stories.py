"""What became of each filing: when it was filed, where it stopped, what the named banks did before the demo's round.

Also how firm and bank answer when a round recommends something (`reply_to`). All of it is invented. Steps fall on few days: an office
decides a sitting's cases together, and a bank answers on Wednesdays, so that the demo takes them in lists as the offices would.
"""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from seeds.reference import Row, branches_serving, indexed, split, table
from seeds.rows import BankStep, DrawdownRow, FilingRow, FirmRow, RoundReply

ROUND_ON = date(2026, 10, 12)  # the demo's round: a Monday after the National Day week
AS_OF = date(2026, 12, 24)  # the demo's today: after the interest day of December, with the January batch open
FIRST_CONFIRMATION = date(2026, 7, 1)  # the declared appetites are those of the second half of 2026
REST = (date(2026, 10, 1), date(2026, 10, 7))
WAN = Decimal(10_000)

BATCHES: dict[str, tuple[str, ...]] = {  # of which batches the filings with this end are
    "in_review_county": ("2027-01",),
    "in_review_city": ("2027-01",),
    "in_review_province": ("2027-01",),
    "returned": ("2027-01",),
    "not_accepted": ("2026-05", "2026-06", "2026-07", "2026-08", "2026-09"),
    "refused": ("2026-05", "2026-06", "2026-07", "2026-08", "2026-09"),
    "withdrawn": ("2026-06", "2026-07", "2026-08", "2026-09"),
    "in_pool": ("2026-11", "2026-12"),
    "not_listed": ("2026-01", "2026-01", "2026-01", "2026-03", "2026-05", "2026-06", "2026-07", "2026-08"),
    "listed_unnamed": ("2026-06", "2026-07", "2026-08", "2026-08"),
    "listed_declined": ("2026-05", "2026-06", "2026-07"),
    "listed_suggestions": ("2026-07", "2026-08", "2026-08"),
    "listed_invited": ("2026-10",),
    "listed_intended": ("2026-10",),
    "listed_confirmed": ("2026-06", "2026-07"),
    "listed_diligence": ("2026-06", "2026-07"),
    "listed_approved": ("2026-05", "2026-06"),
    "listed_signed": ("2026-04", "2026-05", "2026-06"),
    "listed_drawn": ("2026-04", "2026-05"),
    "listed_direct": ("2026-05", "2026-06"),
}
DEAL_STEPS = {  # the last step of a named bank that the firm chose
    "listed_intended": ("view", "accept"),
    "listed_confirmed": ("view", "accept", "confirm"),
    "listed_diligence": ("view", "accept", "confirm", "start_diligence"),
    "listed_approved": ("view", "accept", "confirm", "start_diligence", "approve_credit"),
    "listed_signed": ("view", "accept", "confirm", "start_diligence", "approve_credit", "sign"),
    "listed_drawn": ("view", "accept", "confirm", "start_diligence", "approve_credit", "sign"),
}
WEEKS = {"view": (0, 1), "accept": (1, 1), "confirm": (0, 1), "start_diligence": (1, 1), "approve_credit": (1, 3), "sign": (1, 1)}
FIRST_SUBMISSION = date(2026, 1, 5)  # projects that start in 2026 are taken from that year on
SUBMISSION_OFFSETS = (10,)  # days after a batch opens
UNDER_WAY = {  # submission days of the filings that are still under way at the demo's today
    "in_review_county": (date(2026, 12, 22), date(2026, 12, 23)),
    "in_review_city": (date(2026, 12, 16), date(2026, 12, 17)),
    "in_review_province": (date(2026, 12, 10), date(2026, 12, 11)),
    "returned": (date(2026, 12, 10), date(2026, 12, 11)),
}
REVIEW_WORKDAYS = {"county": (1, 2), "city": (4, 5, 5), "province": (8, 9, 9)}  # after submission, stage by stage
OPEN_SHARE = {"listed_unnamed": 1.0, "listed_suggestions": 1.0, "listed_declined": 0.88}
OPEN_SHARE_OTHERS = 0.45  # brings the share over all filings to 60 %
DECLINES = {
    "weak_cash_flow": 18, "collateral_short": 22, "leverage": 12, "price": 9, "papers_missing": 9, "limit_used_up": 10, "industry_barred": 5,
    "project_not_started": 5, "credit_record": 4, "over_authority": 3, "firm_unreachable": 3,
}  # fmt: skip
REPLIES = {"accept": 78, "decline": 17, "silent": 5}
RETURN_REASONS = (
    "content_vague",
    "amounts_inconsistent",
    "permit_missing",
    "equipment_sum",
    "pledge_unsigned",
    "code_missing",
    "name_mismatch",
)
NOT_ACCEPTED_REASONS = ("wrong_place", "not_a_renewal", "duplicate")
REFUSED_REASONS = ("restricted_catalogue", "below_threshold", "not_ready", "capital_short")


def workday(day: date) -> date:
    """The same day, or the next that is neither in a weekend nor in the National Day week; good enough for invented dates."""
    while day.weekday() >= 5 or REST[0] <= day <= REST[1]:
        day += timedelta(days=1)
    return day


def workdays_after(day: date, n: int) -> date:
    for _count in range(n):
        day = workday(day + timedelta(days=1))
    return day


def wednesday(day: date, weeks: int) -> date:
    """The Wednesday on or after the day, and so many weeks on."""
    return workday(day + timedelta(days=(2 - day.weekday()) % 7 + 7 * weeks))


def stage_day(submitted_on: date, tier: str, stage: int) -> date:
    """The day a tier's office passes a stage of a case."""
    return workdays_after(submitted_on, REVIEW_WORKDAYS[tier][stage])


def report_day(batch: str) -> date:
    """The day the province sends a batch to the ministry."""
    return workday(listing_day(batch).replace(day=1) - timedelta(days=3))


def listing_day(batch: str) -> date:
    """The day the invented candidate list of a batch came out: the 25th of the following month."""
    year, month = (int(part) for part in batch.split("-"))
    return workday(date(year + month // 12, month % 12 + 1, 25))


def draw_story(rng: random.Random, row: FilingRow, target: str, firm: FirmRow) -> FilingRow:
    """The filing with its batch, dates, banks and fate filled in."""
    direct_unit = indexed("units")[row.receiving_unit]["next_unit"] == "IND-420000"
    tiers = ("county", "province") if direct_unit else ("county", "city", "province")
    if target == "in_review_city" and direct_unit:
        target = "in_review_county"  # there is no municipal step to be in
    if firm.bar and target != "draft":
        target = "not_accepted"
    batch = rng.choice(BATCHES[target]) if target in BATCHES else ""
    named = _intended(rng, row, firm) if target != "listed_unnamed" else ()
    row = replace(
        row,
        target=target,
        batch=batch,
        intended=named,
        open_to_other_banks=rng.random() < OPEN_SHARE.get(target, OPEN_SHARE_OTHERS),
        asks_for_suggestions=target in ("listed_unnamed", "listed_suggestions"),
        submitted_on=_submitted(rng, batch, target),
        stop_tier=_stop_tier(rng, target, tiers),
        reason=_reason(rng, target, firm),
    )
    return _with_decision(rng, row)


def _with_decision(rng: random.Random, row: FilingRow) -> FilingRow:
    if row.target in ("returned", "not_accepted", "refused", "withdrawn"):
        assert row.submitted_on is not None
        row = replace(row, decided_on=stage_day(row.submitted_on, row.stop_tier, 0))
    if row.target == "not_listed":
        row = replace(row, decided_on=listing_day(row.batch))
    if not row.target.startswith("listed"):
        return row
    row = replace(row, listed_on=listing_day(row.batch))
    row = replace(row, bank_story=_bank_story(rng, row))
    if row.target == "listed_drawn":
        row = replace(row, drawdowns=_drawdowns(rng, row))
    return row


def opening_day(batch: str) -> date:
    year, month = (int(part) for part in batch.split("-"))
    return date(year - (month == 1), (month + 10) % 12 + 1, 16)


def _submitted(rng: random.Random, batch: str, target: str) -> date | None:
    if target == "draft":
        return None
    if target in UNDER_WAY:
        return rng.choice(UNDER_WAY[target])
    offset = rng.choice(SUBMISSION_OFFSETS)
    return max(FIRST_SUBMISSION, workday(opening_day(batch) + timedelta(days=offset)))


def _stop_tier(rng: random.Random, target: str, tiers: tuple[str, ...]) -> str:
    if target.startswith("in_review_"):
        return target.removeprefix("in_review_")
    if target in ("returned", "withdrawn"):
        return rng.choice(tiers)
    return {"not_accepted": "county", "refused": tiers[-1 if rng.random() < 0.5 else -2]}.get(target, "")


def _reason(rng: random.Random, target: str, firm: FirmRow) -> str:
    if target == "not_accepted" and firm.bar:
        return "firm_barred"
    reasons = {
        "returned": RETURN_REASONS,
        "not_accepted": NOT_ACCEPTED_REASONS,
        "refused": REFUSED_REASONS,
        "not_listed": ("ministry_not_listed",),
        "withdrawn": ("firm_withdrew",),
    }
    return rng.choice(reasons[target]) if target in reasons else ""


# banks


def _suits(product: Row, row: FilingRow, firm: FirmRow) -> bool:
    return (
        int(product["amount_min_wan"]) * WAN <= row.needs[0].amount_yuan <= int(product["amount_max_wan"]) * WAN
        and int(product["term_min_months"]) <= row.term_months <= int(product["term_max_months"])
        and row.security in split(product["securities"])
        and row.industry not in split(product["industries_barred"])
        and firm.size in split(product["sizes"])
        and int(product["rate_min_bp"]) <= row.rate_cap_bp
        and (product["first_loan_ok"] == "true" or not firm.is_first_loan)
    )


def suitable_branches(row: FilingRow, firm: FirmRow) -> list[Row]:
    """The branches that serve the county with a product the project fits, within the ticket they declared."""
    banks = {product["bank"] for product in table("products") if _suits(product, row, firm)}
    tickets = {line["branch"]: int(line["max_ticket_wan"]) * WAN for line in table("appetites")}
    return [
        branch for branch in branches_serving(row.region)
        if branch["bank"] in banks and row.needs[0].amount_yuan <= tickets.get(branch["code"], Decimal(0))
    ]  # fmt: skip


def _intended(rng: random.Random, row: FilingRow, firm: FirmRow) -> tuple[str, ...]:
    """One to three branches of different banks, the house bank and the nearest first."""
    weights = {}
    for branch in suitable_branches(row, firm):
        near = {"outlet": 5, "city": 3, "provincial": 1}[branch["level"]]
        weights[branch["code"]] = near * (6 if branch["bank"] == firm.house_bank else 1)
    chosen: list[str] = []
    for _ in range(rng.choice((1, 2, 2, 3, 3))):
        banks = {indexed("branches")[code]["bank"] for code in chosen}
        left = {code: weight for code, weight in weights.items() if indexed("branches")[code]["bank"] not in banks}
        if left:
            chosen.append(rng.choices(list(left), weights=list(left.values()))[0])
    return tuple(chosen) or (_house_branch(row, firm),)


def _house_branch(row: FilingRow, firm: FirmRow) -> str:
    return next(branch["code"] for branch in reversed(branches_serving(row.region)) if branch["bank"] == firm.house_bank)


def _bank_story(rng: random.Random, row: FilingRow) -> tuple[BankStep, ...]:
    assert row.listed_on is not None
    if row.target == "listed_declined":
        return tuple(step for branch in row.intended for step in _decline(rng, branch, row.listed_on))
    if row.target == "listed_suggestions":
        head, *others = row.intended
        looking = BankStep(head, "view", min(ROUND_ON, wednesday(row.listed_on, rng.randrange(2))))
        return (looking, *(step for branch in others for step in _decline(rng, branch, row.listed_on)))
    if row.target == "listed_direct":
        return _direct(rng, row)
    if row.target not in DEAL_STEPS:
        return ()
    chosen, *others = row.intended
    refused = [step for branch in others if rng.random() < 0.5 for step in _decline(rng, branch, row.listed_on)]
    return (*refused, *_deal(rng, row, chosen))


def _decline(rng: random.Random, branch: str, listed_on: date) -> tuple[BankStep, ...]:
    on = wednesday(listed_on, rng.randrange(1, 3))
    reason = rng.choices(list(DECLINES), weights=list(DECLINES.values()))[0]
    return (BankStep(branch, "decline", on, reason=reason),)


def _offer(rng: random.Random, row: FilingRow, branch: str) -> tuple[Decimal, int]:
    """What the bank grants of this year's need, and at what rate."""
    share = rng.choices((100, 90, 80, 70, 60), weights=(62, 12, 12, 8, 6))[0]
    amount = max(WAN * 10, row.needs[0].amount_yuan * share / 100 // (10 * WAN) * (10 * WAN))
    floors = [int(p["rate_min_bp"]) for p in table("products") if p["bank"] == indexed("branches")[branch]["bank"]]
    low = min(floors)
    return amount, rng.randrange(low, max(low + 5, row.rate_cap_bp + 1), 5)


def _deal(rng: random.Random, row: FilingRow, branch: str) -> tuple[BankStep, ...]:
    assert row.listed_on is not None
    amount, rate = _offer(rng, row, branch)
    day = row.listed_on
    steps = []
    for verb in DEAL_STEPS[row.target]:
        day = wednesday(day, rng.randint(*WEEKS[verb]))
        if verb == "confirm":
            day = wednesday(max(day, FIRST_CONFIRMATION), 0)
        with_money = verb in ("accept", "confirm", "approve_credit", "sign")
        steps.append(BankStep(branch, verb, day, "", amount if with_money else None, rate if with_money else None))
    return tuple(steps)


def _direct(rng: random.Random, row: FilingRow) -> tuple[BankStep, ...]:
    """Signed with a bank outside any round; the first bank it had named, for want of a better."""
    assert row.listed_on is not None
    branch = row.intended[-1]
    amount, rate = _offer(rng, row, branch)
    day = wednesday(max(FIRST_CONFIRMATION, row.listed_on), rng.randrange(1, 6))
    return (BankStep(branch, "sign", day, "", amount, rate, "direct"),)


def _drawdowns(rng: random.Random, row: FilingRow) -> tuple[DrawdownRow, ...]:
    """One or two drawdowns in August and September, never more than was signed, paid on to a supplier within days."""
    signed = row.bank_story[-1]
    assert signed.amount_yuan is not None
    eligible = indexed("banks")[indexed("branches")[signed.branch]["bank"]]["relending_eligible"] == "true"
    parts = [signed.amount_yuan * rng.choice((40, 50, 60, 100)) / 100 // WAN * WAN]
    if parts[0] < signed.amount_yuan and rng.random() < 0.6:
        parts.append((signed.amount_yuan - parts[0]) * rng.choice((50, 100)) / 100 // WAN * WAN)
    day = signed.on
    rows = []
    for amount in parts:
        day = wednesday(day, rng.randrange(1, 3))
        drawn = day - timedelta(days=rng.choice((0, 0, 1, 2)))
        line = max(row.equipment, key=lambda item: item.amount_yuan)
        relending = rng.choice(("not_reported", "reported", "accepted")) if eligible else "not_eligible"
        rows.append(DrawdownRow(signed.branch, drawn, amount, day, line.supplier_uscc, relending))
    return tuple(row_ for row_ in rows if row_.amount_yuan > 0)


def reply_to(key: str, branch: str) -> RoundReply:
    """How the firm of a filing and a branch answer a recommendation: the same whenever they are asked."""
    rng = random.Random(f"reply:{key}:{branch}")
    bank = rng.choices(list(REPLIES), weights=list(REPLIES.values()))[0]
    return RoundReply(
        firm_consents=rng.random() < 0.96,
        bank=bank,
        reason=rng.choices(list(DECLINES), weights=list(DECLINES.values()))[0] if bank == "decline" else "",
        approved_percent=rng.choices((100, 90, 80, 70), weights=(70, 12, 10, 8))[0],
        ends=rng.choices(("diligence", "credit_approved", "signed", "drawn"), weights=(15, 15, 35, 35))[0],
        drawn_percent=rng.choice((40, 50, 60, 80, 100)),
    )
