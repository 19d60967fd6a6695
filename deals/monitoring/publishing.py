"""Figures for everybody: by city, with the indexes. A sum of fewer projects than policy names would tell of one firm, and is left out."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, NotAllowed
from common.steps import record
from deals import clocks
from deals.monitoring import evenness, funnel
from deals.monitoring.models import PublishedFigures
from deals.monitoring.scope import LINES, of_province
from deals.monitoring.sql import STAGES
from organisations import policy
from organisations.actors import Person, Seat
from organisations.models import Role

Told = Mapping[str, Any]


def publisher(by: Person) -> Seat | None:
    """Who signs in the provincial line department also says what is made public."""
    return next((seat for line in LINES if (seat := by.office(Role.SIGNER, line=line))), None)


def publish(by: Person) -> PublishedFigures:
    """The figures of today, once a day. Raises NotAllowed, Conflict."""
    seat = publisher(by)
    if seat is None:
        raise NotAllowed
    text = json.dumps(content(seat.province, by), ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    try:
        with transaction.atomic():
            made = PublishedFigures.objects.create(
                on=clocks.day(by.at), text=text, sha256=digest, published_at=by.at, published_by_id=by.user_id, province=seat.province
            )
            record(made, "publish", by=by, at=by.at, changes={"sha256": digest})
    except IntegrityError:
        raise Conflict(_("今日数据已经发布，不能更改。"), code="already_published", remedy=_("如有更正，请于次日再次发布。")) from None
    return made


def content(province: str, by: Person) -> dict[str, Any]:
    scope = of_province(province, by)
    least = policy.number("shown_from", province=province, on=clocks.day(by.at))
    cut = funnel.Cut(funnel.CITY)
    cities, whole = funnel.rows(scope, cut), funnel.total(scope, cut)
    return {
        "on": clocks.day(by.at).isoformat(),
        "province": province,
        "outstanding_days": scope.outstanding_days,
        "shown_from": least,
        "total": _cells(whole, {stage for stage in STAGES if 0 < whole.filings[stage] < least}),
        "cities": sorted(
            (
                {"code": row.code, "name": row.name, "stages": cells}
                for row, cells in zip(cities, _hidden_small(cities, least), strict=True)
            ),
            key=_by_what_is_told,
        ),
        "indexes": [
            {"what": one.what, "gini": None if one.gini is None else str(one.gini), "counties": one.counties, "without": one.without}
            for one in evenness.indexes(evenness.counties(scope))
        ],
    }


def _hidden_small(cities: Sequence[funnel.Row], least: int) -> list[Told]:
    hidden = {stage: left_out([row.filings[stage] for row in cities], least=least) for stage in STAGES}
    return [_cells(row, {stage for stage in STAGES if place in hidden[stage]}) for place, row in enumerate(cities)]


def _by_what_is_told(city: Told) -> tuple[bool, Decimal, str]:
    """Ranked like the tables; what is left out comes last, lest its place tell it."""
    cell = city["stages"]["outstanding"]
    return cell is None, -Decimal(cell["yuan"]) if cell else Decimal(0), city["code"]


def left_out(numbers: Sequence[int], *, least: int) -> set[int]:
    """Which places of a column are not told. One alone could be found by taking the others from the total: the next smallest goes with it."""
    small = {place for place, number in enumerate(numbers) if 0 < number < least}
    others = sorted((number, place) for place, number in enumerate(numbers) if number >= least)
    if small and sum(numbers[place] for place in small) < least and others:
        small.add(others[0][1])
    return small


def _cells(row: funnel.Row, hidden: set[str]) -> dict[str, Any]:
    """Stage → filings and yuan, or None where it is not told."""
    return {stage: None if stage in hidden else {"filings": row.filings[stage], "yuan": _yuan(row.amounts[stage])} for stage in STAGES}


def _yuan(amount: Decimal) -> str:
    return f"{amount:.2f}"


def read(row: PublishedFigures) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(row.text)
    return told
