"""The province in numbers."""

from decimal import Decimal

import pytest
from django.db.models import Sum

from ledger.models import LedgerAccount
from lenders.models import Appetite
from organisations.models import Region
from portal import adequacy, figures, tiles
from portal.views.filings import municipals
from projects.models import Need
from tests import factories
from tests.factories import WAN
from tests.portal import cases

pytestmark = pytest.mark.django_db


@pytest.fixture
def on_the_way(world, cast):
    """Five filings of 1,000 万元, each one stage further: in the pool, listed, invited, signed, drawn."""
    owners = iter(factories.firms(world, 5))
    one = {"amount": Decimal(1000) * WAN}
    factories.filing(world, next(owners), state="in_pool", **one)
    listed, invited, signed, drawn = (factories.filing(world, next(owners), **one) for _each in range(4))
    for filing in (invited, signed, drawn):
        cases.invitation(world, filing, state="accepted")
    cases.deal(world, signed, state="signed")
    loan = cases.deal(world, drawn, state="drawing")
    cases.drawdown(loan, 1, Decimal(300) * WAN)
    cases.drawdown(loan, 2, Decimal(200) * WAN, paid_to_supplier_on=None)
    cases.invitation(world, listed, "HBB-WH", state="awaiting_consent")


def test_funnel_counts_each_stage_apart(on_the_way, cast):
    rows = figures.funnel(cast.zhao)

    assert [(str(row.label), row.filings, row.amount / WAN) for row in rows] == [
        ("储备", 5, 5000),
        ("列入清单", 4, 4000),
        ("送达银行", 3, 3000),
        ("银行已对接", 3, 3000),
        ("达成意向", 2, 2000),
        ("授信批复", 2, 2000),
        ("签约", 2, 2000),
        ("放款", 1, 500),
        ("划付供应商", 1, 300),
        ("划付后在贷", 0, 0),
    ]


def test_direct_county_is_a_row_of_its_own_once(world, cast):
    factories.filing(world, factories.firm(world, region="429004"), state="in_pool", region="429004", branches=("CCB-XT",))
    factories.filing(world, cast.firm, state="in_pool")

    rows = {row.region.code: row for row in figures.places(cast.zhao, list(municipals(cast.zhao)))}

    assert set(rows) == {"420100", "420200", "429004"}
    assert [rows[code].pool for code in ("420100", "420200", "429004")] == [1, 0, 1]
    assert figures.total(list(rows.values()))["reserve"] == Decimal(4000) * WAN


def test_pseudo_city_is_no_row(world, cast):
    Region.objects.create(
        code="429000",
        name="省直辖县级行政区划",
        pinyin="x",
        initials="x",
        level="prefecture",
        valid_from=factories.SINCE,
        province="420000",
    )

    codes = [region.code for region in municipals(cast.zhao)]

    assert codes == ["420100", "420200", "429004"]


def test_reserve_is_measured_against_what_the_banks_there_would_lend(on_the_way, cast):
    rows = {row.name: row for row in adequacy.rows(cast.zhao, "city")}

    wuhan, huangshi = rows["武汉市"], rows["黄石市"]
    here = {"branch__organisation__region__municipal__code": "420100"}
    free = adequacy._declared(cast.zhao).filter(**here).aggregate(n=Sum("free"))["n"]
    assert (wuhan.appetite, huangshi.appetite) == (free, None)
    assert wuhan.ratio == float(wuhan.place.unsigned / free)
    assert (wuhan.is_short, huangshi.ratio) == (wuhan.ratio < 1, None)
    assert wuhan.place.signed_share == 0.5
    assert wuhan.place.shade == "4"


def test_a_county_is_measured_against_every_branch_that_serves_it_and_a_bank_against_its_own(on_the_way, cast):
    counties = {row.name: row for row in adequacy.rows(cast.zhao, "county")}
    banks = adequacy.rows(cast.zhao, "bank")

    assert counties["洪山区"].need > 0
    assert all(row.need == 0 for name, row in counties.items() if name == "江夏区")
    assert sum(row.need for row in banks) == sum(need.amount for need in Need.objects.filter(filing__state__in=figures.IN_RESERVE))
    assert [row.need for row in banks] == sorted((row.need for row in banks), reverse=True)


def test_pages_show_the_rows(on_the_way, as_):
    client = as_("zhao")

    reserve, progress = (client.get(address).content.decode() for address in ("/adequacy/", "/progress/"))

    assert reserve.count("省直管</span>") == 1
    assert "5,000" in reserve
    assert 'class="tile shade-4 r2 c4" title="武汉市"' in progress
    assert "50.0%" in progress


def test_a_county_sees_itself_a_city_its_counties_and_neither_one_banks_figure(on_the_way, as_):
    county, city = (as_(name).get("/adequacy/") for name in ("chen", "wang"))

    assert [row.name for row in county.context["rows"]] == ["洪山区"]
    assert [row.name for row in city.context["rows"]] == ["洪山区", "江夏区"]
    assert "武汉市<" not in county.content.decode()
    for name in ("chen", "wang"):
        assert as_(name).get("/adequacy/?by=bank").context["wanted"] == "county"


def test_fewer_than_three_banks_are_no_sum_below_the_province(world, cast):
    county, province = adequacy._least(cast.chen), adequacy._least(cast.zhao)

    assert adequacy._told([(1, Decimal(5)), (1, Decimal(6)), (2, Decimal(7))], county) is None
    assert adequacy._told([(1, Decimal(5))], province) == 5
    assert adequacy._told([(1, Decimal(5)), (2, Decimal(6)), (3, Decimal(7))], county) == 18


def test_tiles_stand_side_by_side():
    assert len(tiles.PLACES) == 17
    assert len(set(tiles.PLACES.values())) == 17
    assert {row for row, _column in tiles.PLACES.values()} == {1, 2, 3, 4}


@pytest.mark.parametrize(("share", "expected"), [(None, "none"), (0, "0"), (0.05, "1"), (0.1, "1"), (0.35, "3"), (0.36, "4"), (0.9, "5")])
def test_shade_begins_above_its_limit(share, expected):
    assert tiles.shade(share) == expected


def test_accounts_show_banks_first_and_branches_on_request(world, as_):
    client = as_("zhao")

    banks = client.get("/accounts/").content.decode()
    branches = client.get(f"/accounts/?bank={world.banks['ICBC'].pk}").content.decode()

    assert "全行" in banks
    assert "工商银行武汉分行" not in banks
    assert "300,000" in banks  # three banks of 100,000 each; their branches' limits are contained in them
    assert "工商银行武汉分行" in branches
    assert "建设银行武汉分行" not in branches


def national(world):
    """ICBC's own row and account are the nation's; its branch's are the province's."""
    whole = Appetite.objects.get(bank=world.banks["ICBC"], branch=None)
    Appetite.objects.filter(pk=whole.pk).update(province="100000")
    LedgerAccount.objects.filter(pk=whole.account_id).update(province="100000")
    return whole


def test_national_banks_whole_account_is_read_by_the_province_it_binds(world, as_):
    whole = national(world)
    client = as_("zhao")

    shown = client.get("/accounts/").content.decode()

    assert "本省机构合计" not in shown
    assert "300,000" in shown
    assert client.get(f"/accounts/{whole.account_id}/").status_code == 200
    assert as_("mo_bank").get(f"/accounts/{whole.account_id}/").status_code == 404


def test_national_bank_without_a_branch_declared_here_is_not_read(world, as_):
    whole = national(world)
    Appetite.objects.filter(branch=world["ICBC-WH"]).update(province="430000")
    LedgerAccount.objects.filter(parent=whole.account).update(province="430000")

    assert as_("zhao").get(f"/accounts/{whole.account_id}/").status_code == 404


def test_branches_of_a_bank_that_declared_nothing_as_a_whole_are_added_up(world, as_):
    whole = Appetite.objects.get(bank=world.banks["ICBC"], branch=None)
    LedgerAccount.objects.filter(parent=whole.account).update(parent=None)
    whole.delete()

    shown = as_("zhao").get("/accounts/").content.decode()

    assert shown.count("本省机构合计") == 1
    assert "50,000" in shown
    assert "250,000" in shown  # two whole banks of 100,000 and one branch of 50,000


def test_bank_sees_its_own_accounts_only(world, as_):
    client = as_("bai")

    shown = client.get("/accounts/").content.decode()
    other = world.appetites["CCB-WH"].account

    assert "工商银行武汉分行" in shown
    assert "建设银行" not in shown
    assert "贴息预算" not in shown
    assert client.get(f"/accounts/{other.pk}/").status_code == 404
