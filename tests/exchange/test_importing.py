"""Applications by Excel: checked whole, written in batches, each row once."""

import datetime as dt
from io import BytesIO

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import AuditEvent
from exchange import checking, committing, exports, importing, jobs, templates
from exchange.listings import projects
from exchange.listings.words import Words
from exchange.models import Export, Import, ImportedRow
from projects.drafting import start_filing
from projects.models import Filing
from tests import factories
from tests.exchange.applications import application, filled
from tests.factories import NOW


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def handed_in(book, by, kind="filings", **params):
    upload = SimpleUploadedFile("申报.xlsx", _bytes(book))
    job = importing.hand_in(kind, upload, by=by, at=NOW, params=params)
    checking.check(job, at=NOW, clock=timezone.now)
    return Import.objects.select_related("owner").get(pk=job.pk)


def committed(job, by):
    importing.commit(job, by=by, at=NOW, seen=job.version)
    committing.write(job, at=NOW, clock=timezone.now)
    return Import.objects.select_related("owner").get(pk=job.pk)


def _bytes(book):
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


def _faults(job):
    return [(fault["sheet"], fault["row"], fault["field"], fault["code"]) for fault in job.faults]


def _outcomes(job):
    return list(ImportedRow.objects.filter(of_import=job).order_by("number").values_list("number", "outcome"))


def test_a_filled_in_template_becomes_drafts_as_if_typed_on_the_page(world, cast):
    first, second = application(name="一号线"), application(name="二号线")

    job = handed_in(filled(cast.lin, [first, second]), cast.lin)

    assert (job.state, job.rows, job.faulty_cells, job.faults) == ("ready", 2, 0, [])
    assert not Filing.objects.exists()
    job = committed(job, cast.lin)
    assert (job.state, _outcomes(job)) == ("done", [(2, "created"), (3, "created")])
    one, two = Filing.objects.order_by("pk")
    typed = factories.form(name="一号线", project_code=first["project_code"], securities=["mortgage"])
    assert {name: one.form[name] for name in ("name", "region", "industry", "action", "intended_banks", "securities")} == {
        name: typed[name] for name in ("name", "region", "industry", "action", "intended_banks", "securities")
    }
    assert (one.form["total_investment"], one.form["starts_on"], one.form["rate_cap"]) == ("4000", "2026-03-01", "3.50")
    assert [row["amount"] for row in one.form["equipment"]] == ["2800", "200"]
    assert (one.title, two.title, one.state) == ("一号线", "二号线", "draft")
    events = AuditEvent.objects.filter(subject="exchange.import", subject_id=job.pk).order_by("id").values_list("verb", flat=True)
    assert list(events) == ["hand_in", "check", "find_sound", "commit", "begin", "finish"]


def test_needs_of_later_years_come_in_go_out_and_are_marked_in_their_own_cells(world, cast):
    later = {"later_needs.0.year": 2027, "later_needs.0.amount": 300}

    committed(handed_in(filled(cast.lin, [application(**later)]), cast.lin), cast.lin)
    half = handed_in(filled(cast.lin, [application(name="二号线", **{**later, "later_needs.0.amount": None})]), cast.lin)

    filing = Filing.objects.get()
    assert filing.form["later_needs"] == [{"year": "2027", "amount": "300"}]
    columns = [column for column in projects.form_columns(Words.load()) if column.name.startswith("later_needs.")]
    shown = {column.name: column.value(filing) for column in columns}
    assert (shown["later_needs.0.year"], shown["later_needs.0.amount"], shown["later_needs.1.year"]) == (2027, 300, None)
    assert [(field, code) for _sheet, _row, field, code in _faults(half)] == [("later_needs.0.amount", "required")]


def test_a_draft_made_by_import_can_be_submitted(world, cast):
    from projects import review

    committed(handed_in(filled(cast.lin, [application()]), cast.lin), cast.lin)
    (draft,) = Filing.objects.all()

    review.submit(draft, by=cast.lin, at=NOW, seen=draft.version)

    assert Filing.objects.get().state == "in_review"


def test_an_export_comes_back_changed_and_nothing_else_is_touched(world, cast):
    draft, other = factories.filings(world, [cast.firm, cast.firm], state="draft")
    export = exports.ask("filings", {}, by=cast.lin, at=NOW)
    exports.run(export, at=NOW, clock=timezone.now)
    with Export.objects.get(pk=export.pk).file.open("rb") as stored:
        book = openpyxl.load_workbook(stored)
    sheet = book["申报"]
    heads = {cell.value: cell.column for cell in sheet[1]}
    row = next(cells[0].row for cells in sheet.iter_rows(min_row=2) if cells[0].value == draft.pk)
    sheet.cell(row, heads["期望利率上限（%）"]).value = 3.2

    job = committed(handed_in(book, cast.lin), cast.lin)

    assert [outcome for _number, outcome in _outcomes(job)] in (["changed", "unchanged"], ["unchanged", "changed"])
    before, draft, other = draft.form, Filing.objects.get(pk=draft.pk), Filing.objects.get(pk=other.pk)
    assert (draft.form["rate_cap"], draft.version, other.version) == ("3.20", 1, 0)
    assert draft.form["equipment"][0]["supplier_uscc"] == before["equipment"][0]["supplier_uscc"]


def test_a_row_that_somebody_changed_meanwhile_is_refused_and_named(world, cast):
    draft = factories.filing(world, cast.firm, state="draft")
    book = filled(cast.lin, [])
    Filing.objects.filter(pk=draft.pk).update(version=4)

    job = handed_in(book, cast.lin)

    assert (job.state, _faults(job)) == ("faulty", [("申报", 2, "version", "stale")])
    assert "4" in job.faults[0]["message"]


def test_a_row_changed_between_check_and_writing_is_refused_and_the_others_are_written(world, cast):
    draft, _other = factories.filings(world, [cast.firm, cast.firm], state="draft")
    book = filled(cast.lin, [])
    for number in (2, 3):
        book["申报"].cell(number, 4).value = f"改名{number}"
    for row in book["设备清单"].iter_rows(min_row=2):
        row[1].value = None
    job = handed_in(book, cast.lin)
    assert (job.state, job.faults) == ("ready", [])
    Filing.objects.filter(pk=draft.pk).update(version=1)

    job = committed(job, cast.lin)

    assert _outcomes(job) == [(2, "refused"), (3, "changed")]
    assert (job.state, job.faulty_cells, job.faults[0]["code"]) == ("done", 1, "stale")
    assert Filing.objects.get(pk=draft.pk).form["name"] != "改名2"
    with job.marked.open("rb") as stored:
        assert openpyxl.load_workbook(stored)["申报"]["B2"].comment


def test_one_faulty_cell_and_nothing_is_written(world, cast):
    job = handed_in(filled(cast.lin, [application(), application(total_investment="四千")]), cast.lin)

    assert job.state == "faulty"
    with pytest.raises(Conflict):
        importing.commit(job, by=cast.lin, at=NOW, seen=job.version)
    assert not Filing.objects.exists()


def test_the_same_content_takes_effect_once_whatever_program_saved_it(world, cast):
    rows = [application()]
    first = committed(handed_in(filled(cast.lin, rows), cast.lin), cast.lin)
    book = filled(cast.lin, rows)
    while book["申报"].max_row > 2:  # the draft made by the first stands in the new template
        book["申报"].delete_rows(2)
    while book["设备清单"].max_row > 3:
        book["设备清单"].delete_rows(2)
    again = handed_in(book, cast.lin)
    assert (again.state, again.sha256 == first.sha256) == ("ready", False)

    with pytest.raises(Conflict) as refused:
        importing.commit(again, by=cast.lin, at=NOW, seen=again.version)

    assert refused.value.code == "imported_already"
    assert Filing.objects.count() == 1


def test_a_writing_delivered_twice_writes_once(world, cast):
    job = committed(handed_in(filled(cast.lin, [application()]), cast.lin), cast.lin)

    committing.write(job, at=NOW, clock=timezone.now)

    assert Filing.objects.count() == 1


def test_a_broken_off_writing_goes_on_where_it_stopped(world, cast, monkeypatch):
    monkeypatch.setattr(checking, "CHUNK", 2)
    job = handed_in(filled(cast.lin, [application(name=f"{n}号线") for n in range(5)]), cast.lin)
    importing.commit(job, by=cast.lin, at=NOW, seen=job.version)
    real, calls = committing.insert_rows, []

    def breaks(rows):
        calls.append(rows)
        if len(calls) == 2:
            raise RuntimeError("the power is gone")
        real(rows)

    monkeypatch.setattr(committing, "insert_rows", breaks)
    committing.write(job, at=NOW, clock=timezone.now)
    job = Import.objects.select_related("owner").get(pk=job.pk)
    assert (job.state, job.rows_done, Filing.objects.count(), len(_outcomes(job))) == ("stopped", 2, 2, 2)
    assert job.failure == str(jobs.BROKEN)

    job = committed(job, cast.lin)

    assert (job.state, job.rows_done, [number for number, _outcome in _outcomes(job)]) == ("done", 5, [2, 3, 4, 5, 6])
    assert sorted(Filing.objects.values_list("title", flat=True)) == [f"{n}号线" for n in range(5)]


def test_a_stopped_writing_keeps_what_is_written(world, cast, monkeypatch):
    monkeypatch.setattr(checking, "CHUNK", 1)
    job = handed_in(filled(cast.lin, [application(name="一号线"), application(name="二号线")]), cast.lin)
    importing.commit(job, by=cast.lin, at=NOW, seen=job.version)
    real = committing.insert_rows

    def stops(rows):
        real(rows)
        importing.stop(Import.objects.get(pk=job.pk), by=cast.lin, at=NOW, seen=Import.objects.get(pk=job.pk).version)

    monkeypatch.setattr(committing, "insert_rows", stops)
    committing.write(job, at=NOW, clock=timezone.now)

    assert (Import.objects.get(pk=job.pk).state, Filing.objects.count()) == ("stopped", 1)


def test_equipment_is_checked_on_its_own_sheet(world, cast):
    wrong = application()
    wrong["equipment"][1] |= {"quantity": "两台"}
    book = filled(cast.lin, [application(name="一号线"), wrong | {"name": "二号线"}])
    book["设备清单"].append([None, "三号线", "炉", None, 1, 1, 1])

    job = handed_in(book, cast.lin)

    assert _faults(job) == [("设备清单", 5, "quantity", "not_an_integer"), ("设备清单", 6, "project", "no_such_project")]


def test_equipment_may_stand_in_another_order(world, cast):
    book = filled(cast.lin, [application(name="一号线"), application(name="二号线")])
    sheet = book["设备清单"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    for number, row in enumerate(reversed(rows), start=2):
        for place, value in enumerate(row, start=1):
            sheet.cell(number, place).value = value

    job = committed(handed_in(book, cast.lin), cast.lin)

    assert (job.state, {len(filing.form["equipment"]) for filing in Filing.objects.all()}) == ("done", {2})


def test_nobody_imports_for_another_firm_nor_over_what_they_do_not_see(world, cast):
    foreign = start_filing(cast.other_firm, programme=world.programme, track="industry", by=cast.mo_firm, at=NOW, form=factories.form())
    book = filled(cast.lin, [application(firm_uscc=cast.other_firm.uscc), application(name="二号线") | {"id": foreign.pk, "version": 0}])

    job = handed_in(book, cast.lin)

    assert _faults(job) == [("申报", 2, "firm_uscc", "unknown_firm"), ("申报", 3, "id", "not_found")]
    with pytest.raises(NotAllowed):
        importing.hand_in("filings", SimpleUploadedFile("a.xlsx", _bytes(book)), by=cast.chen, at=NOW)


def test_rights_lost_before_the_writing_are_lost(world, cast):
    from organisations.models import Membership

    job = handed_in(filled(cast.lin, [application()]), cast.lin)
    importing.commit(job, by=cast.lin, at=NOW, seen=job.version)
    Membership.objects.filter(user=cast.users["lin"]).update(valid_to=NOW.date() - dt.timedelta(days=1))

    committing.write(job, at=NOW, clock=timezone.now)

    assert (Import.objects.get(pk=job.pk).state, Filing.objects.exists()) == ("stopped", False)


def test_only_the_owner_commits_and_only_what_they_looked_at(world, cast):
    job = handed_in(filled(cast.lin, [application()]), cast.lin)

    with pytest.raises(NotAllowed):
        importing.commit(job, by=cast.su, at=NOW, seen=job.version)
    with pytest.raises(Stale):
        importing.commit(job, by=cast.lin, at=NOW, seen=0)
    assert not Import.objects.visible_to(cast.su).exists()


def test_a_returned_case_takes_changes_only_where_it_was_opened(world, cast):
    returned = factories.filing(world, cast.firm, state="returned")
    Filing.objects.filter(pk=returned.pk).update(open_fields=["rate_cap"], form=factories.form())
    book = filled(cast.lin, [])
    heads = {cell.value: cell.column for cell in book["申报"][1]}
    book["申报"].cell(2, heads["期望利率上限（%）"]).value = 3.1
    book["申报"].cell(2, heads["贷款用途"]).value = "购置别的设备若干台"

    job = handed_in(book, cast.lin)

    assert _faults(job) == [("申报", 2, "loan_purpose", "field_locked")]


def test_amounts_ten_thousand_times_the_others_are_pointed_out_and_not_refused(world, cast):
    rows = [application(name=f"{n}号线") for n in range(6)]
    factor = {"total_investment": "40000000", "equipment_investment": "3000", "own_capital": "12000000"}
    book = filled(cast.lin, [*rows, application(name="元号线") | factor])

    job = handed_in(book, cast.lin)

    assert (job.state, {(one["row"], one["field"]) for one in job.warnings}) == ("ready", {(8, "total_investment"), (8, "own_capital")})


def test_files_that_are_no_workbooks_are_refused_at_the_door(cast):
    with pytest.raises(Invalid):
        importing.hand_in("filings", SimpleUploadedFile("a.csv", "项目名称\n".encode()), by=cast.lin, at=NOW)
    assert not Import.objects.exists()


def test_a_workbook_with_other_columns_is_faulty_as_a_whole(cast):
    book = openpyxl.Workbook()
    book.active.append(["项目名称", "贷款用途"])
    book.active.append(["一号线", "购置设备"])

    job = handed_in(book, cast.lin)

    assert job.state == "faulty"
    assert {fault["code"] for fault in job.faults} == {"column_missing"}


def test_files_are_forgotten_in_time_and_what_became_of_the_rows_stays(world, cast):
    job = committed(handed_in(filled(cast.lin, [application()]), cast.lin), cast.lin)

    assert importing.forget_files(at=NOW + jobs.KEPT) == 1

    job.refresh_from_db()
    assert (bool(job.file), job.state, len(_outcomes(job))) == (False, "done", 1)


@pytest.mark.parametrize("who", ["lin", "an"])
def test_templates_hold_validation_lists_and_what_may_be_brought_up_to_date(who, world, cast):
    factories.filing(world, cast.firm, state="draft")
    kinds = [kind for kind in templates.IMPORTERS if templates.IMPORTERS[kind].may(getattr(cast, who))]

    for kind in kinds:
        kept = BytesIO()
        templates.write(kind, kept, by=getattr(cast, who))
        sheet = openpyxl.load_workbook(kept).worksheets[0]
        assert sheet.data_validations.dataValidation
        assert sheet.max_row == 1 + len(list(templates.IMPORTERS[kind].rows_shown(getattr(cast, who))))
    assert kinds == {"lin": ["filings", "intended-banks"], "an": ["appetites", "invitations"]}[who]
