"""导入: a template taken, filled in, handed in, read with its faults, confirmed."""

from io import BytesIO

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from exchange.models import Import
from projects.models import Filing
from tests.exchange.applications import application, filled
from tests.exchange.books import saved

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def _hand_in(client, book, kind="filings"):
    upload = SimpleUploadedFile("申报.xlsx", saved(book).getvalue())
    return client.post("/imports/", {"kind": kind, "upload": upload, "once": "k1"})


def test_a_firm_hands_in_confirms_and_finds_its_drafts(cast, as_):
    client = as_("lin")
    assert b"/imports/templates/filings/" in client.get("/imports/").content

    answer = _hand_in(client, filled(cast.lin, [application()]))
    job = Import.objects.get()
    page = client.get(answer.url).content.decode()
    assert (answer.url, job.state, Filing.objects.count()) == (f"/imports/{job.pk}/", "ready", 0)
    assert "确认写入" in page

    client.post(f"/imports/{job.pk}/commit/", {"seen": job.version, "once": "k2"})

    assert (Import.objects.get().state, Filing.objects.get().state) == ("done", "draft")
    assert "新建" in client.get(f"/imports/{job.pk}/").content.decode()


def test_faults_are_told_by_sheet_row_and_column_and_marked_in_the_file(cast, as_):
    client = as_("lin")

    _hand_in(client, filled(cast.lin, [application(total_investment="四千")]))

    job = Import.objects.get()
    page = client.get(f"/imports/{job.pk}/").content.decode()
    assert (job.state, job.faulty_cells) == ("faulty", 1)
    assert "金额不是有效的数字" in page
    assert "commit" not in page
    marked = openpyxl.load_workbook(BytesIO(client.get(f"/imports/{job.pk}/marked/").getvalue()))
    commented = [cell for row in marked["申报"].iter_rows() for cell in row if cell.comment]
    assert [(cell.row, cell.value) for cell in commented] == [(2, "四千")]
    assert commented[0].column_letter == job.faults[0]["letter"]


def test_a_file_that_is_no_workbook_is_refused_on_the_page(as_):
    upload = SimpleUploadedFile("申报.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100))

    answer = as_("lin").post("/imports/", {"kind": "filings", "upload": upload, "once": "k1"})

    assert answer.status_code == 422
    assert "另存为" in answer.content.decode()
    assert as_("lin").post("/imports/", {"kind": "filings", "once": "k2"}).status_code == 422


def test_an_import_is_nobody_elses(cast, as_):
    _hand_in(as_("lin"), filled(cast.lin, [application()]))
    pk = Import.objects.get().pk

    for address in (f"/imports/{pk}/", f"/imports/{pk}/status/", f"/imports/{pk}/marked/"):
        assert as_("su").get(address).status_code == 404
    assert as_("su").post(f"/imports/{pk}/commit/", {"seen": 2, "once": "k3"}).status_code == 404


@pytest.mark.parametrize(
    ("who", "kind", "code"), [("lin", "filings", 200), ("an", "invitations", 200), ("chen", "filings", 403), ("lin", "nothing", 404)]
)
def test_templates_are_for_those_who_may_use_them(who, kind, code, as_):
    assert as_(who).get(f"/imports/templates/{kind}/").status_code == code
