"""Interest and subsidy by balance-days (积数计息法), caps, and what happens when money is short. Pure: standard library only.

Units: amounts are Decimal yuan in whole fen, rates are integer basis points a year (150 = 1.5 percentage points), days are dates in China.

    interest or subsidy of a period = Σ over its days (balance of the day × rate) / day count

- Day count 360, actual days (日利率 = 年利率/360); the drawdown day counts, the repayment day does not (算头不算尾): a change takes
  effect on its day. Interest days are the 20th of March, June, September and December; the interest day is the last day of its period.
- Rounding point, the only one: half-up to the fen, once per period and drawdown. Totals, caps and budgets use the rounded amounts.
- Year: an amount belongs to the year of its interest day, so interest after 20 December counts in the next year.

Rates, start rules and terms: 财金〔2024〕54号, 发改资环〔2024〕1104号, 财金〔2026〕2号, 财金〔2026〕4号. What those leave open (window per
drawdown, month ends, rounding, who yields) is marked (infer): our reading, chosen by a parameter where more than one is plausible.

Reasons are codes; the sentences for them are written where people read them.
"""

from schemes.formulas.accrual import (
    Adjustment,
    Balances,
    Change,
    Line,
    RatePeriod,
    accrue,
    adjustments,
    after_paid,
    interest,
    part_of,
    total,
    without,
)
from schemes.formulas.amounts import round_fen
from schemes.formulas.forecast import AMORTISATIONS, expected_by_year, headline
from schemes.formulas.limits import (
    CAP_FIRM_LOAN,
    CAP_REASONS,
    COUNTED_GRANT,
    DEFAULT_YIELD_ORDER,
    EQUIPMENT,
    EXCEEDS_INTEREST_PAID,
    WHOLE,
    CapLine,
    Capped,
    Cut,
    apply_caps,
    beyond_grants,
    subsidised_principal,
    within_firm_loan_cap,
    yield_cut,
)
from schemes.formulas.periods import (
    AT_MATURITY,
    MONTHLY,
    ONE_DAY,
    QUARTERLY,
    Period,
    interest_periods,
    outside,
    start_day,
    subsidised_days,
    window,
)
from schemes.formulas.shortfall import (
    BUDGET_EXHAUSTED,
    CARRIED_OVER,
    LOWER_PRIORITY,
    PRO_RATA_SHARE,
    SHORTFALL_RULES,
    Arranged,
    Claim,
    arrange,
    clawback,
    in_proportion,
)

__all__ = [
    "AMORTISATIONS",
    "AT_MATURITY",
    "BUDGET_EXHAUSTED",
    "CAP_FIRM_LOAN",
    "CAP_REASONS",
    "CARRIED_OVER",
    "COUNTED_GRANT",
    "DEFAULT_YIELD_ORDER",
    "EQUIPMENT",
    "EXCEEDS_INTEREST_PAID",
    "LOWER_PRIORITY",
    "MONTHLY",
    "ONE_DAY",
    "PRO_RATA_SHARE",
    "QUARTERLY",
    "SHORTFALL_RULES",
    "WHOLE",
    "Adjustment",
    "Arranged",
    "Balances",
    "CapLine",
    "Capped",
    "Change",
    "Claim",
    "Cut",
    "Line",
    "Period",
    "RatePeriod",
    "accrue",
    "adjustments",
    "after_paid",
    "apply_caps",
    "arrange",
    "beyond_grants",
    "clawback",
    "expected_by_year",
    "headline",
    "in_proportion",
    "interest",
    "interest_periods",
    "outside",
    "part_of",
    "round_fen",
    "start_day",
    "subsidised_days",
    "subsidised_principal",
    "total",
    "window",
    "within_firm_loan_cap",
    "without",
    "yield_cut",
]
