"""Uploads: taken in by what they are, not by what they are called, and never more of them than is allowed."""

import datetime as dt
import hashlib
import re
import unicodedata
import uuid
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import TypeVar

from django.core.files.base import ContentFile, File
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from organisations import scanning

Row = TypeVar("Row", bound=Model)

MEGABYTE = 1024 * 1024
LARGEST = "attachment_max_mb"  # the policy number of so many megabytes
NAME_MAX = 120
SIGNATURES = ((b"%PDF-", "pdf"), (b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"))
OFFICE = (("word/document.xml", "docx"), ("xl/workbook.xml", "xlsx"))
PROGRAMS = ("vbaproject.bin", ".exe", ".dll", ".js", ".vbs", ".bat", ".cmd", ".scr", ".ps1", ".jar")
ENCRYPTED = 0x1
UNPACKED_MAX = 500 * MEGABYTE  # what an officer's own computer would have to unpack
NOT_TAKEN = Problem("upload", "not_taken", _("不接受此类文件。"), _("请上传 PDF、JPG、PNG，或不含宏的 Word（docx）、Excel（xlsx）文件。"))


@dataclass(frozen=True)
class Paper:
    """An upload as it was read: its ending is empty where its content is nothing that is taken in."""

    name: str
    content: bytes
    ending: str
    sha256: str

    def stored(self) -> ContentFile:
        """The content under a name that tells nothing of it."""
        return ContentFile(self.content, name=f"{uuid.uuid4().hex}.{self.ending}")


def kind_of(content: bytes) -> str:
    """The ending that belongs to this content; empty for anything not taken in, among it office files that carry macros."""
    for signature, ending in SIGNATURES:
        if content.startswith(signature):
            return ending
    if not content.startswith(b"PK\x03\x04"):
        return ""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return ""
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or len(names) != len(parts) or any(_is_unsafe(part) for part in parts):
        return ""
    if sum(part.file_size for part in parts) > UNPACKED_MAX:
        return ""
    return next((ending for part, ending in OFFICE if part in names), "")


def _is_unsafe(part: zipfile.ZipInfo) -> bool:
    """A macro, a program, a part that leaves the archive's own folder or cannot be looked into."""
    name = part.filename.replace("\\", "/").lower()
    leaves = name.startswith("/") or ".." in name.split("/") or ":" in name
    return leaves or name.endswith(PROGRAMS) or bool(part.flag_bits & ENCRYPTED)


def shown_name(typed: str, ending: str) -> str:
    """The firm's own name for it without path and control characters, with the ending of what it is."""
    last = PurePosixPath(unicodedata.normalize("NFC", typed).replace("\\", "/")).name
    stem = re.sub(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\"<>|:*?]", "", last)
    stem = stem.rpartition(".")[0] or stem
    return f"{stem.strip(' .')[:NAME_MAX] or 'file'}.{ending}"


def taken_in(upload: File, *, most: int) -> Paper:
    """Read an upload of at most so many megabytes. Raises Invalid where it is empty or larger, or the site's scanner objects."""
    content = read_upload(upload, most=most)
    scanning.check(content)
    ending = kind_of(content)
    return Paper(shown_name(upload.name or "", ending), content, ending, hashlib.sha256(content).hexdigest())


def kept(row: Row, paper: Paper, *, at: dt.datetime) -> Row:
    """The new row, written with this paper: its name, size, digest and content."""
    stored = paper.stored()
    for name, value in {"name": paper.name, "size": stored.size, "sha256": paper.sha256, "uploaded_at": at}.items():
        setattr(row, name, value)
    row.content.save(stored.name, stored, save=False)  # type: ignore[attr-defined]  # the rows of papers have a content
    row.save(force_insert=True)
    return row


def read_upload(upload: File, *, most: int) -> bytes:
    """Never more than is allowed is read into memory."""
    content: bytes = upload.read(most * MEGABYTE + 1)
    if len(content) > most * MEGABYTE:
        raise _refusal("too_large", _("文件超过 %(n)s MB。") % {"n": most}, _("请压缩或分成几份后上传。"))
    if not content:
        raise _refusal("empty", _("文件是空的。"), _("请核对后重新选择。"))
    return content


def _refusal(code: str, message: object, remedy: object) -> Invalid:
    return Invalid([Problem("upload", code, message, remedy)])
