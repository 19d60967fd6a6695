"""The reference data in the database: complete, the same after a second run, and nobody on the pseudo-city."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Invalid
from ledger.models import Entry, LedgerAccount
from lenders.models import Appetite, Bank, Branch, BranchServes, Product
from matching.models import Weights
from organisations.models import Batch, Organisation, PolicyParameter, Region, ReviewChain, Unit, UnitCovers
from projects.routing import receiving_unit
from schemes.models import BankEligibility, Budget, BudgetDocument, Scheme, SchemeVersion
from seeds import reference
from seeds.load import load_all, words

COUNTED = (
    Appetite, Bank, BankEligibility, Batch, Branch, BranchServes, Budget, BudgetDocument, Entry, LedgerAccount, Organisation,
    PolicyParameter, Product, Region, ReviewChain, Scheme, SchemeVersion, Unit, UnitCovers, Weights,
)  # fmt: skip


@pytest.fixture
def kept_reference(states):
    return states.add(load_all)


@pytest.fixture
def seeded(kept_reference, db):
    """The reference data, as `load_all` puts it there."""


def _counts():
    return {model.__name__: model.objects.count() for model in COUNTED}


def test_province_has_17_municipal_and_103_county_level_units(seeded):
    municipal = Region.objects.exclude(municipal=None).values("municipal").distinct().count()
    counties = Region.objects.filter(level__in=[Region.Level.COUNTY, Region.Level.COUNTY_DIRECT]).count()

    assert (Region.objects.count(), municipal, counties) == (117, 17, 103)


def test_loading_twice_changes_nothing(seeded, django_assert_max_num_queries):
    before = _counts()
    balances = list(LedgerAccount.objects.order_by("pk").values_list("code", "limit", "held", "posted", "last_seq"))

    with django_assert_max_num_queries(250):
        load_all()

    assert _counts() == before
    assert list(LedgerAccount.objects.order_by("pk").values_list("code", "limit", "held", "posted", "last_seq")) == balances


def test_a_changed_line_changes_its_row_and_a_new_date_adds_one(seeded, monkeypatch):
    rows = reference.table("policy_parameters")
    changed = [dict(row, value="4") if row["key"] == "standbys" else row for row in rows]
    later = dict(next(row for row in rows if row["key"] == "min_term_months"), value="24", valid_from="2027-01-01")
    monkeypatch.setattr(words, "table", lambda name: (*changed, later) if name == "policy_parameters" else reference.table(name))

    words.load_policy()

    assert PolicyParameter.objects.get(key="standbys").value == 4
    assert sorted(PolicyParameter.objects.filter(key="min_term_months").values_list("valid_from", "value")) == [
        (dt.date(2024, 4, 7), Decimal(12)),
        (dt.date(2027, 1, 1), Decimal(24)),
    ]
    assert PolicyParameter.objects.count() == len(rows) + 1


def test_the_pseudo_city_has_no_unit_and_no_reviewer(seeded):
    hubei = Region.objects.get(code="420000")
    pseudo = Region.objects.create(
        code="429000",
        name="省直辖县级行政区划",
        pinyin="x",
        initials="x",
        level="prefecture",
        parent=hubei,
        valid_from=dt.date(2024, 1, 1),
        province="420000",
    )

    load_all()

    assert not Unit.objects.filter(region=pseudo).exists()
    assert not UnitCovers.objects.filter(region=pseudo).exists()
    with pytest.raises(Invalid) as refused:
        receiving_unit(pseudo, None, line="industry", on=dt.date(2026, 3, 2))
    assert [problem.code for problem in refused.value.problems] == ["no_receiving_unit"]


@pytest.mark.parametrize("code", ["429004", "429005", "429006", "429021"])
def test_direct_counties_receive_their_own_cases_and_report_to_the_province(seeded, code):
    unit = receiving_unit(Region.objects.get(code=code), None, line="industry", on=dt.date(2026, 3, 2))

    link = ReviewChain.objects.get(process="industry", unit=unit)

    assert (unit.kind, unit.region.code, link.next_unit.kind) == ("county", code, "province")


def test_a_branch_account_stands_under_its_bank_and_the_bank_declares_the_sum(seeded):
    branch = Appetite.objects.filter(branch__code="ICBC-WUCHANG").select_related("account__parent").get()
    bank = Appetite.objects.select_related("account").get(bank__code="ICBC", branch=None)

    siblings = Appetite.objects.filter(bank__code="ICBC").exclude(branch=None).select_related("account")

    assert branch.account.parent_id == bank.account_id
    assert bank.account.limit == sum(row.account.limit for row in siblings)


def test_budgets_rise_by_their_documents_only(seeded):
    budget = Budget.objects.select_related("account").get(scheme__code="HB-ADDON", fiscal_year=2026)

    assert budget.account.limit == sum(row.amount for row in budget.documents.order_by("pk")) == Decimal(15_000_000)


def test_batches_close_at_the_end_of_a_working_day(seeded):
    batch = Batch.objects.get(code="2026-02", track="industry")

    assert batch.county_closes_at.astimezone(dt.timezone(dt.timedelta(hours=8))).isoformat() == "2026-02-24T23:59:59+08:00"
