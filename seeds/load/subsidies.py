"""Schemes with their dated versions, the banks each admits, how they stack; budgets raised by documents; the re-lending facility."""

import datetime as dt

from common.models import NATION
from common.workdays import SHANGHAI
from lenders.models import Bank
from organisations.actors import system
from organisations.models import Region
from schemes import budgets
from schemes.models import BankEligibility, BudgetDocument, GrantStacking, RelendingFacility, Scheme, SchemeVersion, Stacking
from seeds.load.cells import YI, day, maybe_day, maybe_wan, wan
from seeds.load.merge import merge
from seeds.load.places import regions
from seeds.reference import Row, flag, split, table


def load_schemes() -> None:
    """What a version alone says of its scheme in the files (discretion, order of yielding) is the same in all versions of one scheme."""
    places = regions()
    versions = {row["scheme"]: row for row in table("scheme_versions")}
    merge(Scheme, [_scheme(row, versions[row["code"]], places) for row in table("schemes")], key=("code",))


def load_versions() -> None:
    schemes = _schemes()
    known = merge(
        SchemeVersion, [_version(row, schemes[row["scheme"]]) for row in table("scheme_versions")], key=("code",), keep=("supersedes_id",)
    )
    linked = []
    for row in table("scheme_versions"):
        version = known[(row["version"],)]
        earlier = known[(row["supersedes"],)].pk if row["supersedes"] else None
        if version.supersedes_id != earlier:
            version.supersedes_id = earlier
            linked.append(version)
    SchemeVersion.objects.bulk_update(linked, ["supersedes"])
    banks = {bank.code: bank for bank in Bank.objects.order_by("pk")}
    eligible = [
        BankEligibility(version=known[(row["scheme_version"],)], bank=banks[row["bank"]], province=known[(row["scheme_version"],)].province)
        for row in table("bank_eligibility")
    ]
    merge(BankEligibility, eligible, key=("version_id", "bank_id"))


def load_stacking() -> None:
    schemes = _schemes()
    rows = [
        Stacking(
            scheme_a=schemes[row["scheme_a"]],
            scheme_b=schemes[row["scheme_b"]],
            rule=row["rule"],
            valid_from=maybe_day(row["valid_from"]),
            source=row["source"],
        )
        for row in table("stacking")
    ]
    merge(Stacking, rows, key=("scheme_a_id", "scheme_b_id"))


def load_grant_stacking() -> None:
    schemes = _schemes()
    rows = [
        GrantStacking(
            scheme=schemes[row["scheme"]], kind=row["kind"], rule=row["rule"], source=row["source"], is_sample=flag(row["sample"])
        )
        for row in table("grant_stacking")
    ]
    merge(GrantStacking, rows, key=("scheme_id", "kind"))


def load_budgets() -> None:
    """A document once registered is never registered again, whatever the file says later: corrections are further documents."""
    schemes = _schemes()
    known = set(BudgetDocument.objects.values_list("budget__scheme__code", "budget__fiscal_year", "number"))
    for row in table("budgets"):
        if (row["scheme"], int(row["fiscal_year"]), row["document_no"]) in known:
            continue
        at = dt.datetime.combine(day(row["document_on"]), dt.time(9), tzinfo=SHANGHAI)
        budgets.add_document(
            schemes[row["scheme"]],
            fiscal_year=int(row["fiscal_year"]),
            number=row["document_no"],
            amount=wan(row["amount_wan"]),
            issued_on=day(row["document_on"]),
            is_sample=flag(row["sample"]),
            by=system(at),
            at=at,
        )


def load_facility() -> None:
    rows = [
        RelendingFacility(
            name=row["facility"],
            announced_on=day(row["announced_on"]),
            effective_on=day(row["effective_on"]),
            size_yuan=int(row["size_yi"]) * YI,
            rate_bp=int(row["rate_bp"]),
            state=row["state"],
            source=row["source"],
            note=row["note"],
        )
        for row in table("relending_facility")
    ]
    merge(RelendingFacility, rows, key=("name", "announced_on"))


def _schemes() -> dict[str, Scheme]:
    return {scheme.code: scheme for scheme in Scheme.objects.order_by("pk")}


def _scheme(row: Row, version: Row, places: dict[str, Region]) -> Scheme:
    region = places.get(row["region"])
    return Scheme(
        code=row["code"],
        name=row["name"],
        level=row["level"],
        authority=row["authority"],
        channel=row["channel"],
        is_discretionary=flag(version["discretionary"]),
        region_id=region.pk if region else None,
        yield_rank=int(version["yield_rank"]),
        is_sample=flag(row["sample"]),
        province=region.province if region else NATION,
    )


def _version(row: Row, scheme: Scheme) -> SchemeVersion:
    spans = ("contract_from", "contract_to", "purchase_from", "purchase_to", "drawdown_from", "drawdown_to", "payment_from", "payment_to")
    same = ("document_no", "title", "start_rule", "subsidised_part", "window_anchor", "convention", "shortfall_rule", "clawback_scope")
    return SchemeVersion(
        scheme=scheme,
        code=row["version"],
        announced_on=day(row["announced_on"]),
        rate_bp=int(row["rate_bp"]),
        window_months=int(row["window_months"]),
        day_count=int(row["day_count"]),
        interest_months=[int(month) for month in split(row["interest_months"])],
        interest_day=int(row["interest_day"]),
        requires_listed=flag(row["requires_candidate_list"]),
        requires_relending=flag(row["requires_relending"]),
        firm_sizes=split(row["firm_sizes"]),
        firm_ownerships=split(row["firm_ownerships"]),
        per_loan_cap=maybe_wan(row["per_loan_cap_wan"]),
        project_year_cap=maybe_wan(row["project_year_cap_wan"]),
        firm_year_cap=maybe_wan(row["firm_year_cap_wan"]),
        firm_loan_cap=maybe_wan(row["firm_total_loan_cap_wan"]),
        prepay_share_bp=int(row["prepayment_share_bp"]),
        source=row["note"],
        is_sample=flag(row["sample"]),
        province=scheme.province,
        **{name: maybe_day(row[name]) for name in spans},
        **{name: row[name] for name in same},
    )
