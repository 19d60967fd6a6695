"""Banks, their own trees of branches, what they offer and what appetite they declared."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from common.models import NATION
from common.steps import record_many
from common.workdays import SHANGHAI
from ledger import accounts
from ledger.models import LedgerAccount
from lenders.models import Appetite, Bank, Branch, BranchServes, Product
from organisations.actors import system
from organisations.models import Programme
from seeds.load.cells import day, maybe_day, wan
from seeds.load.merge import merge
from seeds.load.offices import organisations_of
from seeds.load.places import regions
from seeds.load.words import province_of_programme
from seeds.reference import Row, flag, split, table

LOCAL = ("city", "rural")
LEVELS = ("provincial", "city", "outlet")


def load_banks() -> None:
    rows = table("banks")
    home = {True: province_of_programme(), False: NATION}
    for local in (False, True):
        own = [row for row in rows if (row["kind"] in LOCAL) is local]
        offices = organisations_of(Bank, own, kind="bank", regions=[None] * len(own), province=home[local])
        banks = [
            Bank(organisation=offices[row["code"]], code=row["code"], short_name=row["short_name"], kind=row["kind"], province=home[local])
            for row in own
        ]
        merge(Bank, banks, key=("code",))


def load_branches() -> None:
    """Level by level: a branch hangs under one of a higher level of its own bank, in whatever region that sits."""
    places = regions()
    banks = _banks()
    rows = table("branches")
    offices = organisations_of(Branch, rows, kind="branch", regions=[places[row["region"]] for row in rows])
    known: dict[str, Branch] = {}
    for level in LEVELS:
        own = [
            Branch(
                organisation=offices[row["code"]],
                bank=banks[row["bank"]],
                parent=known.get(row["parent"]),
                code=row["code"],
                level=level,
                region=places[row["region"]],
                province=places[row["region"]].province,
            )
            for row in rows
            if row["level"] == level
        ]
        known = {branch.code: branch for branch in merge(Branch, own, key=("code",)).values()}
    whole = province_of_programme()
    serves = [
        BranchServes(branch=known[row["code"]], region=places[code], province=known[row["code"]].province)
        for row in rows
        for code in ([whole] if row["serves"] == "*" else split(row["serves"]))
    ]
    merge(BranchServes, serves, key=("branch_id", "region_id"))


def load_products() -> None:
    banks = _banks()
    merge(Product, [_product(row, banks[row["bank"]]) for row in table("products")], key=("code",))


def load_appetites() -> None:
    """What each branch declared, and for each bank the sum of it. A declaration once made is the bank's own: files never overwrite it."""
    programme = Programme.objects.get(code=table("programmes")[0]["code"])
    branches = {branch.code: branch for branch in Branch.objects.select_related("bank", "organisation").order_by("pk")}
    known = set(Appetite.objects.filter(programme=programme).values_list("bank_id", "branch_id", "period"))
    of_branches = [
        _Declared(branches[row["branch"]].bank, branches[row["branch"]], row, wan(row["limit_wan"])) for row in table("appetites")
    ]
    of_banks: dict[tuple[int, str], _Declared] = {}
    for line in of_branches:
        total = of_banks.setdefault((line.bank.pk, line.row["period"]), _Declared(line.bank, None, line.row, Decimal(0)))
        total.limit += line.limit
    parents = _declare([line for line in of_banks.values() if line.key not in known], programme, {})
    known_parents = {row.bank_id: row.account for row in Appetite.objects.filter(branch=None).select_related("account").order_by("pk")}
    _declare([line for line in of_branches if line.key not in known], programme, known_parents | parents)


@dataclass
class _Declared:
    bank: Bank
    branch: Branch | None
    row: Row
    limit: Decimal

    @property
    def key(self) -> tuple[int, int | None, str]:
        return (self.bank.pk, self.branch.pk if self.branch else None, self.row["period"])


def _declare(lines: list[_Declared], programme: Programme, parents: dict[int, LedgerAccount]) -> dict[int, LedgerAccount]:
    """The same rows that `lenders.appetite.declare` writes one by one. Accounts by bank."""
    if not lines:
        return {}
    made = LedgerAccount.objects.bulk_create([_account(line, programme, parents.get(line.bank.pk)) for line in lines])
    rows = Appetite.objects.bulk_create(
        [_appetite(line, programme, account) for line, account in zip(lines, made, strict=True)], batch_size=500
    )
    at = dt.datetime.combine(day(lines[0].row["valid_from"]), dt.time(9), tzinfo=SHANGHAI)
    by = system(at)
    record_many(rows, "declare", by=by, at=at, note=_("示例数据"))
    limits = {row.account_id: (line.limit, f"appetite:{row.pk}:declared:0") for row, line in zip(rows, lines, strict=True)}
    accounts.set_limit_many(limits, by=by, at=at, note=_("示例数据"))
    return {line.bank.pk: account for line, account in zip(lines, made, strict=True)}


def _account(line: _Declared, programme: Programme, parent: LedgerAccount | None) -> LedgerAccount:
    kind, owner = ("branch", line.branch) if line.branch else ("bank", line.bank)
    assert owner is not None
    return LedgerAccount(
        kind=LedgerAccount.Kind.APPETITE,
        code=f"appetite:{programme.code}:{kind}:{owner.code}:{line.row['period']}",
        name=f"{owner} {line.row['period']} 意向额度",
        parent=parent,
        province=owner.province,
    )


def _appetite(line: _Declared, programme: Programme, account: LedgerAccount) -> Appetite:
    return Appetite(
        programme=programme,
        bank=line.bank,
        branch=line.branch,
        period=line.row["period"],
        valid_from=day(line.row["valid_from"]),
        valid_to=day(line.row["valid_to"]),
        account=account,
        max_ticket=wan(line.row["max_ticket_wan"]) if line.branch else None,
        case_load=int(line.row["case_load"]) if line.branch else None,
        version=1,
        province=account.province,
    )


def _banks() -> dict[str, Bank]:
    return {bank.code: bank for bank in Bank.objects.order_by("pk")}


def _product(row: Row, bank: Bank) -> Product:
    return Product(
        bank=bank,
        code=row["code"],
        name=row["name"],
        amount_min=wan(row["amount_min_wan"]),
        amount_max=wan(row["amount_max_wan"]),
        term_min_months=int(row["term_min_months"]),
        term_max_months=int(row["term_max_months"]),
        rate_min_bp=int(row["rate_min_bp"]),
        rate_max_bp=int(row["rate_max_bp"]),
        securities=split(row["securities"]),
        barred_industries=split(row["industries_barred"]),
        sizes=split(row["sizes"]),
        first_loan_ok=flag(row["first_loan_ok"]),
        valid_from=day(row["valid_from"]),
        valid_to=maybe_day(row["valid_to"]),
        is_sample=flag(row["sample"]),
        province=bank.province,
    )
