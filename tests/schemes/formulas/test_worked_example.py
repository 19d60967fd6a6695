"""The worked example of the domain notes: 20 m yuan at 2.85 %, paid to suppliers in two drawdowns, 1.5 pp central subsidy (version 2025)."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from schemes.formulas import Balances, RatePeriod, accrue, interest, interest_periods, total, window

LOAN_ENDS = date(2030, 3, 9)
PERIODS = interest_periods(date(2025, 3, 10), LOAN_ENDS)
A = Balances(date(2025, 3, 10), Decimal(8_000_000))
B = Balances(date(2025, 4, 25), Decimal(12_000_000))


def subsidy(balances, rate_bp=150):
    last = window(balances.opened_on, months=24)
    return accrue(balances, first=balances.opened_on, last=last, rate_bp=rate_bp, periods=PERIODS)


def gross(balances):
    return interest(balances, first=balances.opened_on, last=LOAN_ENDS, rates=[RatePeriod(date(2025, 3, 10), 285)], periods=PERIODS)


def on(interest_day, lines):
    return [line for line in lines if line.interest_on == interest_day]


@pytest.mark.parametrize(
    ("interest_day", "balance_days", "interest_central_firm_province"),
    [
        (date(2025, 3, 20), 88_000_000, ("6966.67", "3666.67", "3300.00", "1222.22")),
        (date(2025, 6, 20), 1_420_000_000, ("112416.67", "59166.67", "53250.00", "19722.22")),
        (date(2025, 9, 20), 1_840_000_000, ("145666.67", "76666.67", "69000.00", "25555.55")),
    ],
)
def test_each_quarter_of_the_table(interest_day, balance_days, interest_central_firm_province):
    gross_lines = on(interest_day, gross(A) + gross(B))
    central = total(on(interest_day, subsidy(A) + subsidy(B)))
    province = total(on(interest_day, subsidy(A, rate_bp=50) + subsidy(B, rate_bp=50)))

    row = (total(gross_lines), central, total(gross_lines) - central, province)

    assert sum(line.balance_days for line in gross_lines) == balance_days
    assert tuple(str(amount) for amount in row) == interest_central_firm_province


def test_totals_as_booked_and_unrounded():
    a, b = subsidy(A), subsidy(B)

    assert total(a) == Decimal("243333.34")
    assert total(b) == Decimal("365000.00")
    assert total(a + b) == Decimal("608333.34")
    assert sum(line.unrounded for line in a + b) == Fraction(1_825_000, 3)  # 608,333.33…


def test_windows_and_periods_of_the_first_drawdown():
    lines = subsidy(A)

    assert [(line.period_end - line.period_start).days + 1 for line in lines] == [11, 92, 92, 91, 90, 92, 92, 91, 79]
    assert (lines[0].period_start, lines[-1].period_end) == (date(2025, 3, 10), date(2027, 3, 9))
    assert subsidy(B)[-1].period_end == date(2027, 4, 24)
    assert lines[-1].interest_on == date(2027, 3, 20)


def test_the_gap_to_the_plain_form_is_the_360_convention():
    booked = sum(line.unrounded for line in subsidy(A) + subsidy(B))

    assert booked / 600_000 == Fraction(365, 360)
