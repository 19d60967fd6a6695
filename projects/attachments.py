"""Papers of a filing: taken in by what they are, not by what they are called; kept privately; handed out to who may see the filing.

Once submitted nothing is taken away any more: a better copy is added beside it while the filing is returned for its papers.
"""

import datetime as dt
import hashlib
import re
import unicodedata
import uuid
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath

from django.core.files.base import ContentFile, File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import lock, record
from organisations import policy
from organisations.actors import Person
from projects.models import FILE_KINDS, Filing, ProjectFile
from projects.states import by_firm

MEGABYTE = 1024 * 1024
LIMITS = ["attachment_max_mb", "attachments_max"]
PAPERS = ("files", "permits")  # what a reviewer opens when papers are missing
NAME_MAX = 120
SIGNATURES = ((b"%PDF-", "pdf"), (b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"))
OFFICE = (("word/document.xml", "docx"), ("xl/workbook.xml", "xlsx"))
NOT_TAKEN = Problem("upload", "not_taken", _("不接受此类文件。"), _("请上传 PDF、JPG、PNG，或不含宏的 Word（docx）、Excel（xlsx）文件。"))


@dataclass(frozen=True)
class Paper:
    """An upload as it was read: its ending is empty where its content is nothing that is taken in."""

    name: str
    content: bytes
    ending: str
    sha256: str


def kind_of(content: bytes) -> str:
    """The ending that belongs to this content; empty for anything not taken in, among it office files that carry macros."""
    for signature, ending in SIGNATURES:
        if content.startswith(signature):
            return ending
    if not content.startswith(b"PK\x03\x04"):
        return ""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return ""
    if "[Content_Types].xml" not in names or any(name.lower().endswith("vbaproject.bin") for name in names):
        return ""
    return next((ending for part, ending in OFFICE if part in names), "")


def may_attach(filing: Filing, by: Person) -> bool:
    """The firm, while it fills in the form or was asked for papers."""
    asked = filing.state == Filing.State.RETURNED and any(name in filing.open_fields for name in PAPERS)
    return by_firm(filing, by) and (filing.state == Filing.State.DRAFT or asked)


def attach(filing: Filing, *, kind: str, upload: File, by: Person, at: dt.datetime) -> ProjectFile:
    """Take in one paper. The same content twice is kept once."""
    with transaction.atomic():
        (current,) = lock(Filing.objects.filter(pk=filing.pk))
        if not may_attach(current, by):
            raise NotAllowed(_("材料由企业在填报期间，或被要求补正材料时上传。"))
        limits = policy.values(LIMITS, province=current.province, on=timezone.localdate(at))
        paper = taken_in(upload, most=int(limits["attachment_max_mb"]))
        known = ProjectFile.objects.filter(filing=current, sha256=paper.sha256).first()
        if known is not None:
            return known
        if problems := _problems(current, kind=kind, ending=paper.ending, most=int(limits["attachments_max"])):
            raise Invalid(problems)
        row = ProjectFile(
            filing=current,
            kind=kind,
            name=paper.name,
            size=len(paper.content),
            sha256=paper.sha256,
            uploaded_at=at,
            province=current.province,
        )
        row.content.save(f"{uuid.uuid4().hex}.{paper.ending}", ContentFile(paper.content), save=False)
        row.save(force_insert=True)
        record(current, "attach", by=by, at=at, changes={"file": [None, row.name], "sha256": [None, paper.sha256]})
    return row


def detach(file: ProjectFile, *, by: Person, at: dt.datetime) -> None:
    """Take a paper away again, as long as nobody has been shown it."""
    with transaction.atomic():
        (filing,) = lock(Filing.objects.filter(pk=file.filing_id))
        if not may_attach(filing, by):
            raise NotAllowed(_("材料由企业在填报期间，或被要求补正材料时上传。"))
        if filing.submitted_at is not None:
            raise Conflict(_("已提交过的材料不能删除。"), code="submitted", remedy=_("请补充上传新的材料，审核人员以最新的为准。"))
        record(filing, "detach", by=by, at=at, changes={"file": [file.name, None], "sha256": [file.sha256, None]})
        stored = file.content
        ProjectFile.objects.filter(pk=file.pk).delete()
        transaction.on_commit(lambda: stored.delete(save=False))


def shown_name(typed: str, ending: str) -> str:
    """The firm's own name for it without path and control characters, with the ending of what it is."""
    last = PurePosixPath(unicodedata.normalize("NFC", typed).replace("\\", "/")).name
    stem = re.sub(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\"<>|:*?]", "", last)
    stem = stem.rpartition(".")[0] or stem
    return f"{stem.strip(' .')[:NAME_MAX] or 'file'}.{ending}"


def taken_in(upload: File, *, most: int) -> Paper:
    """Read an upload of at most so many megabytes. Raises Invalid where it is empty or larger."""
    content = read_upload(upload, most=most)
    ending = kind_of(content)
    return Paper(shown_name(upload.name or "", ending), content, ending, hashlib.sha256(content).hexdigest())


def read_upload(upload: File, *, most: int) -> bytes:
    """Never more than is allowed is read into memory."""
    content: bytes = upload.read(most * MEGABYTE + 1)
    if len(content) > most * MEGABYTE:
        raise _refusal("too_large", _("文件超过 %(n)s MB。") % {"n": most}, _("请压缩或分成几份后上传。"))
    if not content:
        raise _refusal("empty", _("文件是空的。"), _("请核对后重新选择。"))
    return content


def _problems(filing: Filing, *, kind: str, ending: str, most: int) -> list[Problem]:
    problems = []
    if kind not in dict(FILE_KINDS):
        problems.append(Problem("kind", "unknown_choice", _("没有此类材料。"), _("请从列出的类别中选择。")))
    if not ending:
        problems.append(NOT_TAKEN)
    if ProjectFile.objects.filter(filing=filing).count() >= most:
        problems.append(Problem("upload", "too_many", _("每件申报最多 %(n)s 份材料。") % {"n": most}, _("请合并后上传。")))
    return problems


def _refusal(code: str, message: object, remedy: object) -> Invalid:
    return Invalid([Problem("upload", code, message, remedy)])
