"""A file with five hundred faulty cells of twenty kinds comes back with exactly those marked, and nothing is written."""

from io import BytesIO

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from exchange import checking, importing
from exchange.models import Import
from projects.models import Filing
from tests.exchange.applications import application, filled
from tests.exchange.books import saved
from tests.factories import NOW

FAULTS = 500
KINDS = (  # column, what stands in the cell, the code it is refused with
    ("project_code", 25034201110702123456, "project_code_digits_lost"),
    ("project_code", "2503-420111-07-02-12345", "project_code_shape"),
    ("firm_uscc", "91420111YY9999999X", "unknown_firm"),
    ("region", "420100 武汉市", "region_too_wide"),
    ("region", "洪山", "unknown_region"),
    ("industry", "999", "unknown_industry"),
    ("action", "买设备", "unknown_choice"),
    ("securities", "抵押、口头", "unknown_choice"),
    ("starts_on", "明年春天", "not_a_date"),
    ("completes_on", 2027.1, "not_a_date"),
    ("total_investment", "四千", "not_a_number"),
    ("total_investment", "40000000元", "unit_yuan"),
    ("own_capital", -1200, "negative"),
    ("own_capital", 1200.12345678, "too_many_decimals"),
    ("invested", 1e30, "too_large"),
    ("year", "二〇二六", "not_an_integer"),
    ("term_months", 6, "term_too_short"),
    ("rate_cap", "三点五", "not_a_rate"),
    ("loan_purpose", None, "required"),
    ("bank_1", "NO-SUCH-BANK", "unknown_branch"),
    ("open_to_other_banks", "也许", "not_yes_or_no"),
    ("content", "#REF!", "cell_error"),
)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_five_hundred_faulty_cells_come_back_marked_and_nothing_is_written(world, cast):
    assert len({code for _column, _value, code in KINDS}) >= 20
    planted = [(number + 2, *KINDS[number % len(KINDS)]) for number in range(FAULTS)]
    rows = [application(name=f"{row}号线", **{column: value}) for row, column, value, _code in planted]
    book = filled(cast.lin, [row | {"equipment": row["equipment"][:1], "equipment_investment": 2800} for row in rows])
    upload = SimpleUploadedFile("申报.xlsx", saved(book).getvalue())

    job = importing.hand_in("filings", upload, by=cast.lin, at=NOW)
    checking.check(job, at=NOW, clock=timezone.now)

    job = Import.objects.get(pk=job.pk)
    assert (job.state, job.rows, job.faulty_cells) == ("faulty", FAULTS, FAULTS)
    with job.marked.open("rb") as stored:
        sheet = openpyxl.load_workbook(BytesIO(stored.read()))["申报"]
    heads = {cell.value: cell.column_letter for cell in sheet[1]}
    titles = {column.name: str(column.label) for column in importing.templates.IMPORTERS["filings"].shown()}
    expected = {f"{heads[titles[column]]}{row}" for row, column, _value, _code in planted}
    marked = {cell.coordinate for cells in sheet.iter_rows() for cell in cells if cell.comment}
    assert marked == expected
    assert {cell.coordinate for cells in sheet.iter_rows() for cell in cells if cell.fill.fgColor.rgb == "00FFC7CE"} == expected
    told = {(fault["row"], fault["field"], fault["code"]) for fault in job.faults}
    assert told <= {(row, column, code) for row, column, _value, code in planted}
    assert not Filing.objects.exists()


def test_what_comes_back_is_the_file_that_came(world, cast):
    book = filled(cast.lin, [application(total_investment="四千")])
    sheet = book["申报"]
    sheet.insert_rows(1)
    sheet["A1"] = "2026年申报表"
    sheet.merge_cells("A1:D1")
    sheet.cell(3, 40).value = "=1+1"
    sheet.column_dimensions["D"].width = 33
    sent = saved(book).getvalue()

    job = importing.hand_in("filings", SimpleUploadedFile("申报.xlsx", sent), by=cast.lin, at=NOW)
    checking.check(job, at=NOW, clock=timezone.now)

    sheet = openpyxl.load_workbook(BytesIO(sent))["申报"]
    with Import.objects.get(pk=job.pk).marked.open("rb") as stored:
        back = openpyxl.load_workbook(BytesIO(stored.read()))
    kept = back["申报"]
    assert back.sheetnames == book.sheetnames
    assert [[cell.value for cell in row] for row in kept.iter_rows()] == [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [str(one) for one in kept.merged_cells.ranges] == ["A1:D1"]
    assert (kept.column_dimensions["D"].width, kept["A2"].font.bold) == (33, True)
    assert len(kept.data_validations.dataValidation) == len(sheet.data_validations.dataValidation)
