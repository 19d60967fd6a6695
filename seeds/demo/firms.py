"""The invented firms, as a register would hand them over."""

from collections.abc import Sequence

from lenders.models import Bank
from organisations.models import FirmBar, FirmProfile, FirmYear, Industry, Organisation
from seeds.load.places import regions
from seeds.rows import FilingRow, FirmRow

BAR_SOURCE = "【虚构】演示数据"


def load_firms(rows: Sequence[FirmRow]) -> list[Organisation]:
    places = regions()
    firms = Organisation.objects.bulk_create(
        [
            Organisation(
                kind=Organisation.Kind.FIRM,
                name=row.name,
                uscc=row.uscc,
                region=places[row.registered_region],
                province=places[row.region].province,
            )
            for row in rows
        ],
        batch_size=1000,
    )
    trades = {row.code: row for row in Industry.objects.order_by("edition")}
    banks = {bank.code: bank.organisation_id for bank in Bank.objects.order_by("pk")}
    FirmProfile.objects.bulk_create(
        [_profile(firm, row, trades, banks) for firm, row in zip(firms, rows, strict=True)],
        batch_size=1000,
    )
    FirmYear.objects.bulk_create(
        [
            FirmYear(
                firm=firm,
                year=year.year,
                assets=year.assets_yuan,
                liabilities=year.liabilities_yuan,
                revenue=year.revenue_yuan,
                profit=year.profit_yuan,
                tax=year.tax_yuan,
                province=firm.province,
            )
            for firm, row in zip(firms, rows, strict=True)
            for year in row.years
        ],
        batch_size=1000,
    )
    return firms


def bar(row: FirmRow, firm: Organisation, filings: Sequence[FilingRow]) -> FirmBar | None:
    """The entry on the bar list that came to light while the firm's last application lay at the county."""
    decided = [filing.decided_on for filing in filings if filing.firm_uscc == row.uscc and filing.decided_on]
    if not row.bar or not decided:
        return None
    return FirmBar(
        firm=firm, kind=row.bar, reason="列入严重失信主体名单", source=BAR_SOURCE, valid_from=max(decided), province=firm.province
    )


def _profile(firm: Organisation, row: FirmRow, trades: dict[str, Industry], banks: dict[str, int]) -> FirmProfile:
    return FirmProfile(
        organisation=firm,
        size=row.size,
        ownership=row.ownership,
        industry=trades[row.industry],
        founded_on=row.founded_on,
        legal_representative=row.legal_representative,
        contact_name=row.contact_name,
        contact_phone=row.contact_phone,
        staff=row.staff,
        house_bank_id=banks[row.house_bank],
        honours=list(row.honours),
        province=firm.province,
    )
