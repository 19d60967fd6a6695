"""The closed form agrees to the fen with a loan lived through day by day: ten thousand random loans, a few hundred of them every time."""

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from schemes.formulas import (
    Balances,
    CapLine,
    Change,
    Period,
    RatePeriod,
    accrue,
    adjustments,
    apply_caps,
    interest,
    interest_periods,
    part_of,
    start_day,
    subsidised_days,
    subsidised_principal,
    within_firm_loan_cap,
    yield_cut,
)
from tests.schemes.formulas import day_by_day
from tests.schemes.formulas.day_by_day import ALL, BY_DAYS, EQUIPMENT_ONLY, FROM_ISSUE, FROM_PAYMENT, PLAINLY, Booked, Drawn, Loan, Version

BOUNDARY = date(2026, 1, 1)  # drawdowns before and after it come under different versions
A_FEW, ALL_OF_THEM, AT_ONCE = 150, 10_000, 500


def test_random_loans_come_to_the_same_as_day_by_day():
    compare(range(A_FEW))


@pytest.mark.long
@pytest.mark.parametrize("first", range(0, ALL_OF_THEM, AT_ONCE))
def test_ten_thousand_random_loans_come_to_the_same_as_day_by_day(first):
    compare(range(first, first + AT_ONCE))


def compare(seeds):
    for seed in seeds:
        loan = random_loan(random.Random(seed))
        lived, computed = day_by_day.live(loan), closed_form(loan)
        assert without_zeros(computed.interest) == without_zeros(lived.interest), f"interest of loan {seed}"
        assert without_zeros(computed.subsidy) == without_zeros(lived.subsidy), f"subsidy of loan {seed}"
        assert without_zeros(computed.claims) == without_zeros(lived.claims), f"claims of loan {seed}"


def test_the_random_loans_have_all_that_is_hard():
    loans = [random_loan(random.Random(seed)) for seed in range(A_FEW)]
    drawn = [one for loan in loans for one in loan.drawn]

    assert sum(len(loan.rates) > 1 for loan in loans) > 25
    assert sum(bool(one.back) for one in drawn) > 25
    assert sum(sum(amount for _on, amount in one.back) == one.amount for one in drawn) > 20
    assert sum(len({one.issued_on < BOUNDARY for one in loan.drawn}) == 2 for loan in loans) > 25
    assert sum(one.equipment < one.amount for one in drawn) > 25
    assert sum(bool(loan.stopped) for loan in loans) > 25
    assert sum(day_by_day.live(loan).claims != day_by_day.live(uncapped(loan)).claims for loan in loans[:50]) > 10


def test_a_version_that_reaches_back_adjusts_each_line_to_what_day_by_day_comes_to():
    """The July 2024 notice: 1.0 becomes 1.5 points for all that was booked before."""
    for seed in range(50):
        loan = random_loan(random.Random(seed))
        first, last = loan.drawn[0].issued_on, loan.last
        periods = interest_periods(first, last, interest_months=loan.interest_months, interest_day=loan.interest_day)
        balances = balances_of(loan.drawn[0])
        booked, right = (accrue(balances, first=first, last=last, rate_bp=rate_bp, periods=periods) for rate_bp in (100, 150))
        known = booked[: len(booked) // 2]

        by_day = defaultdict(Decimal)
        for line in (*known, *adjustments(known, right)):
            by_day[line.interest_on] += line.amount

        assert {day: fen(amount) for day, amount in by_day.items() if amount} == lived_alone(loan, rate_bp=150)


def lived_alone(loan, *, rate_bp):
    """The first drawdown by itself, subsidised to its last day."""
    version = Version(rate_bp, FROM_ISSUE, months=200, part=ALL)
    first = loan.drawn[0]
    alone = Drawn(first.amount, first.equipment, first.issued_on, first.paid_on, first.back, {"central": version})
    life = Loan((alone,), loan.last, loan.rates, loan.interest_months, loan.interest_day, (), 0, {"central": {}}, ("central",))
    return {day: amount for (_scheme, _index, day), amount in day_by_day.live(life).subsidy.items() if amount}


def without_zeros(booked):
    return {key: amount for key, amount in booked.items() if amount}


def uncapped(loan):
    return Loan(**{**loan.__dict__, "caps": {scheme: {} for scheme in loan.caps}})


# the closed form


def closed_form(loan):
    booked = Booked()
    periods = interest_periods(loan.drawn[0].issued_on, loan.last, interest_months=loan.interest_months, interest_day=loan.interest_day)
    rates = [RatePeriod(first, rate_bp) for first, rate_bp in loan.rates]
    used = dict.fromkeys(loan.yields, yuan(loan.used_elsewhere))
    for index, drawn in enumerate(loan.drawn):
        lines = interest(balances_of(drawn), first=drawn.issued_on, last=loan.last, rates=rates, periods=periods)
        booked.interest |= {(index, line.interest_on): fen(line.amount) for line in lines}
        for scheme, version in drawn.versions.items():
            lines = subsidy(loan, drawn, version, used=used[scheme], periods=periods)
            booked.subsidy |= {(scheme, index, line.interest_on): fen(line.amount) for line in lines}
            used[scheme] += principal(version, drawn)
    booked.claims = claimed(loan, booked)
    return booked


def subsidy(loan, drawn, version, *, used, periods):
    start = starts(version, drawn)
    days = subsidised_days(
        "each_drawdown" if version.each_drawdown else "first_drawdown",
        start=start,
        first_start=min(starts(version, other) for other in loan.drawn),
        months=version.months,
    )
    if days is None or days.first > loan.last:
        return ()
    limit = None if version.firm_loans is None else yuan(version.firm_loans)
    part, _cut = within_firm_loan_cap(principal(version, drawn), limit=limit, used=used)
    plain = Fraction(((days.last - days.first).days + 1) * 12, version.months)
    return accrue(
        part_of(balances_of(drawn), part=part),
        first=days.first,
        last=min(days.last, loan.last),
        rate_bp=version.rate_bp,
        periods=periods,
        excluded=[Period(*stop) for stop in loan.stopped],
        day_count=360 if version.counted == BY_DAYS else plain,
    )


def starts(version, drawn):
    return start_day(version.starts, issued_on=drawn.issued_on, paid_to_supplier_on=drawn.paid_on)


def principal(version, drawn):
    return subsidised_principal(version.part, amount=yuan(drawn.amount), equipment=yuan(drawn.equipment))


def balances_of(drawn):
    return Balances(drawn.issued_on, yuan(drawn.amount), tuple(Change(on, -yuan(amount)) for on, amount in drawn.back))


def claimed(loan, booked):
    left, days = defaultdict(list), sorted({day for _index, day in booked.interest})
    for day in days:
        paid = yuan(sum(amount for (_index, on), amount in booked.interest.items() if on == day))
        parts = {
            scheme: yuan(sum(amount for (of, _index, on), amount in booked.subsidy.items() if (of, on) == (scheme, day)))
            for scheme in loan.yields
        }
        for scheme, amount in yield_cut(parts, paid, loan.yields)[0].items():
            left[scheme].append(CapLine(day.isoformat(), amount, "L", "P", "F", day.year))
    claims = {}
    for scheme, lines in left.items():
        caps = {cap: None if limit is None else yuan(limit) for cap, limit in loan.caps[scheme].items()}
        claims |= {(scheme, date.fromisoformat(capped.line.key)): fen(capped.allowed) for capped in apply_caps(lines, caps)}
    return claims


def yuan(amount):
    return Decimal(amount).scaleb(-2)


def fen(amount):
    return int(amount * 100)


# random loans


def random_loan(rng):
    begin = date(2025, 3, 1) + timedelta(rng.randrange(300))
    last = begin + timedelta(rng.randrange(150, 1000))
    settled = begin + timedelta(rng.randrange(100, 1200)) if rng.random() < 0.3 else None
    versions = {scheme: (version(rng, scheme, FROM_PAYMENT), version(rng, scheme, FROM_ISSUE)) for scheme in ("central", "province")}
    offsets = sorted({0, *(rng.choice([0, 1, 30, rng.randrange(400)]) for _ in range(rng.choice([0, 1, 2, 2])))})
    drawn = [drawdown(rng, begin + timedelta(days), last, settled, versions) for days in offsets if begin + timedelta(days) <= last]
    changes = sorted({begin + timedelta(rng.randrange(1, 900)) for _ in range(rng.randrange(4))})
    stops = [begin + timedelta(rng.randrange(900)) for _ in range(rng.choice([0, 0, 1, 2]))]
    caps = {scheme: {cap: limit(rng) for cap in ("per_loan", "project_year", "firm_year")} for scheme in versions}
    return Loan(
        drawn=tuple(drawn),
        last=last,
        rates=tuple((day, rng.randrange(30, 500)) for day in [begin, *changes]),
        interest_months=rng.choice([(3, 6, 9, 12)] * 3 + [tuple(range(1, 13)), (), (6, 12)]),
        interest_day=rng.choice([20, 20, 20, 21, 1, 30, 31]),
        stopped=tuple((first, first + timedelta(rng.randrange(90))) for first in stops),
        used_elsewhere=rng.choice([0, 0, rng.randrange(10**9)]),
        caps=caps,
        yields=rng.choice([("province", "central"), ("central", "province")]),
    )


def version(rng, scheme, starts):
    return Version(
        rate_bp=rng.choice([150, 100] if scheme == "central" else [50, 33, 75]),
        starts=starts,
        months=rng.choice([24, 24, 12, 7, 1]),
        part=EQUIPMENT_ONLY if starts == FROM_PAYMENT else ALL,
        each_drawdown=rng.random() < 0.7,
        counted=rng.choice([BY_DAYS, BY_DAYS, PLAINLY]),
        firm_loans=rng.choice([None, None, rng.randrange(2 * 10**9)]),
    )


def drawdown(rng, day, last, settled, versions):
    amount = rng.choice([rng.randrange(1, 10**6), rng.randrange(10**8, 2 * 10**9), 10**9])
    equipment = rng.choice([amount, amount, rng.randrange(amount + 1)])
    left, back = amount, []
    for _ in range(rng.choice([0, 0, 1, 2, 5])):
        part = rng.randrange(left + 1)
        back.append((day + timedelta(rng.randrange((last - day).days + 1)), part))
        left -= part
    if settled is not None and settled >= day:
        back = [(min(on, settled), part) for on, part in back] + [(settled, left)]
    chosen = {scheme: both[day >= BOUNDARY] for scheme, both in versions.items() if rng.random() < 0.9}
    paid_on = day + timedelta(rng.choice([0, 0, 9, rng.randrange(60)]))
    return Drawn(amount, equipment, day, paid_on, tuple(sorted(back)), chosen)


def limit(rng):
    return rng.choice([None, None, rng.randrange(10**7), rng.randrange(10**6)])
