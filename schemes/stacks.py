"""Which subsidies a loan would enjoy: the version of each scheme in force on a day, who is admitted, and which may be held together.

Everything here is pure over `Version` and the stacking rules, which a round keeps in its snapshot; only `load` and `load_rules` read rows.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import combinations
from typing import Any

from common.models import NATION
from common.money import fen
from schemes.models import BankEligibility, SchemeVersion, Stacking

Rules = Mapping[frozenset[int], str]  # a pair of scheme ids → Stacking.Rule

_DATES = ("announced_on", "contract_from", "contract_to", "drawdown_from", "drawdown_to", "payment_from", "payment_to")
_CAPS = ("per_loan_cap", "project_year_cap", "firm_year_cap", "firm_loan_cap")
_PLAIN = (
    "id",
    "scheme_id",
    "code",
    "rate_bp",
    "window_months",
    "day_count",
    "convention",
    "interest_day",
    "requires_listed",
    "requires_relending",
    *_DATES,
)
_OF_SCHEME = ("code", "name", "level", "region_id", "is_discretionary", "yield_rank")


@dataclass(frozen=True)
class Version:
    """One scheme version as a round needs it: plain values, amounts in fen, no rows."""

    id: int
    scheme_id: int
    code: str
    scheme_code: str
    scheme_name: str
    level: str
    region_id: int | None
    is_discretionary: bool
    yield_rank: int
    rate_bp: int
    window_months: int
    day_count: int
    convention: str
    interest_months: tuple[int, ...]
    interest_day: int
    requires_listed: bool
    requires_relending: bool
    announced_on: dt.date
    contract_from: dt.date | None = None
    contract_to: dt.date | None = None
    drawdown_from: dt.date | None = None
    drawdown_to: dt.date | None = None
    payment_from: dt.date | None = None
    payment_to: dt.date | None = None
    firm_sizes: tuple[str, ...] = ()
    firm_ownerships: tuple[str, ...] = ()
    per_loan_cap_fen: int | None = None
    project_year_cap_fen: int | None = None
    firm_year_cap_fen: int | None = None
    firm_loan_cap_fen: int | None = None
    bank_ids: tuple[int, ...] = ()

    def covers(self, drawn_on: dt.date, *, contracted_on: dt.date | None = None, paid_on: dt.date | None = None) -> bool:
        """Whether a drawdown of that day falls under this version; a contract or payment day not yet known is taken as the same day."""
        return (
            _within(drawn_on, self.drawdown_from, self.drawdown_to)
            and _within(contracted_on or drawn_on, self.contract_from, self.contract_to)
            and _within(paid_on or drawn_on, self.payment_from, self.payment_to)
        )

    def admits_bank(self, bank_id: int) -> bool:
        """A version that lists no bank is open to any."""
        return not self.bank_ids or bank_id in self.bank_ids

    def admits_firm(self, *, size: str, ownership: str) -> bool:
        return (not self.firm_sizes or size in self.firm_sizes) and (not self.firm_ownerships or ownership in self.firm_ownerships)


def load(*, province: str, known_on: dt.date) -> tuple[Version, ...]:
    """Every version announced by that day, the nation's and the province's, in order of id."""
    rows = (
        SchemeVersion.objects.filter(announced_on__lte=known_on, scheme__province__in=[province, NATION])
        .select_related("scheme")
        .order_by("id")
    )
    banks: dict[int, list[int]] = {}
    for version_id, bank_id in BankEligibility.objects.filter(version__in=rows).order_by("bank_id").values_list("version_id", "bank_id"):
        banks.setdefault(version_id, []).append(bank_id)
    return tuple(_of_row(row, tuple(banks.get(row.pk, ()))) for row in rows)


def load_rules() -> dict[frozenset[int], str]:
    return {frozenset((a, b)): rule for a, b, rule in Stacking.objects.order_by("id").values_list("scheme_a_id", "scheme_b_id", "rule")}


def in_force(versions: Iterable[Version], *, drawn_on: dt.date, known_on: dt.date) -> tuple[Version, ...]:
    """At most one version of each scheme: the latest announced of those that cover the drawdown."""
    latest: dict[int, Version] = {}
    for version in versions:
        if version.announced_on > known_on or not version.covers(drawn_on):
            continue
        rival = latest.get(version.scheme_id)
        if rival is None or (version.announced_on, version.id) > (rival.announced_on, rival.id):
            latest[version.scheme_id] = version
    return tuple(sorted(latest.values(), key=lambda version: version.id))


def together(versions: Sequence[Version], rules: Rules) -> tuple[Version, ...]:
    """The most valuable set of versions that may be held together, by rate × months; ties go to the smaller set, then to older rows.

    Two schemes add up only where a rule says so: nothing is promised that no document grants.
    """
    best: tuple[Version, ...] = ()
    for size in range(1, len(versions) + 1):
        for chosen in combinations(versions, size):
            if _worth(chosen) > _worth(best) and all(_add_up(a, b, rules) for a, b in combinations(chosen, 2)):
                best = chosen
    return best


def after_yield(stack: Sequence[Version], *, rate_bp: int) -> tuple[int, ...]:
    """The rate of each version once their sum is kept within the interest rate itself: the lowest yield rank gives way first."""
    left = [version.rate_bp for version in stack]
    excess = sum(left) - rate_bp
    for place in sorted(range(len(stack)), key=lambda i: (stack[i].yield_rank, stack[i].id)):
        cut = min(max(excess, 0), left[place])
        left[place] -= cut
        excess -= cut
    return tuple(left)


def to_plain(version: Version) -> dict[str, Any]:
    """As canonical JSON holds it."""
    return {
        name: value.isoformat() if isinstance(value, dt.date) else list(value) if isinstance(value, tuple) else value
        for name, value in asdict(version).items()
    }


def from_plain(plain: Mapping[str, Any]) -> Version:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    for name in _DATES:
        values[name] = dt.date.fromisoformat(values[name]) if values[name] else None
    return Version(**{field.name: values[field.name] for field in fields(Version)})


def _of_row(row: SchemeVersion, bank_ids: tuple[int, ...]) -> Version:
    caps: dict[str, Any] = {f"{name}_fen": None if getattr(row, name) is None else fen(getattr(row, name)) for name in _CAPS}
    scheme: dict[str, Any] = {name if name not in ("code", "name") else f"scheme_{name}": getattr(row.scheme, name) for name in _OF_SCHEME}
    return Version(
        **{name: getattr(row, name) for name in _PLAIN},
        **scheme,
        **caps,
        interest_months=tuple(row.interest_months),
        firm_sizes=tuple(row.firm_sizes),
        firm_ownerships=tuple(row.firm_ownerships),
        bank_ids=bank_ids,
    )


def _within(day: dt.date, first: dt.date | None, last: dt.date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


def _worth(versions: Iterable[Version]) -> int:
    return sum(version.rate_bp * version.window_months for version in versions)


def _add_up(a: Version, b: Version, rules: Rules) -> bool:
    return rules.get(frozenset((a.scheme_id, b.scheme_id))) == Stacking.Rule.ADDITIVE
