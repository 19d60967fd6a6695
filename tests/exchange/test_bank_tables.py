"""A bank's answers and appetites by Excel, by the steps that its people take on a page."""

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from deals.models import Deal, Invitation
from exchange import checking, committing, exports, importing
from exchange.models import Export, Import, ImportedRow
from lenders.models import Appetite
from tests import factories
from tests.exchange.applications import filled
from tests.exchange.books import saved
from tests.factories import HUBEI, NOW, WAN

YES, NO = "有意向", "谢绝"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def _handed_in(book, by, kind):
    job = importing.hand_in(kind, SimpleUploadedFile("答复.xlsx", saved(book).getvalue()), by=by, at=NOW)
    checking.check(job, at=NOW, clock=timezone.now)
    return Import.objects.select_related("owner").get(pk=job.pk)


def _committed(job, by):
    importing.commit(job, by=by, at=NOW, seen=job.version)
    committing.write(job, at=NOW, clock=timezone.now)
    return list(ImportedRow.objects.filter(of_import=job).order_by("number").values_list("outcome", flat=True))


def _column(sheet, title):
    return next(cell.column for cell in sheet[1] if cell.value == title)


def _fill(sheet, row, **cells):
    for title, value in cells.items():
        sheet.cell(row, _column(sheet, title)).value = value


@pytest.fixture
def proposals(world, cast):
    """Three invitations to CCB in Wuhan."""
    filings = [factories.filing(world, firm) for firm in (cast.firm, *factories.firms(world, 2))]
    return Invitation.objects.bulk_create(
        Invitation(
            need=filing.needs.get(), filing=filing, branch=world["CCB-WH"], origin="named", state="viewed", sent_at=NOW, province=HUBEI
        )
        for filing in filings
    )


def _out(by):
    export = exports.ask("invitations", {"state": ["open", "viewed"]}, by=by, at=NOW)
    exports.run(export, at=NOW, clock=timezone.now)
    with Export.objects.get(pk=export.pk).file.open("rb") as stored:
        return openpyxl.load_workbook(stored)


def _rows(sheet):
    return {row[0].value: row[0].row for row in sheet.iter_rows(min_row=2)}


def test_proposals_go_out_and_decisions_come_back(cast, proposals):
    book = _out(cast.an)
    sheet = book.worksheets[0]
    first, second, third = proposals
    rows = _rows(sheet)
    _fill(sheet, rows[first.pk], 答复=YES, **{"意向金额（万元）": 1500})
    _fill(sheet, rows[second.pk], 答复=NO, 谢绝原因="weak_cash_flow 项目还款现金流暂不能覆盖贷款。")

    job = _handed_in(book, cast.an, "invitations")
    assert (job.state, job.faults, Deal.objects.count()) == ("ready", [], 0)
    assert sorted(_committed(job, cast.an)) == ["changed", "changed", "unchanged"]

    deal = Deal.objects.get()
    assert (deal.invitation_id, deal.amount) == (first.pk, 1500 * WAN)
    second.refresh_from_db()
    third.refresh_from_db()
    assert (second.state, second.decline_code.code, third.state) == ("declined", "weak_cash_flow", "viewed")


def test_answers_that_the_step_would_refuse_are_found_by_the_dry_run(cast, proposals):
    book = _out(cast.an)
    sheet = book.worksheets[0]
    rows = _rows(sheet)
    first, second, third = (rows[row.pk] for row in proposals)
    _fill(sheet, first, 答复=YES, **{"意向金额（万元）": 999_999})
    _fill(sheet, second, 答复=NO)
    _fill(sheet, third, **{"意向金额（万元）": 100})

    job = _handed_in(book, cast.an, "invitations")

    found = {(fault["row"], fault["field"], fault["code"]) for fault in job.faults}
    assert found == {(first, "amount", "out_of_range"), (second, "code", "required"), (third, "answer", "required")}
    assert (Deal.objects.count(), {row.state for row in Invitation.objects.all()}) == (0, {"viewed"})


def test_another_banks_proposals_are_not_found(cast, proposals):
    book = _out(cast.an)
    _fill(book.worksheets[0], 2, 答复=YES)

    job = _handed_in(book, cast.mo_bank, "invitations")

    assert {fault["code"] for fault in job.faults} == {"not_found"}


def test_appetites_are_declared_and_changed_by_table(world, cast):
    book = filled(cast.an, [], kind="appetites")
    sheet = book.worksheets[0]
    standing = sheet.max_row
    columns = {"申报机构": "CCB-WH", "政策项目": world.programme.code, "期间": "2027H1", "自": "2027-01-01", "至": "2027年6月30日"}
    sheet.append([])
    _fill(sheet, standing + 1, **columns, **{"意向额度（万元）": "30,000"})
    before = Appetite.objects.get(branch=world["CCB-WH"])
    _fill(sheet, _rows(sheet)[before.pk], **{"单户上限（万元）": 4321})

    job = _handed_in(book, cast.an, "appetites")
    assert (job.state, job.faults) == ("ready", [])
    assert not Appetite.objects.filter(period="2027H1").exists()
    assert sorted(_committed(job, cast.an)) == ["changed", "created"]

    made = Appetite.objects.select_related("account").get(branch=world["CCB-WH"], period="2027H1")
    before.refresh_from_db()
    assert (made.account.limit, before.max_ticket) == (30_000 * WAN, 4321 * WAN)


def test_nobody_declares_for_another_bank_by_table(world, cast):
    book = filled(cast.an, [], kind="appetites")
    sheet = book.worksheets[0]
    for row in range(2, sheet.max_row + 1):
        _fill(sheet, row, 申报机构="ICBC-WH")

    job = _handed_in(book, cast.an, "appetites")

    assert {(fault["field"], fault["code"]) for fault in job.faults} == {("place", "unknown_choice")}


def test_intended_banks_of_many_drafts_are_changed_and_nothing_else(world, cast):
    (draft,) = factories.filings(world, [cast.firm], state="draft")
    book = filled(cast.lin, [], kind="intended-banks")
    _fill(book.worksheets[0], 2, 意向银行一="CCB-WH", 意向银行二=None)

    job = _handed_in(book, cast.lin, "intended-banks")
    assert (job.state, job.faults) == ("ready", [])
    assert _committed(job, cast.lin) == ["changed"]

    before, form = draft.form, type(draft).objects.get(pk=draft.pk).form
    assert form["intended_banks"] == ["CCB-WH"]
    assert {name: value for name, value in form.items() if name != "intended_banks"} == {
        name: value for name, value in before.items() if name != "intended_banks"
    }
