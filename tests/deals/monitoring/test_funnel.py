"""How far the money came: no stage holds less than the next, parts add up to the whole, a direct county is counted once."""

import datetime as dt
from collections import Counter
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.errors import NotAllowed
from deals.models import Deal, Drawdown, Repayment
from deals.monitoring import funnel
from deals.monitoring.funnel import Cut
from deals.monitoring.scope import scope_of
from deals.monitoring.sql import STAGES
from organisations.models import PolicyParameter
from projects.models import Filing
from tests import factories
from tests.deals.monitoring import rows
from tests.factories import HUBEI, TODAY, WAN
from tests.portal import cases

pytestmark = pytest.mark.django_db


def table(actor, /, **cut):
    return {row.code: row for row in funnel.rows(scope_of(actor), Cut(**cut))}


def total(actor, /, **cut):
    return funnel.total(scope_of(actor), Cut(**cut))


def wan(row, *stages):
    return [row.amounts[stage] / WAN for stage in stages]


def test_each_stage_holds_what_came_so_far(world, cast):
    for stage in STAGES:
        rows.need(world, stage)

    whole = total(cast.zhao)

    assert [whole.filings[stage] for stage in STAGES] == [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert wan(whole, *STAGES) == [10000, 9000, 8000, 7000, 6000, 5000, 3600, 2400, 800, 400]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_stages_never_rise_and_parts_add_up_to_the_whole(world, cast, seed):
    made = rows.by_lot(world, seed)

    whole = total(cast.zhao)

    for by in ("city", "county", "industry", "size", "period"):
        parts = table(cast.zhao, by=by).values()
        for one in [*parts, whole]:
            assert all(one.amounts[a] >= one.amounts[b] and one.filings[a] >= one.filings[b] for a, b in pairwise(STAGES))
        for stage in STAGES:
            assert sum(row.amounts[stage] for row in parts) == whole.amounts[stage], (by, stage)
            assert sum(row.filings[stage] for row in parts) == whole.filings[stage], (by, stage)
    agree_with_rows(whole, made)


def agree_with_rows(whole, made):
    """Counted once more, row by row."""
    reached = Counter(stage for _region, _branch, stage in made)
    for place, stage in enumerate(STAGES):
        assert whole.filings[stage] == sum(reached[later] for later in STAGES[place:])
    assert whole.amounts["signed"] == sum(deal.signed_amount or 0 for deal in Deal.objects.all())
    assert whole.amounts["drawn"] == sum(row.amount for row in Drawdown.objects.all())
    assert whole.amounts["paid"] == sum(row.amount for row in Drawdown.objects.exclude(paid_to_supplier_on=None))
    assert whole.amounts["outstanding"] == sum(row.amount for row in Drawdown.objects.filter(paid_to_supplier_on__lte=rows.LONG_AGO))


def test_direct_county_is_in_both_tables_and_in_each_sum_once(world, cast):
    rows.need(world, "outstanding", amount=1000)
    rows.need(world, "signed", region="420115", amount=2000)
    rows.need(world, "outstanding", region="429004", amount=3000)

    cities, counties = table(cast.zhao, by="city"), table(cast.zhao, by="county")

    assert list(cities) == ["429004", "420100", "420200"]
    assert list(counties) == ["429004", "420111", "420115", "420205"]
    assert wan(cities["420100"], "reserve", "signed", "outstanding") == [3000, 2700, 400]
    assert cities["429004"].is_direct
    assert cities["429004"].amounts == counties["429004"].amounts
    for found in (cities, counties):
        assert sum(row.amounts["reserve"] for row in found.values()) / WAN == 6000
    assert wan(total(cast.zhao), "reserve", "signed", "outstanding") == [6000, 5400, 1600]


def test_city_is_the_sum_of_its_counties(world, cast):
    rows.by_lot(world, 4)

    for code in ("420100", "429004"):
        below = table(cast.zhao, by="county", place=world.regions[code]).values()
        above = table(cast.zhao, by="city")[code]
        for stage in STAGES:
            assert sum(row.amounts[stage] for row in below) == above.amounts[stage]
        assert total(cast.zhao, place=world.regions[code]).amounts == above.amounts


def test_ranked_by_what_is_still_outstanding_not_by_what_was_signed(world, cast):
    rows.need(world, "signed", region="420111", amount=9000)
    rows.need(world, "outstanding", region="420115", amount=500)

    assert list(table(cast.zhao, by="county"))[:2] == ["420115", "420111"]


def test_what_came_back_is_not_outstanding(world, cast):
    rows.need(world, "outstanding", amount=1000, repaid=150)
    rows.need(world, "outstanding", amount=1000)
    Deal.objects.filter(pk=Deal.objects.order_by("pk").last().pk).update(state="repaid")

    assert wan(total(cast.zhao), "drawn", "paid", "outstanding") == [1600, 800, 250]


def test_what_a_supplier_gave_back_was_not_paid(world, cast):
    rows.need(world, "outstanding", amount=1000)
    first = Drawdown.objects.get(number=1)
    Repayment.objects.create(drawdown=first, kind="refunded", on=TODAY, amount=100 * WAN, slip_no="TK-1", province=HUBEI)

    assert wan(total(cast.zhao), "drawn", "paid", "outstanding") == [800, 300, 300]


def test_days_are_those_of_the_policy(world, cast):
    rows.need(world, "outstanding", amount=1000)
    PolicyParameter.objects.filter(key="outstanding_days").update(valid_to=TODAY - dt.timedelta(days=1))
    PolicyParameter.objects.create(key="outstanding_days", value=91, unit="days", valid_from=TODAY, source="测试")

    assert wan(total(cast.zhao), "paid", "outstanding") == [400, 0]


def test_given_up_intent_is_contact_alone(world, cast):
    rows.need(world, "approved")
    Deal.objects.update(state="declined")

    whole = total(cast.zhao)

    assert [whole.filings[stage] for stage in ("docked", "intent", "approved")] == [1, 0, 0]


def test_direct_loan_of_a_case_that_left_the_list_is_still_counted(world, cast):
    filing = factories.filing(world, cast.firm, branches=(), amount=1000 * WAN)
    cases.deal(world, filing, state="signed", origin="direct")
    Filing.objects.update(state="removed")

    assert [total(cast.zhao).filings[stage] for stage in ("reserve", "invited", "signed", "drawn")] == [1, 1, 1, 0]


def test_need_at_two_banks_is_in_both_rows_and_in_the_total_once(world, cast):
    filing = rows.need(world, "intent", amount=1000)
    cases.invitation(world, filing, "CCB-WH", state="open")

    banks = table(cast.zhao, by="bank")

    assert {code: (row.filings["invited"], row.filings["intent"]) for code, row in banks.items()} == {"ICBC": (1, 1), "CCB": (1, 0)}
    assert total(cast.zhao, by="bank").filings["invited"] == 1
    assert "reserve" not in funnel.shown(scope_of(cast.zhao), Cut("bank"))
    assert list(table(cast.zhao, by="branch", bank=world.banks["CCB"])) == ["CCB-WH"]


@pytest.mark.parametrize(
    ("name", "counties", "reserve"),
    [
        ("zhao", ["420111", "420115", "420205", "429004"], 6000),
        ("qian", ["420111", "420115", "420205", "429004"], 6000),
        ("wang", ["420111", "420115"], 3000),
        ("chen", ["420111"], 1000),
        ("mo_county", ["420115"], 2000),
        ("xu", ["429004"], 3000),
    ],
)
def test_each_unit_sees_its_own(world, cast, name, counties, reserve):
    rows.need(world, "reserve", amount=1000)
    rows.need(world, "reserve", region="420115", amount=2000)
    rows.need(world, "reserve", region="429004", amount=3000)

    by = getattr(cast, name)

    assert sorted(table(by, by="county")) == counties
    assert wan(total(by), "reserve") == [reserve]


def test_bank_sees_its_own_rows_and_a_firm_none(world, cast):
    filing = rows.need(world, "signed", amount=1000)
    cases.invitation(world, filing, "CCB-WH", state="awaiting_consent")
    rows.need(world, "outstanding", region="420115", amount=2000)

    mine, other = total(cast.bai), total(cast.an)

    assert wan(mine, "invited", "signed", "outstanding") == [1000, 900, 0]
    assert list(table(cast.bai, by="bank")) == ["ICBC"]
    assert list(table(cast.bai, by="county")) == ["420111"]
    assert wan(other, "invited", "outstanding") == [2000, 800]
    assert total(cast.mo_bank).filings["invited"] == 0
    for firm in (cast.lin, cast.mo_firm):
        with pytest.raises(NotAllowed):
            scope_of(firm)


def test_number_of_queries_is_that_of_an_empty_province(world, cast):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            scope = scope_of(cast.zhao)
            funnel.rows(scope, Cut("county"))
            funnel.total(scope, Cut("county"))
        return len(queries)

    before = asked()
    rows.by_lot(world, 5)

    assert asked() == before == 4
