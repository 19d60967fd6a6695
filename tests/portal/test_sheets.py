"""The weekly sheet and the monthly report as a county fills them, and as those above read them."""

import datetime as dt

import pytest

from deals.models import ProgressReport, ReportingMonth
from exchange.columns import cell_of
from exchange.listings import LISTINGS
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
WEEK = "kind=weekly&period=2026-03-02"
ENTERED = {
    "contacted": "True", "stage": "approved", "approved": "1,000", "signed": "0", "drawn": "0", "paid": "0",
    "problem": "collateral", "help_asked": "请协调担保公司",
}  # fmt: skip


def test_a_county_reports_one_change_and_the_rest_with_one_click(world, cast, as_):
    changed, same = factories.filings(world, factories.firms(world, 2))
    county = as_("chen")
    assert [row.report for row in county.get("/sheets/").context["rows"]] == [None, None]

    begun = county.get(f"/sheets/{changed.pk}/?{WEEK}")
    assert {field.param.name: field.value for field in begun.context["fields"]}["stage"] == "not_contacted"
    county.post(f"/sheets/{changed.pk}/?{WEEK}", ENTERED | {"once": "a"})
    done = county.post(f"/sheets/unchanged/?{WEEK}", {"once": "b"}, follow=True)

    assert done.context["left"] == 0
    told = {row.filing.pk: row.told["approved"] for row in done.context["rows"]}
    assert told == {changed.pk: 10_000_000, same.pk: 0}


def test_a_refusal_keeps_what_was_typed(world, cast, as_):
    filing = factories.filing(world)

    refused = as_("chen").post(f"/sheets/{filing.pk}/?{WEEK}", ENTERED | {"paid": "5", "once": "a"})

    assert refused.status_code == 422
    fields = {field.param.name: field for field in refused.context["fields"]}
    assert (fields["paid"].value, [problem.code for problem in fields["paid"].problems]) == ("5", ["paid_above_drawn"])
    assert not ProgressReport.objects.exists()


def test_city_and_province_read_who_has_reported_and_who_asks_for_help(world, cast, as_):
    filing, _other = factories.filings(world, factories.firms(world, 2))
    as_("chen").post(f"/sheets/{filing.pk}/?{WEEK}", ENTERED | {"once": "a"})

    for name in ("wang", "zhao"):
        shown = as_(name).get("/sheets/").context
        (row,) = shown["units"]
        assert (row["due"], row["reported"], row["troubled"], row["asking"]) == (2, 1, 1, 1)
        assert [report.help_asked for report in shown["asking"]] == ["请协调担保公司"]
    assert list(as_("mo_county").get("/sheets/").context["units"]) == []


def test_a_report_is_corrected_from_its_page_and_the_month_closed_by_the_province(world, cast, as_, settings):
    filing = factories.filing(world)
    as_("chen").post(f"/sheets/{filing.pk}/?{WEEK}", ENTERED | {"once": "a"})
    report, month = ProgressReport.objects.get(), ReportingMonth.objects.get()

    as_("chen").post(f"/progress-reports/{report.pk}/correct/", {"seen": 0, "once": "c", "approved": "900", "note": "多报"})
    assert ProgressReport.objects.get().approved == 9_000_000
    close = f"/reporting-months/{month.pk}/close/"
    assert as_("zhao").post(close, {"seen": 0, "once": "d"}).status_code == 422
    settings.FIXED_NOW = (NOW + dt.timedelta(days=31)).isoformat()
    closed = as_("zhao").post(close, {"seen": 0, "once": "e"})

    assert closed["Location"] == "/reporting-months/"
    assert ReportingMonth.objects.get().state == "closed"
    late = as_("chen").post(f"/progress-reports/{report.pk}/correct/", {"seen": 1, "once": "f", "approved": "800", "note": "x"})
    assert "已锁账" in late.content.decode()


@pytest.mark.parametrize(("name", "status"), [("lin", 403), ("bai", 403), ("mo_county", 404), ("wang", 404)])
def test_nobody_else_enters_it(name, status, world, cast, as_):
    filing = factories.filing(world)

    assert as_(name).post(f"/sheets/{filing.pk}/?{WEEK}", ENTERED | {"once": "a"}).status_code == status
    assert not ProgressReport.objects.exists()


def test_the_sheet_goes_out_as_a_workbook_of_its_period(world, cast, as_):
    first, _second = factories.filings(world, factories.firms(world, 2))
    county = as_("chen")
    county.post(f"/sheets/{first.pk}/?{WEEK}", ENTERED | {"once": "a"})
    county.post(f"/sheets/unchanged/?{WEEK}", {"once": "b"})
    county.post("/sheets/unchanged/?kind=monthly&period=2026-03-01", {"once": "c"})

    shown = county.get(f"/sheets/?{WEEK}").content.decode()

    for name, value in (("kind", "weekly"), ("period_start", "2026-03-02")):
        assert f'<input type="hidden" name="filter.{name}" value="{value}">' in shown
    listing = LISTINGS["progress-reports"]
    rows = listing.rows(cast.chen, {"kind": ["weekly"], "period_start": ["2026-03-02"]})
    assert [cell_of(column, row) for column in listing.columns() if column.name == "approved" for row in rows] == [0, 1000]
