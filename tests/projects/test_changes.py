"""A firm asks to change an admitted case: before and after field by field, decided by the tier that dated data names."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import AuditEvent, Deadline
from organisations.models import FirmProfile, PolicyParameter
from projects import review
from projects.case import change_rules, changes
from projects.models import ChangeRequest, ChangeRule, Filing, FilingVersion, IntendedBank, Need
from tests import factories
from tests.factories import NOW, TODAY


@pytest.fixture
def filing(world, cast):
    return factories.filing(world, cast.firm, state="in_pool")


def asked(filing, cast, *kinds, form=None, **options):
    return changes.ask(filing, kinds=kinds, form=form or {}, reason="供应商交货推迟", by=cast.lin, at=NOW, **options)


def pairs(row):
    return {changed.field: (changed.before, changed.after) for changed in row.rows.order_by("field")}


def test_before_and_after_are_kept_and_nothing_changes_before_the_decision(world, cast, filing):
    row = asked(filing, cast, "dates", form={"completes_on": "2027-12-31", "name": "不在变更之列"})

    assert pairs(row) == {"completes_on": ("2027-06-30", "2027-12-31")}
    assert (row.state, row.tier, row.unit.code, row.stage) == ("asked", "county", "IND-420111", "checker")
    assert Filing.objects.get(pk=filing.pk).form == filing.form
    clock = Deadline.objects.get(subject="projects.changerequest")
    assert (clock.kind, clock.organisation_id) == ("change", world["IND-420111"].organisation_id)


def test_granted_it_is_written_as_a_version_of_the_form(cast, filing):
    row = asked(filing, cast, "dates", form={"completes_on": "2027-12-31"})

    changes.grant(row, by=cast.hu, at=NOW, seen=row.version)

    current = Filing.objects.select_related("project").get(pk=filing.pk)
    assert (current.project.completes_on, current.form["completes_on"]) == (dt.date(2027, 12, 31), "2027-12-31")
    assert (current.state, current.version) == ("in_pool", filing.version + 1)
    assert FilingVersion.objects.get().form == current.form
    event = AuditEvent.objects.get(subject="projects.filing", verb="change")
    assert (event.changes, event.by_user_id) == ({"fields": ["completes_on"], "request": row.pk}, cast.hu.user_id)
    assert not Deadline.objects.filter(subject="projects.changerequest", closed_at=None).exists()


def test_a_need_keeps_its_identity_through_a_change(cast, filing):
    need = Need.objects.get(filing=filing)
    row = asked(filing, cast, "amount", form={"amount": "1500"})

    changes.grant(row, by=cast.gao, at=NOW, seen=row.version)

    assert Need.objects.values_list("pk", "amount", "version").get() == (need.pk, Decimal(15_000_000), need.version + 1)


def test_the_highest_tier_of_what_is_asked_decides(cast, filing):
    row = asked(filing, cast, "dates", "name", form={"completes_on": "2027-12-31", "name": "新名称"})

    assert (row.tier, row.unit.code, row.stage) == ("province", "IND-420000", "signer")


def test_where_the_way_has_no_such_tier_the_next_above_decides(world, cast):
    filing = factories.filing(world, cast.firm, state="in_pool", region="429004")

    row = asked(filing, cast, "amount", form={"amount": "1500"})

    assert (row.tier, row.unit.code) == ("city", "IND-420000")


@pytest.mark.django_db
def test_rules_are_dated_and_the_provinces_own_goes_first():
    ChangeRule.objects.bulk_create(
        [
            ChangeRule(field="amount", tier="city", valid_from=dt.date(2024, 1, 1), valid_to=dt.date(2025, 12, 31), source="x"),
            ChangeRule(field="amount", tier="province", valid_from=dt.date(2026, 1, 1), source="x"),
            ChangeRule(field="dates", tier="firm", valid_from=dt.date(2024, 1, 1), source="x", province="420000"),
            ChangeRule(field="dates", tier="city", valid_from=dt.date(2026, 1, 1), source="x"),
        ]
    )

    assert change_rules.tiers_of("420000", on=dt.date(2025, 12, 31)) == {"amount": "city", "dates": "firm"}
    assert change_rules.tiers_of("420000", on=dt.date(2026, 1, 1)) == {"amount": "province", "dates": "firm"}
    assert change_rules.tiers_of("430000", on=dt.date(2026, 1, 1)) == {"amount": "province", "dates": "city"}


def test_a_bank_swap_needs_only_the_firm(cast, filing):
    row = asked(filing, cast, "intended_banks", form={"intended_banks": ["HBB-WH"]})

    assert (row.state, row.unit_id) == ("granted", None)
    assert list(IntendedBank.objects.values_list("branch__code", "rank")) == [("HBB-WH", 1)]
    assert AuditEvent.objects.filter(subject="projects.filing", verb="change", changes__fields=["intended_banks"]).exists()


def test_what_was_admitted_may_be_changed_in_a_later_year_and_under_a_later_threshold(cast, filing):
    """The year of its need has passed, and the programme has become stricter: neither is this case's fault."""
    PolicyParameter.objects.filter(key="min_investment").update(valid_to=dt.date(2026, 12, 31))
    strict = {"value": Decimal(100_000_000), "unit": "yuan", "source": "样例", "valid_from": dt.date(2027, 1, 1)}
    PolicyParameter.objects.create(key="min_investment", province=filing.province, **strict)
    later = NOW.replace(year=2027)

    row = changes.ask(filing, kinds=["dates"], form={"completes_on": "2027-12-31"}, reason="延期", by=cast.lin, at=later)
    changes.grant(row, by=cast.hu, at=later, seen=row.version)

    assert Filing.objects.get(pk=filing.pk).form["completes_on"] == "2027-12-31"


def test_the_legal_representative_is_the_firms_own_fact(cast, filing):
    FirmProfile.objects.filter(organisation=cast.firm).update(legal_representative="林某")

    row = asked(filing, cast, "legal_representative", legal_representative="苏某")
    changes.grant(row, by=cast.hu, at=NOW, seen=row.version)

    assert pairs(row) == {"legal_representative": ("林某", "苏某")}
    assert FirmProfile.objects.get(organisation=cast.firm).legal_representative == "苏某"


@pytest.mark.parametrize(
    ("kinds", "form", "reason", "field", "code"),
    [
        (["dates"], {}, "x", "kinds", "nothing_changes"),
        (["fly"], {}, "x", "kinds", "unknown_choice"),
        (["dates"], {"completes_on": "2027-12-31"}, " ", "reason", "required"),
        (["dates"], {"completes_on": "2020-01-01"}, "x", "completes_on", "dates_out_of_order"),
        (["amount"], {"amount": "三百"}, "x", "amount", "not_a_number"),
        (["amount"], {"later_needs": [{"year": "2027", "amount": "10"}]}, "x", "later_needs", "years_fixed"),
        (["cancellation", "dates"], {"completes_on": "2027-12-31"}, "x", "kinds", "alone"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_the_rules_of_the_form(kinds, form, reason, field, code, cast, filing):
    with pytest.raises(Invalid) as refused:
        changes.ask(filing, kinds=kinds, form=form, reason=reason, by=cast.lin, at=NOW)

    assert (field, code) in [(problem.field, problem.code) for problem in refused.value.problems]
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize("name", ["chen", "mo_firm", "bai"])
def test_only_its_firm_asks(name, cast, filing):
    with pytest.raises(NotAllowed):
        changes.ask(filing, kinds=["dates"], form={"completes_on": "2027-12-31"}, reason="x", by=getattr(cast, name), at=NOW)


@pytest.mark.parametrize("name", ["lin", "chen", "wang", "mo_county", "bai"])
def test_only_the_deciding_stage_decides(name, cast, filing):
    row = asked(filing, cast, "dates", form={"completes_on": "2027-12-31"})

    with pytest.raises(NotAllowed):
        changes.grant(row, by=getattr(cast, name), at=NOW, seen=row.version)

    assert Filing.objects.get(pk=filing.pk).form["completes_on"] == "2027-06-30"


def test_one_request_at_a_time_and_one_decision(cast, filing):
    row = asked(filing, cast, "dates", form={"completes_on": "2027-12-31"})
    with pytest.raises(Conflict):
        asked(filing, cast, "intended_banks", form={"intended_banks": ["HBB-WH"]})
    changes.refuse(ChangeRequest.objects.get(), by=cast.hu, at=NOW, seen=0, note="理由不充分")

    with pytest.raises(Stale):
        changes.grant(row, by=cast.hu, at=NOW, seen=0)

    assert (ChangeRequest.objects.get().state, Filing.objects.get(pk=filing.pk).form["completes_on"]) == ("refused", "2027-06-30")
    assert asked(filing, cast, "dates", form={"completes_on": "2027-12-31"}).pk != row.pk


def test_a_case_in_review_is_returned_not_changed(world, cast):
    filing = factories.filing(world, cast.firm, state="in_review")

    with pytest.raises(Conflict):
        asked(filing, cast, "dates", form={"completes_on": "2027-12-31"})


def test_cancellation_is_asked_for_where_the_rule_says_so(cast, filing):
    ChangeRule.objects.filter(field="cancellation").update(tier="province")
    with pytest.raises(Invalid) as refused:
        review.withdraw(filing, by=cast.lin, at=NOW, seen=filing.version, note="项目取消")
    assert [problem.code for problem in refused.value.problems] == ["ask_first"]

    row = asked(filing, cast, "cancellation")
    changes.grant(row, by=cast.zhao, at=NOW, seen=row.version)

    assert (Filing.objects.get(pk=filing.pk).state, ChangeRequest.objects.get().state) == ("withdrawn", "granted")


def test_what_a_rule_leaves_to_the_firm_is_no_request(world):
    filing = factories.filing(world, state="in_pool")

    offered = {kind: tier for kind, _label, tier in change_rules.kinds_offered(filing, on=TODAY)}

    assert offered == {kind: tier for kind, tier in factories.review.CHANGE_TIERS.items() if kind != "cancellation"}
