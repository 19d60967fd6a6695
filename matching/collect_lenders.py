"""The lenders' half of a snapshot: banks and branches in service, their appetite, case-load and accounts, and the products they sell."""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from django.db.models import Q

from common.money import fen
from ledger.models import LedgerAccount
from lenders.models import Appetite, Bank, Branch, BranchServes, Product
from matching.commitments import Commitments
from matching.models import Round
from matching.snapshot import NONE, SECURITIES, SIZES, IntArray, bits
from organisations.models import Industry
from schemes import stacks
from schemes.models import Scheme

LOCAL = frozenset({Bank.Kind.CITY, Bank.Kind.RURAL})


def lenders(
    round_: Round, commitments: Commitments, regions: IntArray, versions: Sequence[stacks.Version], on: dt.date
) -> tuple[dict[str, IntArray], dict[str, Any]]:
    """Banks and branches that are in service, the branches' appetite of the day and the accounts above it."""
    branches = list(
        Branch.objects.filter(province=round_.province, organisation__is_active=True, bank__organisation__is_active=True)
        .order_by("id")
        .values_list("id", "bank_id", "code", "organisation__name")
    )
    branch_ids = np.array([row[0] for row in branches], dtype=np.int64)
    banks = list(Bank.objects.filter(pk__in={row[1] for row in branches}).order_by("id").values_list("id", "code", "short_name", "kind"))
    bank_ids = np.array([row[0] for row in banks], dtype=np.int64)
    declared = _appetites(round_, on)
    accounts, account_names = _accounts([row[0] for row in declared.values()])
    own = [declared.get(row[0], (None, None, None)) for row in branches]
    served = list(
        BranchServes.objects.filter(branch__province=round_.province)
        .order_by("branch_id", "region_id")
        .values_list("branch_id", "region_id")
    )
    serves_branch = positions(branch_ids, (row[0] for row in served))
    serves_region = positions(regions, (row[1] for row in served))
    known = (serves_branch != NONE) & (serves_region != NONE)
    arrays = accounts | {
        "bank_id": bank_ids,
        "bank_admitted": _admitted(bank_ids, [row[3] in LOCAL for row in banks], versions),
        "branch_id": branch_ids,
        "branch_bank": positions(bank_ids, (row[1] for row in branches)),
        "branch_account": positions(accounts["account_id"], (account for account, _ticket, _load in own)),
        "branch_case_load": np.array(
            [
                NONE if load is None else max(load - commitments.case_load.get(row[0], 0), 0)
                for row, (_account, _ticket, load) in zip(branches, own, strict=True)
            ],
            dtype=np.int64,
        ),
        "branch_ticket": np.array([NONE if ticket is None else fen(ticket) for _account, ticket, _load in own], dtype=np.int64),
        "serves_branch": serves_branch[known],
        "serves_region": serves_region[known],
    }
    names = {
        "banks": [{"id": row[0], "code": row[1], "name": row[2], "kind": row[3]} for row in banks],
        "branches": [{"id": row[0], "code": row[2], "name": row[3]} for row in branches],
        "accounts": account_names,
    }
    return arrays, names


def products(banks: IntArray, trades: dict[str, IntArray], on: dt.date) -> tuple[dict[str, IntArray], list[dict[str, Any]]]:
    rows = list(
        Product.objects.filter(bank__in=banks.tolist(), valid_from__lte=on)
        .filter(Q(valid_to=None) | Q(valid_to__gte=on))
        .order_by("id")
        .values_list(
            "id",
            "bank_id",
            "amount_min",
            "amount_max",
            "term_min_months",
            "term_max_months",
            "rate_min_bp",
            "rate_max_bp",
            "securities",
            "sizes",
            "barred_industries",
            "name",
        )
    )
    code_of = dict(Industry.objects.values_list("id", "code"))
    by_code: dict[str, list[int]] = {}
    for place, industry in enumerate(trades["industry_id"].tolist()):
        by_code.setdefault(code_of[industry], []).append(place)
    bars = sorted((place, industry) for place, row in enumerate(rows) for code in set(row[10]) for industry in by_code.get(code, ()))
    columns = {
        "product_id": [row[0] for row in rows],
        "product_bank": positions(banks, (row[1] for row in rows)),
        "product_amount_min": [fen(row[2]) for row in rows],
        "product_amount_max": [fen(row[3]) for row in rows],
        "product_term_min": [row[4] for row in rows],
        "product_term_max": [row[5] for row in rows],
        "product_rate_min": [row[6] for row in rows],
        "product_rate_max": [row[7] for row in rows],
        "product_securities": [bits(row[8], SECURITIES) for row in rows],
        "product_sizes": [bits(row[9], SIZES) for row in rows],
        "bars_product": [product for product, _industry in bars],
        "bars_industry": [industry for _product, industry in bars],
    }
    return {name: np.array(column, dtype=np.int64) for name, column in columns.items()}, [{"id": row[0], "name": row[11]} for row in rows]


def positions(ids: IntArray, wanted: Iterable[int | None]) -> IntArray:
    """Where each id stands in the sorted `ids`; NONE where it does not."""
    asked = np.array([NONE if one is None else one for one in wanted], dtype=np.int64)
    if len(ids) == 0:
        return np.full(len(asked), NONE, dtype=np.int64)
    found = np.minimum(np.searchsorted(ids, asked), len(ids) - 1)
    return np.where(ids[found] == asked, found, NONE)


def _appetites(round_: Round, on: dt.date) -> dict[int, tuple[int, Decimal | None, int | None]]:
    """Branch → (account, ticket, case-load) of the latest appetite in force. A ticket of the bank holds for its branches too."""
    rows = (
        Appetite.objects.filter(programme=round_.programme_id, province=round_.province, valid_from__lte=on, valid_to__gte=on)
        .order_by("valid_from", "id")
        .values_list("bank_id", "branch_id", "account_id", "max_ticket", "case_load")
    )
    tickets: dict[int, Decimal] = {}
    found: dict[int, tuple[int, int, Decimal | None, int | None]] = {}
    for bank, branch, account, ticket, load in rows:
        if branch is not None:
            found[branch] = (bank, account, ticket, load)
        elif ticket is not None:
            tickets[bank] = ticket
    return {
        branch: (account, min((t for t in (ticket, tickets.get(bank)) if t is not None), default=None), load)
        for branch, (bank, account, ticket, load) in found.items()
    }


def _accounts(wanted: Sequence[int]) -> tuple[dict[str, IntArray], list[dict[str, Any]]]:
    """The accounts asked for and all above them. Free of a limit not declared: NONE."""
    rows = {
        row[0]: row
        for row in LedgerAccount.objects.filter(kind=LedgerAccount.Kind.APPETITE).values_list(
            "id", "parent_id", "limit", "held", "posted", "name"
        )
    }
    line: set[int] = set()
    for account in wanted:
        above: int | None = account
        while above is not None and above not in line:
            line.add(above)
            above = rows[above][1]
    kept = [rows[pk] for pk in sorted(line)]
    ids = np.array([row[0] for row in kept], dtype=np.int64)
    free = [NONE if row[2] is None else max(fen(row[2] - row[3] - row[4]), 0) for row in kept]
    arrays = {
        "account_id": ids,
        "account_parent": positions(ids, (row[1] for row in kept)),
        "account_free": np.array(free, dtype=np.int64),
    }
    return arrays, [{"id": row[0], "name": row[5]} for row in kept]


def _admitted(banks: IntArray, local: Sequence[bool], versions: Sequence[stacks.Version]) -> IntArray:
    """Banks on the newest list of a central scheme, and local banks, which may lend though not with re-lending. No list: every bank."""
    newest: dict[int, stacks.Version] = {}
    for version in versions:
        if version.level == Scheme.Level.CENTRAL and version.bank_ids:
            rival = newest.get(version.scheme_id)
            if rival is None or (version.announced_on, version.id) > (rival.announced_on, rival.id):
                newest[version.scheme_id] = version
    if not newest:
        return np.ones(len(banks), dtype=np.int64)
    listed = {bank for version in newest.values() for bank in version.bank_ids}
    return np.isin(banks, list(listed)) * 2 | np.array(local, dtype=np.int64)  # bit 1: on the list, bit 0: local
