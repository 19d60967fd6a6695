"""Read a province as it stands into a snapshot: by columns, never row by row through objects."""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from django.db.models import Q

from common.errors import NotFound
from common.money import fen
from common.workdays import SHANGHAI
from lenders.models import Bank, Branch
from matching.collect_lenders import lenders, positions, products
from matching.commitments import Commitments
from matching.models import Floor, PinBan, Recommendation, Round, RoundData, Weights
from matching.refusals import standing
from matching.snapshot import ARRAYS, NONE, OWNERSHIPS, PRIORITIES, SCHEMA, SECURITIES, SIZES, IntArray, Snapshot, below, bits, read
from organisations import policy
from organisations.models import FirmBar, Industry, IndustryTag, Region, RegionTag
from projects.models import Filing, IntendedBank, Need, Project
from schemes import stacks
from schemes.models import Budget

POLICY_KEYS = ["expected_drawdown_days", "max_options_per_need", "round_gap_warning_bp", "standbys"]
PRIORITY_INDUSTRY, ASSISTED_COUNTY = "priority_chain", "assisted_county"  # kinds of IndustryTag and RegionTag
GREEN_OR_DIGITAL = frozenset({Project.Action.GREEN, Project.Action.DIGITAL})

NEED_COLUMNS = (
    "id",
    "firm_id",
    "project__region_id",
    "project__industry_id",
    "firm__firm__size",
    "firm__firm__ownership",
    "amount",
    "term_months",
    "year",
    "rate_cap_bp",
    "securities",
    "open_to_other_banks",
    "asks_for_suggestions",
    "firm__firm__house_bank_id",
    "firm__firm__honours",
    "project__action",
)


def snapshot_of(round_: Round, *, weights: Weights, commitments: Commitments, next_round_on: dt.date, at: dt.datetime) -> Snapshot:
    """All that the round will be decided on, as of now. `round_` is its own scope: programme, province and, for a child, its parent."""
    on = at.astimezone(SHANGHAI).date()
    places = _tree(Region, Q(province=round_.province), "region")
    trades = _tree(Industry, Q(), "industry")
    versions = stacks.load(province=round_.province, known_on=on)
    banks, names = lenders(round_, commitments, places["region_id"], versions, on)
    sold, product_names = products(banks["bank_id"], trades, on)
    needs = _needs(round_, commitments, places["region_id"], trades, banks["bank_id"], on)
    pairs = _pairs(round_, commitments, needs["need_id"], banks["branch_id"])
    arrays = places | trades | banks | sold | needs | pairs
    arrays |= _exposure(commitments, needs["need_firm"], banks["bank_id"]) | _budgets(versions, commitments)
    header = {
        "schema": SCHEMA,
        "round": {
            "number": round_.number,
            "province": round_.province,
            "programme": round_.programme.code,
            "parent": round_.parent.number if round_.parent else None,
            "reason": round_.reason,
            "planned_for": round_.planned_for.isoformat(),
            "known_on": on.isoformat(),
            "steps": round_.steps,
            "seed": round_.seed,
        },
        "next_round_on": next_round_on.isoformat(),
        "weights": {"document_no": weights.document_no, "valid_from": weights.valid_from.isoformat(), "points": weights.points},
        "policy": {key: int(value) for key, value in policy.values(POLICY_KEYS, province=round_.province, on=on).items()},
        "versions": [stacks.to_plain(version) for version in versions],
        "stacking": sorted([*sorted(pair), rule] for pair, rule in stacks.load_rules().items()),
        "floors": _floors(round_, places, on),
        "pins": _pins(round_, set(needs["need_id"].tolist()), on),
        **names,
        "products": product_names,
    }
    return Snapshot(header, {name: np.asarray(arrays[name], dtype=np.int64) for name in ARRAYS})


def _tree(model: Any, scope: Q, name: str) -> dict[str, IntArray]:
    rows = list(model.objects.filter(scope).order_by("id").values_list("id", "parent_id"))
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    return {f"{name}_id": ids, f"{name}_parent": positions(ids, (row[1] for row in rows))}


def _needs(
    round_: Round, commitments: Commitments, regions: IntArray, trades: dict[str, IntArray], banks: IntArray, on: dt.date
) -> dict[str, IntArray]:
    """The open needs of the scope by id: listed, not parked, not closed by what lies above, with something left to seek."""
    rows = list(open_needs(round_).order_by("id").values_list(*NEED_COLUMNS))
    scope = _scope_of_child(round_)
    left = commitments.remaining
    rows = [row for row in rows if row[0] not in commitments.closed and left.get(row[0], row[6]) > 0 and (scope is None or row[0] in scope)]
    (
        ids,
        firms,
        places,
        industries,
        sizes,
        ownerships,
        amounts,
        terms,
        years,
        caps,
        securities,
        others,
        asking,
        houses,
        honours,
        actions,
    ) = zip(*rows, strict=True) if rows else [()] * len(NEED_COLUMNS)
    current = Q(valid_from__lte=on) & (Q(valid_to=None) | Q(valid_to__gte=on))
    barred = set(FirmBar.objects.filter(current, province=round_.province).values_list("firm_id", flat=True))
    need_region, need_industry = positions(regions, places), positions(trades["industry_id"], industries)
    flags = (
        np.array([bool(value) for value in honours], dtype=bool),
        _tagged(need_industry, trades, current),
        np.isin(
            np.array(places, dtype=np.int64),
            list(RegionTag.objects.filter(current, kind=ASSISTED_COUNTY).values_list("region_id", flat=True)),
        ),
        np.array([action in GREEN_OR_DIGITAL for action in actions], dtype=bool),
    )
    columns = {
        "need_id": ids,
        "need_firm": firms,
        "need_region": need_region,
        "need_industry": need_industry,
        "need_size": [_place(size, SIZES) for size in sizes],
        "need_ownership": [_place(ownership, OWNERSHIPS) for ownership in ownerships],
        "need_amount": [fen(min(left.get(pk, amount), amount)) for pk, amount in zip(ids, amounts, strict=True)],
        "need_term": terms,
        "need_year": years,
        "need_rate_cap": [NONE if cap is None else cap for cap in caps],
        "need_securities": [bits(kinds, SECURITIES) for kinds in securities],
        "need_open": [a or b or pk in commitments.asking for pk, a, b in zip(ids, others, asking, strict=True)],
        "need_house_bank": _house_banks(houses, banks),
        "need_priority": sum((flag.astype(np.int64) << bit for bit, flag in zip(range(len(PRIORITIES)), flags, strict=True))),
        "need_barred": [firm in barred for firm in firms],
        "need_doubled": [pk in commitments.doubled for pk in ids],
    }
    return {name: np.array(column, dtype=np.int64) for name, column in columns.items()}


def open_needs(round_: Round) -> Any:
    """Needs whose own rows admit them to the round; what deals knows of them comes with the commitments."""
    return Need.objects.filter(
        province=round_.province, filing__programme=round_.programme_id, filing__state=Filing.State.LISTED, parked_reason=""
    )


def _scope_of_child(round_: Round) -> set[int] | None:
    """A child round takes needs of its parent's snapshot only: those refused since, and those left without a recommendation."""
    if round_.parent_id is None:
        return None
    stored = RoundData.objects.filter(round=round_.parent_id).values_list("header", "arrays").first()
    if stored is None:
        raise NotFound("上级轮次没有快照。", code="no_snapshot")
    return set(read(bytes(stored[0]), bytes(stored[1]))["need_id"].tolist())


def _tagged(own: IntArray, trades: dict[str, IntArray], current: Q) -> Any:
    """Which needs stand in a priority industry or below one."""
    tags = IndustryTag.objects.filter(current, kind=PRIORITY_INDUSTRY).values_list("industry_id", flat=True)
    tagged = below(trades["industry_parent"], np.isin(trades["industry_id"], list(tags)))
    return (own != NONE) & tagged[own] if len(tagged) else np.zeros(len(own), dtype=bool)


def _house_banks(houses: Sequence[int | None], banks: IntArray) -> IntArray:
    """The bank of the firm's basic account, which may be registered at the bank or at one of its branches."""
    held_at = {house for house in houses if house is not None}
    bank_of = dict(Bank.objects.filter(organisation__in=held_at).values_list("organisation_id", "id"))
    bank_of |= dict(Branch.objects.filter(organisation__in=held_at).values_list("organisation_id", "bank_id"))
    return positions(banks, (bank_of.get(house) if house else None for house in houses))


def _pairs(round_: Round, commitments: Commitments, needs: IntArray, branches: IntArray) -> dict[str, IntArray]:
    """Asked of all the scope's open needs; those that are not in the snapshot after all drop out by their position."""
    asked = open_needs(round_).values("pk")
    named = IntendedBank.objects.filter(need__in=asked).values_list("need_id", "branch_id", "rank")
    refused = standing(asked)
    previous = dict(
        Recommendation.objects.filter(need__in=asked, rank=0, round__state=Round.State.PUBLISHED, state=Recommendation.State.PUBLISHED)
        .order_by("round__published_at", "id")
        .values_list("need_id", "branch_id")
    )
    arrays = _pair_columns("named", named, needs, branches, extra="named_rank")
    arrays |= _pair_columns("refused", refused, needs, branches)
    arrays |= _pair_columns("busy", commitments.busy_pairs, needs, branches)
    return arrays | _pair_columns("previous", previous.items(), needs, branches)


def _pins(round_: Round, needs: set[int], on: dt.date) -> list[dict[str, Any]]:
    """Approved pins and bans in force, with their reasons."""
    rows = (
        PinBan.objects.filter(need__in=open_needs(round_).values("pk"), approved_by__isnull=False, valid_from__lte=on)
        .filter(Q(valid_to=None) | Q(valid_to__gte=on))
        .order_by("need_id", "branch_id", "kind", "id")
    )
    return [{"kind": row.kind, "need": row.need_id, "branch": row.branch_id, "reason": row.reason} for row in rows if row.need_id in needs]


def _pair_columns(
    name: str, rows: Iterable[tuple[int, ...]], needs: IntArray, branches: IntArray, *, extra: str = ""
) -> dict[str, IntArray]:
    """(need, branch[, value]) rows of known needs and branches, in canonical order."""
    table = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3 if extra else 2)
    need, branch = positions(needs, table[:, 0].tolist()), positions(branches, table[:, 1].tolist())
    known = (need != NONE) & (branch != NONE)
    columns = {f"{name}_need": need[known], f"{name}_branch": branch[known]}
    return columns | ({extra: table[known, 2]} if extra else {})


def _exposure(commitments: Commitments, firms: IntArray, banks: IntArray) -> dict[str, IntArray]:
    own = set(firms.tolist())
    rows = sorted((firm, bank, fen(amount)) for (firm, bank), amount in commitments.exposure.items() if firm in own and amount > 0)
    bank = positions(banks, (row[1] for row in rows))
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)[bank != NONE]
    return {"exposure_firm": table[:, 0], "exposure_bank": bank[bank != NONE], "exposure_amount": table[:, 2]}


def _budgets(versions: Sequence[stacks.Version], commitments: Commitments) -> dict[str, IntArray]:
    """What each discretionary scheme's budget of each year may still promise, live deals deducted. Not declared means nothing to promise."""
    schemes = {version.scheme_id for version in versions if version.is_discretionary}
    rows = (
        Budget.objects.filter(scheme__in=schemes)
        .order_by("scheme_id", "fiscal_year")
        .values_list("scheme_id", "fiscal_year", "account__limit", "account__held", "account__posted")
    )
    table = [
        (scheme, year, max(fen((limit or Decimal(0)) - held - posted - commitments.budget_use.get((scheme, year), Decimal(0))), 0))
        for scheme, year, limit, held, posted in rows
    ]
    columns = np.array(table, dtype=np.int64).reshape(-1, 3)
    return {"budget_scheme": columns[:, 0], "budget_year": columns[:, 1], "budget_free": columns[:, 2]}


def _floors(round_: Round, places: dict[str, IntArray], on: dt.date) -> list[dict[str, Any]]:
    """Floors in force in whole yuan; a child round only has to reach what its parent and siblings left open."""
    rows = (
        Floor.objects.filter(province=round_.province, programme=round_.programme_id, valid_from__lte=on)
        .filter(Q(valid_to=None) | Q(valid_to__gte=on))
        .prefetch_related("regions")
        .order_by("id")
    )
    floors = []
    for row in rows:
        regions = sorted(region.pk for region in row.regions.all())
        floors.append(
            {
                "id": row.pk,
                "name": row.name,
                "document_no": row.document_no,
                "regions": regions,
                "amount_yuan": max(int(row.amount) - _recommended(round_, places, regions), 0),
                "penalty": [row.penalty_num, row.penalty_den],
            }
        )
    return floors


def _recommended(round_: Round, places: dict[str, IntArray], regions: list[int]) -> int:
    """Whole yuan that the parent and its children already recommend in these regions."""
    if round_.parent_id is None:
        return 0
    within = places["region_id"][below(places["region_parent"], np.isin(places["region_id"], regions))]
    family = Q(round=round_.parent_id) | Q(round__parent=round_.parent_id)
    published = Recommendation.objects.filter(family, state=Recommendation.State.PUBLISHED, need__project__region__in=within.tolist())
    return sum(int(amount) for amount in published.values_list("amount", flat=True))


def _place(value: str | None, known: Sequence[str]) -> int:
    return known.index(value) if value in known else NONE
