"""The weekly sheet by Excel: out prefilled with what is due, back as this week's reports; what was reported meanwhile is refused."""

from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from deals.models import ProgressReport
from deals.progress import steps
from exchange import checking, committing, importing, templates
from exchange.importers import IMPORTERS
from exchange.models import Import
from tests import factories
from tests.factories import NOW, TODAY

KIND = "weekly-sheets"
COLUMNS = [column.name for column in IMPORTERS[KIND].shown()]


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def book(world, cast):
    """The template with two listed projects in it."""
    factories.filing(world, cast.firm)
    factories.filing(world, cast.other_firm)
    kept = BytesIO()
    templates.write(KIND, kept, by=cast.chen)
    return openpyxl.load_workbook(kept)


def handed_in(book, by):
    kept = BytesIO()
    book.save(kept)
    job = importing.hand_in(KIND, SimpleUploadedFile("周调度.xlsx", kept.getvalue()), by=by, at=NOW, params={})
    checking.check(job, at=NOW, clock=timezone.now)
    return Import.objects.select_related("owner").get(pk=job.pk)


def enter(book, row, **cells):
    for name, value in cells.items():
        book.worksheets[0].cell(row, COLUMNS.index(name) + 1, value)


def test_the_sheet_goes_out_prefilled_and_comes_back_as_reports(cast, book):
    assert [cell.value for cell in book.worksheets[0][2]][4:6] == ["否", "未联系"]
    enter(book, 2, contacted="是", stage="尽职调查", approved=300, problem="银行审批慢", help_asked="请协调审批进度")

    job = handed_in(book, cast.chen)
    assert (job.state, job.faults, ProgressReport.objects.count()) == ("ready", [], 0)
    importing.commit(job, by=cast.chen, at=NOW, seen=job.version)
    committing.write(job, at=NOW, clock=timezone.now)

    first, second = ProgressReport.objects.order_by("filing")
    assert (first.kind, first.period_start, first.contacted, first.stage) == ("weekly", steps.period_of("weekly", TODAY), True, "diligence")
    assert (first.approved, first.problem, first.help_asked) == (Decimal(3_000_000), "bank_slow", "请协调审批进度")
    assert (second.contacted, second.stage, second.approved) == (False, "not_contacted", 0)


def test_what_breaks_a_rule_or_was_reported_meanwhile_is_marked_and_nothing_written(world, cast, book):
    enter(book, 2, drawn=200, signed=100)
    filing = book.worksheets[0].cell(3, 1).value
    week = steps.period_of("weekly", TODAY)
    steps.report_unchanged(world["IND-420111"], kind="weekly", period_start=week, by=cast.chen, at=NOW)
    ProgressReport.objects.exclude(filing=filing).delete()

    job = handed_in(book, cast.chen)

    assert job.state == "faulty"
    assert {(fault["row"], fault["code"]) for fault in job.faults} == {(2, "drawn_above_signed"), (3, "reported")}
    assert ProgressReport.objects.count() == 1


def test_another_county_finds_none_of_the_rows(cast, book):
    job = handed_in(book, cast.mo_county)

    assert {fault["code"] for fault in job.faults} == {"not_found"}
    assert not IMPORTERS[KIND].may(cast.lin)
