"""From reserve to what is paid and still outstanding: by unit, bank, industry, size of firm and period; in four queries, whatever the size."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from deals import clocks
from deals.models import Deal
from deals.monitoring import sql
from deals.monitoring.scope import Scope
from lenders.models import Bank, Branch
from organisations.models import FirmProfile, Industry, Region
from projects.models import Filing

S, D = Filing.State, Deal.State
IN_RESERVE = [S.IN_POOL, S.HELD, S.REPORTED, S.LISTED]
SIGNED = [D.SIGNED, D.DRAWING, D.COMPLETED, D.REPAID]
APPROVED = [D.CREDIT_APPROVED, *SIGNED]
CITY, COUNTY, BANK, BRANCH, INDUSTRY, SIZE, PERIOD, WHOLE = "city", "county", "bank", "branch", "industry", "size", "period", "whole"
OVERLAPPING = (BANK, BRANCH)  # a need is shown to several: these rows do not add up
LABELS: Mapping[str, Any] = {
    "reserve": _("储备"),
    "listed": _("列入清单"),
    "invited": _("送达银行"),
    "docked": _("银行已对接"),
    "intent": _("达成意向"),
    "approved": _("授信批复"),
    "signed": _("签约"),
    "drawn": _("放款"),
    "paid": _("划付供应商"),
    "outstanding": _("划付后在贷"),
}
BY: Mapping[str, Any] = {
    CITY: _("市州"),
    COUNTY: _("县市区"),
    BANK: _("银行"),
    BRANCH: _("银行机构"),
    INDUSTRY: _("行业"),
    SIZE: _("企业规模"),
    PERIOD: _("申报季度"),
}
WORST_FIRST = ("outstanding", "paid", "drawn", "signed", "reserve")  # where two are even, the next decides


@dataclass(frozen=True)
class Cut:
    """What is compared, and which part of it is looked at. `place` is a city or a county."""

    by: str = CITY
    place: Region | None = None
    bank: Bank | None = None
    industry: Industry | None = None
    size: str = ""
    period: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table: `code` finds it again, `amounts` and `filings` by stage."""

    code: str
    name: Any
    filings: Mapping[str, int]
    amounts: Mapping[str, Decimal]
    place: Region | None = None

    @property
    def is_direct(self) -> bool:
        return self.place is not None and self.place.level == Region.Level.COUNTY_DIRECT

    @property
    def kept_share(self) -> float | None:
        """Of what was signed: how much is paid and still outstanding."""
        return float(self.amounts["outstanding"] / self.amounts["signed"]) if self.amounts["signed"] else None


NOTHING = (dict.fromkeys(sql.STAGES, 0), dict.fromkeys(sql.STAGES, Decimal(0)))


def shown(scope: Scope, cut: Cut) -> tuple[str, ...]:
    """A bank's own figures begin with what it was asked: what else is in reserve is none of its."""
    asked_only = scope.only_asked or cut.bank is not None or cut.by in OVERLAPPING
    return sql.STAGES[sql.STAGES.index("invited") if asked_only else 0 :]


def rows(scope: Scope, cut: Cut) -> list[Row]:
    """Ranked by what is paid and still outstanding, never by what was signed."""
    found = _figures(scope, cut)
    named = NAMES[cut.by](scope, cut, found)
    made = [Row(code, name, *found.get(key, NOTHING), place=place) for key, code, name, place in named]
    return sorted(made, key=lambda row: (*(-row.amounts[stage] for stage in WORST_FIRST), row.code))


def total(scope: Scope, cut: Cut) -> Row:
    """Each need once, however often the rows count it."""
    whole = Cut(WHOLE, cut.place, cut.bank, cut.industry, cut.size, cut.period)
    return Row("", _("合计"), *_figures(scope, whole).get(None, NOTHING))


def _figures(scope: Scope, cut: Cut) -> dict[Any, tuple[dict[str, int], dict[str, Decimal]]]:
    today = clocks.day(scope.by.at)
    asked = [rows.order_by().values("pk").query.sql_with_params() for rows in (scope.filings, scope.invitations, scope.deals)]
    of_bank, bank = ("branch.bank_id = %s", [cut.bank.pk]) if cut.bank else ("TRUE", [])
    within, values = _within(cut)
    statement = sql.FUNNEL.format(
        filings=asked[0][0],
        invitations=asked[1][0],
        deals=asked[2][0],
        lender=sql.LENDERS.get(cut.by, sql.NO_LENDER),
        of_bank=of_bank,
        seen="TRUE" if scope.only_asked else "filing.id IN (SELECT pk FROM seen_filing)",
        key=sql.KEYS[cut.by],
        join="JOIN" if "reserve" not in shown(scope, cut) else "LEFT JOIN",
        within=within,
        most=sql.MOST,
        figures=sql.FIGURES,
    )
    params = [param for _text, params in asked for param in params]
    long_ago = today - dt.timedelta(days=scope.outstanding_days)
    params += [today, long_ago, APPROVED, SIGNED, list(Deal.GIVEN_UP), *bank, IN_RESERVE, *values]
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return {key: _read(told) for key, *told in cursor.fetchall()}


def _read(told: Sequence[Any]) -> tuple[dict[str, int], dict[str, Decimal]]:
    return dict(zip(sql.STAGES, told[0::2], strict=True)), dict(zip(sql.STAGES, told[1::2], strict=True))


def _within(cut: Cut) -> tuple[str, list[Any]]:
    parts: list[tuple[str, Any]] = [
        ("%s IN (asked.region_id, asked.municipal_id)", cut.place and cut.place.pk),
        ("asked.industry_id = %s", cut.industry and cut.industry.pk),
        ("asked.size = %s", cut.size),
        ("asked.period = %s", cut.period),
    ]
    chosen = [(text, value) for text, value in parts if value]
    return " AND ".join(text for text, _value in chosen) or "TRUE", [value for _text, value in chosen]


Named = Iterable[tuple[Any, str, Any, Region | None]]


def _regions(scope: Scope, cut: Cut, found: Iterable[Any]) -> Named:
    """All the reader may compare, with those out of force that still hold something; a direct county is city and county, each time once."""
    here = Q(pk__in=list(found))
    if not scope.only_asked:
        counties = scope.regions.filter(valid_to=None)
        if cut.place:
            counties = counties.filter(Q(pk=cut.place.pk) | Q(municipal=cut.place.pk))
        here |= Q(pk__in=counties.order_by().values("pk" if cut.by == COUNTY else "municipal"))
    return [(row.pk, row.code, row.name, row) for row in Region.objects.filter(here).order_by("code")]


def _lenders(_scope: Scope, cut: Cut, found: Iterable[Any]) -> Named:
    model: Any = Bank if cut.by == BANK else Branch
    rows = model.objects.filter(pk__in=list(found)).annotate(name=F("organisation__name")).values_list("pk", "code", "name")
    return [(pk, code, name, None) for pk, code, name in rows]


def _industries(_scope: Scope, _cut: Cut, found: Iterable[Any]) -> Named:
    rows = Industry.objects.filter(pk__in=list(found)).values_list("pk", "code", "name")
    return [(pk, code, name, None) for pk, code, name in rows]


def _sizes(_scope: Scope, _cut: Cut, found: Iterable[Any]) -> Named:
    labels = dict(FirmProfile.Size.choices)
    return [(size, size, labels.get(size, _("未登记")), None) for size in found]


def _periods(_scope: Scope, _cut: Cut, found: Iterable[Any]) -> Named:
    return [(period, period, period or _("未登记"), None) for period in found]


NAMES: Mapping[str, Any] = {
    CITY: _regions,
    COUNTY: _regions,
    BANK: _lenders,
    BRANCH: _lenders,
    INDUSTRY: _industries,
    SIZE: _sizes,
    PERIOD: _periods,
}
