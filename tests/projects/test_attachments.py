"""Papers are taken in by what they are, kept privately, and handed out to whoever may see the filing."""

import zipfile
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from organisations import uploads
from projects import attachments
from projects.models import Filing, ProjectFile
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n" + b"x" * 100


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    settings.FIXED_NOW = NOW.isoformat()
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False


@pytest.fixture
def filing(world, cast):
    """Being filled in for the first time."""
    row = factories.filing(world, cast.firm, state="in_review")
    Filing.objects.filter(pk=row.pk).update(state="draft", submitted_at=None)
    row.refresh_from_db()
    return row


def office(*parts):
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for part in parts:
            archive.writestr(part, "x")
    return made.getvalue()


def attach(filing, by, content=PDF, name="备案证.pdf", kind="filing_paper"):
    return attachments.attach(filing, kind=kind, upload=SimpleUploadedFile(name, content), by=by, at=NOW)


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (PDF, "pdf"),
        (b"\xff\xd8\xff\xe0", "jpg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (office("[Content_Types].xml", "word/document.xml"), "docx"),
        (office("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), ""),
        (office("[Content_Types].xml", "word/document.xml", "word/embeddings/setup.EXE"), ""),
        (office("[Content_Types].xml", "word/document.xml", "../../etc/cron.d/x"), ""),
        (office("evil.exe"), ""),
        (b"PK\x03\x04 broken", ""),
        (b"MZ\x90", ""),
        (b"<html><script>", ""),
        (b"", ""),
    ],
)
def test_content_decides_what_a_file_is(content, ending):
    assert uploads.kind_of(content) == ending


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\材料\\备案证.exe", "备案证.pdf"),
        ("a\r\nb\u202e.pdf", "ab.pdf"),
        ("...", "file.pdf"),
        ("长" * 300 + ".pdf", "长" * 120 + ".pdf"),
    ],
)
def test_name_is_shown_without_path_and_tricks(typed, shown):
    assert uploads.shown_name(typed, "pdf") == shown


def test_paper_is_kept_with_its_digest_under_a_name_of_ours(filing, cast):
    row = attach(filing, cast.su)

    assert (row.name, row.size, len(row.sha256)) == ("备案证.pdf", len(PDF), 64)
    assert row.content.name.endswith(".pdf")
    assert "备案证" not in row.content.name
    assert AuditEvent.objects.filter(subject="projects.filing", subject_id=filing.pk, verb="attach").count() == 1


def test_same_content_is_kept_once(filing, cast):
    assert attach(filing, cast.su) == attach(filing, cast.lin, name="又一份.pdf")


@pytest.mark.parametrize("content", [b"MZ\x90\x00", b"", PDF + b"x" * 1024 * 1024])
def test_what_is_not_taken_in_leaves_nothing_behind(filing, cast, content, tmp_path):
    with pytest.raises(Invalid):
        attach(filing, cast.su, content)

    assert not ProjectFile.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_number_of_papers_is_limited(filing, cast):
    for number in range(3):
        attach(filing, cast.su, PDF + bytes([number]))

    with pytest.raises(Invalid) as refusal:
        attach(filing, cast.su, PDF + b"one more")

    assert "3 份" in str(refusal.value)


@pytest.mark.parametrize("who", ["mo_firm", "chen", "bai"])
def test_only_the_firm_attaches(filing, cast, who):
    with pytest.raises(NotAllowed):
        attach(filing, getattr(cast, who))


def test_after_submission_only_when_asked_for_papers_and_nothing_is_taken_away(filing, cast):
    paper = attach(filing, cast.su)
    Filing.objects.filter(pk=filing.pk).update(state="in_review", submitted_at=NOW)
    with pytest.raises(NotAllowed):
        attach(filing, cast.su, PDF + b"2")
    Filing.objects.filter(pk=filing.pk).update(state="returned", open_fields=["name"])
    with pytest.raises(NotAllowed):
        attach(filing, cast.su, PDF + b"2")
    Filing.objects.filter(pk=filing.pk).update(open_fields=["permits"])

    attach(filing, cast.su, PDF + b"2")

    with pytest.raises(Conflict):
        attachments.detach(paper, by=cast.su, at=NOW)


def test_taken_away_before_submission_with_its_content(filing, cast, django_capture_on_commit_callbacks, tmp_path):
    paper = attach(filing, cast.su)

    with django_capture_on_commit_callbacks(execute=True):
        attachments.detach(paper, by=cast.su, at=NOW)

    assert not ProjectFile.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def signed_in(cast, name):
    client = Client()
    client.force_login(cast.users[name], backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_firm_uploads_on_the_page_and_only_readers_of_the_filing_download(filing, cast):
    client = signed_in(cast, "su")
    files = [SimpleUploadedFile("备案证.pdf", PDF), SimpleUploadedFile("病毒.pdf", b"MZ\x90")]

    told = client.post(f"/filings/{filing.pk}/files/", {"kind": "filing_paper", "upload": files}, follow=True).content.decode()
    row = ProjectFile.objects.get()
    address = f"/filings/{filing.pk}/files/{row.pk}/"
    answer = client.get(address)

    assert "已上传：备案证.pdf" in told
    assert "不接受此类文件" in told
    assert answer.content == PDF
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert [signed_in(cast, name).get(address).status_code for name in ("mo_firm", "chen", "bai", "mo_county")] == [404] * 4
    Filing.objects.filter(pk=filing.pk).update(state="in_review", submitted_at=NOW)
    reviewers = signed_in(cast, "chen").get(address)
    assert reviewers.content == PDF
    assert signed_in(cast, "bai").get(address).status_code == 404
