"""Bad input of every kind: refused with the field, what was written and the remedy; every problem at once."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import translation

from common.errors import Invalid
from organisations.models import FirmBar, Organisation, Region
from projects.application import load_known, parse
from projects.form_fields import FORM_FIELDS, SECTIONS, opened_by
from projects.reading import READERS
from tests import factories
from tests.factories import HUBEI, SINCE, TODAY, form


@pytest.fixture
def firm(world):
    return factories.firm(world)


def read(firm, typed, *, on=TODAY):
    return parse(typed, firm=firm, on=on, known=load_known([firm], province=HUBEI, on=on))


def problems(firm, typed, **options):
    with pytest.raises(Invalid) as refused:
        read(firm, typed, **options)
    return refused.value.problems


def codes(firm, typed, **options):
    return [(problem.field, problem.code) for problem in problems(firm, typed, **options)]


def test_a_good_form_becomes_typed_values(world, firm):
    typed = form(later_needs=[{"year": "2027", "amount": "500"}])

    application = read(firm, typed)

    assert (application.total_investment, application.equipment_investment) == (Decimal("40000000.00"), Decimal("30000000.00"))
    assert (application.region, application.zone, application.industry) == (world["420111"], None, world.industries["36"])
    assert application.needs == ((2026, Decimal("20000000.00")), (2027, Decimal("5000000.00")))
    assert (application.term_months, application.rate_cap_bp, application.securities) == (60, 350, ("mortgage", "guarantee"))
    assert application.branch_ids == (world["ICBC-WH"].pk, world["CCB-WH"].pk)
    assert (application.starts_on, application.completes_on) == (dt.date(2026, 3, 1), dt.date(2027, 6, 30))
    assert [(row.name, row.quantity, row.amount, row.is_software) for row in application.equipment] == [
        ("数控加工中心", 40, Decimal("28000000.00"), False),
        ("制造执行系统", 1, Decimal("2000000.00"), True),
    ]
    assert application.benefits == {"energy_saved_tce": Decimal(120)}


def test_a_form_as_spreadsheets_and_people_write_it_is_read_too(firm):
    typed = form(
        total_investment="４，０００．００ 万元",
        equipment_investment=3000.0,
        term_months=60.0,
        rate_cap="3.5%",
        starts_on="2026年3月1日",
        completes_on="2027/6/30",
        action="数字化转型",
        open_to_other_banks="是",
        project_code="",
        zone=None,
    )

    application = read(firm, typed)

    assert (application.total_investment, application.term_months, application.rate_cap_bp) == (Decimal(40_000_000), 60, 350)
    assert (application.starts_on, application.action, application.project_code) == (dt.date(2026, 3, 1), "digital", "")
    assert application.open_to_other_banks is True


ONE_MISTAKE = {
    "wrong check digit of the supplier": (
        {"equipment.0.supplier_uscc": "91420100MA4KXXXX12"},
        "equipment.0.supplier_uscc",
        "uscc_check_digit",
    ),
    "wrong check digit of the project code": ({"project_code": "2601-420111-07-02-123456"}, "project_code", "project_code_check_digit"),
    "project code kept as a number": ({"project_code": 2.60142e19}, "project_code", "project_code_digits_lost"),
    "need above the investment": ({"amount": "4000.000001"}, "amount", "need_above_investment"),
    "needs of all years above the investment": ({"later_needs": [{"year": 2027, "amount": "2000.01"}]}, "amount", "need_above_investment"),
    "need of nothing": ({"amount": "0"}, "amount", "need_not_positive"),
    "term under one year": ({"term_months": "11"}, "term_months", "term_too_short"),
    "a fourth intended bank": ({"intended_banks": ["ICBC-WH", "CCB-WH", "HBB-WH", "ICBC-HB"]}, "intended_banks.3", "too_many_banks"),
    "an unknown bank": ({"intended_banks": ["ICBC-WH", "XYZ"]}, "intended_banks.1", "unknown_branch"),
    "a bank twice": ({"intended_banks": ["ICBC-WH", "ICBC-WH"]}, "intended_banks.1", "repeated_branch"),
    "an unknown region": ({"region": "999999"}, "region", "unknown_region"),
    "a whole city": ({"region": "420100"}, "region", "region_too_wide"),
    "seven decimals": ({"own_capital": "1200.0000001"}, "own_capital", "too_many_decimals"),
    "yuan instead of 万元": ({"own_capital": "12000000元"}, "own_capital", "unit_yuan"),
    "a negative amount": ({"invested": "-1"}, "invested", "negative"),
    "investment below the threshold": (
        {"total_investment": "499.99", "equipment_investment": "400", "own_capital": "120", "amount": "200", "equipment": "sum"},
        "total_investment",
        "below_threshold",
    ),
    "equipment above the total": ({"equipment_investment": "4000.01", "equipment": "sum"}, "equipment_investment", "equipment_above_total"),
    "invested above the total": ({"invested": "4001"}, "invested", "invested_above_total"),
    "too little own capital": ({"own_capital": "799.99"}, "own_capital", "own_capital_short"),
    "rows that do not add up": ({"equipment_investment": "2999"}, "equipment_investment", "equipment_sum"),
    "a row that does not multiply": ({"equipment.0.quantity": "39"}, "equipment.0.amount", "row_does_not_multiply"),
    "a row of nothing": ({"equipment.1.quantity": "0"}, "equipment.1.quantity", "no_quantity"),
    "a row without its name": ({"equipment.1.name": ""}, "equipment.1.name", "required"),
    "no name": ({"name": "  "}, "name", "required"),
    "a name too long": ({"name": "长" * 201}, "name", "too_long"),
    "an unknown action": ({"action": "other"}, "action", "unknown_choice"),
    "an unknown security": ({"securities": ["credit", "x"]}, "securities.1", "unknown_choice"),
    "securities that are no list": ({"securities": "credit"}, "securities", "not_a_list"),
    "an unknown industry": ({"industry": "99"}, "industry", "unknown_industry"),
    "a day that does not exist": ({"starts_on": "2026-02-30"}, "starts_on", "not_a_date"),
    "a year of the last century": ({"starts_on": "1026-02-03"}, "starts_on", "not_a_date"),
    "an end before the start": ({"completes_on": "2026-02-28"}, "completes_on", "dates_out_of_order"),
    "a start next year": ({"starts_on": "2027-01-01"}, "starts_on", "starts_too_late"),
    "a need of a past year": ({"year": "2025"}, "year", "year_out_of_range"),
    "two needs of one year": ({"later_needs": [{"year": 2026, "amount": "1"}]}, "later_needs.0.year", "year_out_of_order"),
    "a rate in basis points": ({"rate_cap": "350"}, "rate_cap", "not_a_rate"),
    "an unknown zone": ({"zone": "ZONE-X"}, "zone", "unknown_zone"),
    "a vague purpose": ({"loan_purpose": "项目投资"}, "loan_purpose", "purpose_vague"),
    "nobody to ask": ({"intended_banks": [], "open_to_other_banks": False}, "intended_banks", "nobody_asked"),
    "neither yes nor no": ({"open_to_other_banks": "也许"}, "open_to_other_banks", "not_yes_or_no"),
    "a field nobody knows": ({"totol": "1"}, "totol", "unknown_field"),
    "too many rows": ({"later_needs": [{}] * 501}, "later_needs", "too_many_rows"),
    "a row that is no row": ({"later_needs": ["x"]}, "later_needs.0", "not_a_row"),
    "a group that is no group": ({"benefits": "x"}, "benefits", "not_a_group"),
    "jobs in words": ({"benefits": {"jobs": "若干"}}, "benefits.jobs", "not_an_integer"),
    "energy in words": ({"benefits": {"energy_saved_tce": "很多"}}, "benefits.energy_saved_tce", "not_a_number"),
    "a name that is a number": ({"name": 7}, "name", "not_text"),
}


def changed(changes):
    typed = form()
    for path, value in changes.items():
        name, *rest = path.split(".")
        if value == "sum":
            total = changes["equipment_investment"]
            typed["equipment"] = [{"name": "数控加工中心", "unit_price": total, "quantity": "1", "amount": total}]
        elif rest:
            typed[name][int(rest[0])][rest[1]] = value
        else:
            typed[name] = value
    return typed


@pytest.mark.parametrize("mistake", ONE_MISTAKE)
def test_one_mistake_is_refused_at_its_field(mistake, firm):
    changes, field, code = ONE_MISTAKE[mistake]

    (problem,) = problems(firm, changed(changes))

    assert (problem.field, problem.code) == (field, code)
    assert str(problem.message)
    assert str(problem.remedy)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "4000", "own_capital": "800"},
        {"term_months": "12"},
        {"intended_banks": ["ICBC-WH", "CCB-WH", "HBB-WH"]},
        {"intended_banks": [], "asks_for_suggestions": True, "open_to_other_banks": False},
        {"total_investment": "500", "equipment_investment": "400", "own_capital": "100", "amount": "200", "equipment": "sum"},
        {"own_capital": "1200.000001"},
        {"starts_on": "2026-12-31"},
        {"invested": "4000"},
        {"equipment.0.unit_price": "70.004", "equipment.0.amount": "2800"},
        {"rate_cap": ""},
        {"benefits": {}},
    ],
)
def test_what_stands_exactly_on_a_limit_is_accepted(changes, firm):
    assert read(firm, changed(changes))


def test_every_problem_is_told_at_once_and_quotes_what_was_written(firm):
    typed = form(
        region="999999", amount="5000", term_months="6", intended_banks=["ICBC-WH", "CCB-WH", "HBB-WH", "ICBC-HB"], own_capital="1.0000001"
    )

    found = problems(firm, typed)

    assert [(problem.field, problem.code) for problem in found] == [
        ("region", "unknown_region"),
        ("own_capital", "too_many_decimals"),
        ("amount", "need_above_investment"),
        ("term_months", "term_too_short"),
        ("intended_banks.3", "too_many_banks"),
    ]
    assert "999999" in str(found[0].message)
    assert "5,000" in str(found[2].message)


def test_an_empty_form_is_told_every_required_field(firm):
    required = [(field.name, "required") for field in FORM_FIELDS if field.required]

    assert codes(firm, {}) == [*required, ("intended_banks", "nobody_asked")]


def test_a_barred_firm_may_not_apply_while_the_bar_lasts(firm):
    FirmBar.objects.create(
        firm=firm, kind="dishonest", reason="严重失信", source="信用中国", valid_from=SINCE, valid_to=dt.date(2026, 3, 2), province=HUBEI
    )

    assert codes(firm, form()) == [("", "firm_barred")]
    assert read(firm, form(), on=dt.date(2026, 3, 3))


def test_the_bar_of_another_firm_does_not_count(world, firm):
    FirmBar.objects.create(firm=factories.firm(world), kind="x", reason="x", source="x", valid_from=SINCE, province=HUBEI)

    assert read(firm, form())


def test_a_firm_whose_account_is_closed_may_not_apply(firm):
    Organisation.objects.filter(pk=firm.pk).update(is_active=False)
    firm.refresh_from_db()

    assert codes(firm, form()) == [("", "firm_inactive")]


def test_a_firm_cannot_be_its_own_supplier(firm):
    typed = form()
    typed["equipment"][0]["supplier_uscc"] = firm.uscc

    assert codes(firm, typed) == [("equipment.0.supplier_uscc", "supplier_is_borrower")]


def test_a_zone_is_chosen_only_where_it_lies(firm):
    assert read(firm, form(zone="ZONE-DONGHU", region="420115")).zone.code == "ZONE-DONGHU"
    assert codes(firm, form(zone="ZONE-DONGHU", region="420205")) == [("zone", "zone_elsewhere")]


def test_a_region_of_the_past_is_not_offered(world, firm):
    Region.objects.filter(code="420111").update(valid_to=dt.date(2026, 3, 1))

    assert codes(firm, form()) == [("region", "unknown_region")]


def test_reference_rows_cost_the_same_for_any_number_of_forms(world, django_assert_num_queries):
    firms = factories.firms(world, 30)

    with django_assert_num_queries(7):
        known = load_known(firms, province=HUBEI, on=TODAY)
        applications = [parse(form(), firm=firm, on=TODAY, known=known) for firm in firms]

    assert len(applications) == 30


def test_the_table_of_fields_is_whole():
    assert {field.kind for field in FORM_FIELDS} <= READERS.keys()
    assert {field.section for field in FORM_FIELDS} == {name for name, _label in SECTIONS}
    assert set(form()) <= {field.name for field in FORM_FIELDS}


def test_an_equipment_row_opens_the_totals_and_the_need():
    assert {"equipment", "equipment_investment", "total_investment", "amount"} <= opened_by(["equipment"])
    assert opened_by(["name"]) == {"name"}


def test_messages_follow_the_reader(firm):
    with translation.override("zh-hans"):
        (problem,) = problems(firm, form(term_months="6"))

    assert str(problem.message) == "贷款期限 6 个月，短于要求的 12 个月。"
