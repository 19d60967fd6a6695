"""The stock of loans by one workbook of four sheets: checked whole, entered, and waiting for a second person."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from deals.models import Deal, OpeningLoan
from deals.opening import steps
from exchange import checking, committing, importing
from exchange.listings.openings import loan_columns, parts
from exchange.models import Import, ImportedRow
from tests.deals.opening import stock
from tests.deals.opening.stock import AT, CENTRAL, paid
from tests.exchange.applications import filled
from tests.exchange.books import saved

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path, world):
    settings.MEDIA_ROOT = tmp_path
    stock.rules_of_2025(world)


def book_of(by, *loans):
    """The template with these loans and no others, as a person fills it in."""
    book = filled(by, [], kind="opening-loans")
    for sheet in book.worksheets[: 1 + len(parts())]:
        sheet.delete_rows(2, sheet.max_row)
    for loan in loans:
        book.worksheets[0].append([None, None, None, *(_cell(column, getattr(loan, column.name)) for column in loan_columns()[3:])])
        for part, name in zip(parts(), ("drawdowns", "repayments", "paid"), strict=True):
            for row in getattr(loan, name):
                cells = [_cell(column, getattr(row, column.name)) for column in part.columns()[1:]]
                book[str(part.title)].append([loan.contract_no, *cells])
    return book


def _cell(column, value):
    if isinstance(value, bool):
        return "是" if value else "否"
    if column.kind == "wan" and value is not None:
        return float(value) / 10_000
    return value / 100 if column.kind == "percent" else value if value != "" else None


def handed_in(book, by):
    job = importing.hand_in("opening-loans", SimpleUploadedFile("存量.xlsx", saved(book).getvalue()), by=by, at=AT)
    checking.check(job, at=AT, clock=timezone.now)
    return Import.objects.select_related("owner").get(pk=job.pk)


def committed(job, by):
    importing.commit(job, by=by, at=AT, seen=job.version)
    committing.write(job, at=AT, clock=timezone.now)
    return list(ImportedRow.objects.filter(of_import=job).order_by("number").values_list("outcome", flat=True))


def test_workbook_enters_the_stock_and_a_second_person_makes_deals_of_it(world, cast):
    first = stock.told(world, paid=(paid(CENTRAL, "2025-03-10", "2025-12-20", "203958.34"),))
    second = stock.told(world)

    job = handed_in(book_of(cast.zhao, first, second), cast.zhao)
    assert (job.state, job.faults, OpeningLoan.objects.count()) == ("ready", [], 0)
    assert committed(job, cast.zhao) == ["created", "created"]

    row = OpeningLoan.objects.get(contract_no=first.contract_no)
    assert (row.told, row.state, Deal.objects.count()) == (first.as_plain(), "proposed", 0)
    assert steps.confirm(row, by=cast.sun, at=AT, seen=row.version).deal.opening_as_of == first.as_of


def test_taken_out_and_handed_in_again_changes_what_was_changed_and_nothing_else(world, cast):
    committed(handed_in(book_of(cast.zhao, stock.told(world), stock.told(world)), cast.zhao), cast.zhao)
    book = filled(cast.sun, [], kind="opening-loans")
    sheet = book.worksheets[0]
    place = next(cell.column for cell in sheet[1] if cell.value == "年利率（%）")
    sheet.cell(2, place).value = 3.1

    job = handed_in(book, cast.sun)

    assert (job.state, job.faults) == ("ready", [])
    assert committed(job, cast.sun) == ["changed", "unchanged"]
    assert sorted(OpeningLoan.objects.values_list("told__rate_bp", "entered_by__username")) == [(285, "zhao"), (310, "sun")]


def test_same_loan_from_another_file_is_unchanged_and_other_words_need_the_version(world, cast):
    loan = stock.told(world)
    committed(handed_in(book_of(cast.zhao, loan), cast.zhao), cast.zhao)
    other = stock.told(world)

    job = handed_in(book_of(cast.sun, loan, other), cast.sun)
    assert job.faults == []
    assert committed(job, cast.sun) == ["unchanged", "created"]
    job = handed_in(book_of(cast.sun, stock.replace(loan, rate_bp=300)), cast.sun)

    assert [(fault["field"], fault["code"]) for fault in job.faults] == [("version", "required")]


def test_each_fault_is_told_at_its_cell_on_its_sheet_and_nothing_is_kept(world, cast):
    loan = stock.told(world, repayments=(stock.back("JJ-1", "2025-08-05", 9_000_000),), outstanding=11_000_000)
    book = book_of(cast.zhao, loan)
    book["存量放款"].append(["没有的合同", "JJ-9", "2025-03-10", 1, None, "某公司"])
    book["存量放款"].cell(3, 3).value = "上个月"
    book["存量已付贴息"].append([loan.contract_no, CENTRAL, "2025-03-10", "2025-12-20", "很多"])

    job = handed_in(book, cast.zhao)
    book["存量放款"].cell(3, 3).value = "2025-04-25"
    book["存量已付贴息"].delete_rows(2)
    again = handed_in(book, cast.zhao)

    assert {(fault["sheet"], fault["row"], fault["field"], fault["code"]) for fault in job.faults} == {
        ("存量放款", 3, "drawn_on", "not_a_date"),
        ("存量放款", 4, "contract_no", "no_such_loan"),
        ("存量已付贴息", 2, "amount", "not_a_number"),
    }
    assert {(fault["sheet"], fault["row"], fault["field"], fault["code"]) for fault in again.faults} == {
        ("存量还款", 2, "amount", "out_of_range"),
        ("存量放款", 4, "contract_no", "no_such_loan"),
    }
    assert (job.state, OpeningLoan.objects.count()) == ("faulty", 0)


def test_nobody_else_enters_a_stock(cast):
    for by in (cast.lin, cast.bai, cast.chen, cast.wang, cast.qian):
        assert not importing.templates.IMPORTERS["opening-loans"].may(by)
