import datetime as dt

import openpyxl
import pytest
from django.utils import timezone, translation

from common.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from common.models import AuditEvent
from exchange import exports, jobs
from exchange.listings import LISTINGS
from exchange.models import Export
from projects.models import Disclosure, Filing
from tests import factories
from tests.factories import NOW

LATER = NOW + jobs.KEPT


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def listed(world, cast):
    filing = factories.filing(world, cast.firm)
    filing.form = factories.form(name='=HYPERLINK("http://127.0.0.1")')
    filing.save(update_fields=["form"])
    return filing


def _made(kind, by, filters=None):
    export = exports.ask(kind, filters or {}, by=by, at=NOW)
    exports.run(export, at=NOW, clock=timezone.now)
    return Export.objects.get(pk=export.pk)


def _sheets(export):
    with export.file.open("rb") as stored:
        return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in openpyxl.load_workbook(stored)}


def _row(export, number=1):
    head, *rows = _sheets(export)[str(LISTINGS[export.kind].label)]
    return dict(zip(head, rows[number - 1], strict=True))


@pytest.mark.parametrize("kind", LISTINGS)
def test_an_export_of_each_list_holds_what_its_reader_sees_there(kind, world, cast, listed):
    export = _made(kind, cast.zhao)

    assert (export.state, export.failure) == ("done", "")
    rows = _sheets(export)[str(LISTINGS[kind].label)]
    assert len(rows) == export.rows + 1 == LISTINGS[kind].visible(cast.zhao).count() + 1
    assert rows[0] == [str(column.label) for column in LISTINGS[kind].columns()]


def test_codes_stay_text_figures_are_in_wan_and_no_text_becomes_a_formula(world, cast, listed):
    export = _made("filings", cast.lin)

    row = _row(export)
    assert row["项目名称"] == '=HYPERLINK("http://127.0.0.1")'
    assert (row["总投资（万元）"], row["企业统一社会信用代码"]) == (4000, cast.firm.uscc)
    assert (row["编号"], row["版本"]) == (listed.pk, listed.version)
    with export.file.open("rb") as stored:
        cells = [cell for row in openpyxl.load_workbook(stored).worksheets[0].iter_rows(min_row=2) for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    (risky,) = [cell for cell in cells if str(cell.value).startswith("=")]
    assert risky.quotePrefix


def test_rows_that_hang_on_a_row_stand_on_a_sheet_of_their_own(world, cast, listed):
    sheet = _sheets(_made("filings", cast.lin))["设备清单"]

    assert [row[2:4] for row in sheet[1:]] == [["数控加工中心", "VMC850"], ["制造执行系统", None]]


def test_an_export_is_in_the_language_of_who_asked(world, cast, listed):
    with translation.override("en"):
        export = exports.ask("needs", {}, by=cast.lin, at=NOW)
    exports.run(export, at=NOW, clock=timezone.now)

    head = next(iter(_sheets(export).values()))[0]
    assert "Firm" in head
    assert not any("企业" in title for title in head)


def test_an_export_shows_what_the_filter_shows(world, cast, listed):
    factories.filing(world, cast.firm, state="in_review")

    export = _made("filings", cast.lin, {"state": ["listed", "reported"]})

    assert (export.rows, list(export.row_ids)) == (1, [listed.pk])


def test_an_unknown_or_unreadable_filter_is_refused_and_never_passed_over(cast):
    with pytest.raises(Invalid) as refused:
        exports.ask("filings", {"county": ["420111"]}, by=cast.lin, at=NOW)
    assert [problem.field for problem in refused.value.problems] == ["filters.county"]

    with pytest.raises(Invalid):
        exports.ask("filings", {"state": ["asleep"]}, by=cast.lin, at=NOW)
    with pytest.raises(NotFound):
        exports.ask("passwords", {}, by=cast.lin, at=NOW)
    assert not Export.objects.exists()


def test_nobody_exports_what_they_do_not_see(world, cast, listed):
    assert [_made(kind, cast.mo_firm).rows for kind in ("filings", "needs", "deals")] == [0, 0, 0]


def test_asking_and_downloading_are_recorded_with_filter_and_rows(world, cast, listed):
    export = _made("filings", cast.lin, {"state": ["listed"]})
    exports.open_file(export, by=cast.lin, at=NOW).close()

    events = AuditEvent.objects.filter(subject="exchange.export", subject_id=export.pk).order_by("id")
    assert [event.verb for event in events] == ["ask", "begin", "finish", "download"]
    assert events[0].changes == {"kind": "filings", "filters": {"state": ["listed"]}, "rows": 1}
    assert (events[2].changes["rows"], events[2].changes["sha256"]) == (1, export.sha256)


def test_a_file_is_its_owners_alone(world, cast, listed):
    export = _made("filings", cast.lin)

    assert list(Export.objects.visible_to(cast.lin)) == [export]
    assert not Export.objects.visible_to(cast.su).exists()
    assert not Export.objects.visible_to(cast.zhao).exists()


def test_a_download_is_refused_once_a_row_may_no_longer_be_seen(world, cast, listed):
    Disclosure.objects.create(
        filing=listed, organisation_id=cast.bai.organisation_id, scope="file", basis="named", valid_from=NOW, province=listed.province
    )
    export = _made("filings", cast.bai)
    assert export.rows == 1
    exports.open_file(export, by=cast.bai, at=NOW).close()

    Disclosure.objects.update(withdrawn_at=NOW)

    with pytest.raises(NotAllowed) as refused:
        exports.open_file(export, by=cast.bai, at=NOW)
    assert refused.value.code == "rights_changed"


def test_a_file_expires_and_is_deleted(world, cast, listed):
    export = _made("filings", cast.lin)
    stored = export.file.name

    with pytest.raises(Conflict):
        exports.open_file(export, by=cast.lin, at=LATER)
    assert exports.expire_due(at=LATER) == 1
    assert exports.expire_due(at=LATER) == 0

    export.refresh_from_db()
    assert (export.state, bool(export.file), export.row_ids) == ("expired", False, [])
    assert not Export._meta.get_field("file").storage.exists(stored)


def test_a_cancelled_export_is_not_written(cast, listed):
    export = exports.ask("filings", {}, by=cast.lin, at=NOW)
    exports.cancel(export, by=cast.lin, at=NOW, seen=export.version)

    exports.run(export, at=NOW, clock=timezone.now)

    export.refresh_from_db()
    assert (export.state, bool(export.file)) == ("cancelled", False)


def test_an_export_cancelled_under_way_leaves_no_file(cast, listed, monkeypatch):
    export = exports.ask("filings", {}, by=cast.lin, at=NOW)
    monkeypatch.setattr(exports, "_about", lambda *_args: _cancel_now(export, cast.lin))

    exports.run(export, at=NOW, clock=timezone.now)

    export.refresh_from_db()
    assert (export.state, bool(export.file)) == ("cancelled", False)


def _cancel_now(export, by):
    exports.cancel(Export.objects.get(pk=export.pk), by=by, at=NOW, seen=Export.objects.get(pk=export.pk).version)
    return []


def test_only_the_owner_cancels(cast, listed):
    export = exports.ask("filings", {}, by=cast.lin, at=NOW)

    with pytest.raises(NotAllowed):
        exports.cancel(export, by=cast.su, at=NOW, seen=export.version)


def test_a_second_worker_leaves_an_export_to_the_first_until_that_falls_silent(cast, listed):
    export = exports.ask("filings", {}, by=cast.lin, at=NOW)
    begun = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
    Export.objects.filter(pk=export.pk).update(state="running", attempt=1, heard_at=begun)

    exports.run(Export.objects.get(pk=export.pk), at=NOW, clock=lambda: begun + dt.timedelta(minutes=1))
    assert Export.objects.get(pk=export.pk).state == "running"

    exports.run(Export.objects.get(pk=export.pk), at=NOW, clock=lambda: begun + jobs.SILENT)
    assert Export.objects.get(pk=export.pk).state == "done"


def test_an_export_that_breaks_says_so_and_nothing_of_its_insides(cast, listed, monkeypatch):
    monkeypatch.setattr(exports, "_about", lambda *_args: 1 / 0)

    export = _made("filings", cast.lin)

    assert (export.state, export.failure) == ("failed", str(jobs.BROKEN))


def test_jobs_under_way_are_limited(cast, listed):
    for _ in range(jobs.UNDER_WAY_MAX):
        exports.ask("filings", {}, by=cast.lin, at=NOW)

    with pytest.raises(DomainError) as refused:
        exports.ask("filings", {}, by=cast.lin, at=NOW)
    assert refused.value.code == "too_many_jobs"


@pytest.mark.parametrize("kind", ["filings", "needs", "invitations", "deals", "recommendations", "claims", "appetites"])
def test_an_export_costs_the_same_queries_for_any_number_of_rows(kind, world, cast, django_assert_num_queries):
    listing, columns = LISTINGS[kind], LISTINGS[kind].columns()
    factories.filings(world, [cast.firm])

    def read():
        from exchange.columns import cell_of

        for row in listing.rows(cast.zhao, {}).iterator(chunk_size=500):
            [cell_of(column, row) for column in columns]

    one = _queries(read)
    factories.filings(world, factories.firms(world, 4))
    assert _queries(read) == one
    assert Filing.objects.count() == 5


def _queries(act):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as caught:
        act()
    return len(caught)
