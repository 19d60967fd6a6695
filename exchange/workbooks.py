"""Excel workbooks from people, opened with care: looked at before anything is unpacked, read row by row, never executed.

What is not an .xlsx workbook is refused with what to do instead. Formulas count for the values that were last saved with them.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext_lazy as _
from openpyxl import Workbook, load_workbook

from common.errors import Invalid, Problem

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEGABYTE = 1024 * 1024
UPLOAD_MAX = 20 * MEGABYTE
PARTS_MAX = 1_000
SHEET_MAX = 200 * MEGABYTE  # a sheet is read as a stream
STRINGS_MAX = 50 * MEGABYTE  # shared strings are held in memory
PART_MAX = 10 * MEGABYTE  # styles, names and all that a workbook is described by: held too, as objects
TOTAL_MAX = 400 * MEGABYTE
RATIO_MAX = 200  # rows that repeat themselves shrink to a fiftieth
ZIP, OLE = b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
AS_XLSX = _("请用 Excel 或 WPS 打开后另存为“Excel 工作簿（*.xlsx）”，再上传。")

_REFUSALS = {
    "empty": (_("文件是空的。"), _("请核对后重新选择。")),
    "too_large": (_("文件超过 %(limit)s MB。") % {"limit": UPLOAD_MAX // MEGABYTE}, _("请删去无关的工作表和图片，或分成几个文件上传。")),
    "encrypted": (_("文件加了打开密码，无法读取。"), _("请取消密码后另存，再上传。")),
    "xls": (_("这是旧格式的表格（.xls 或 .et），不能直接读取。"), AS_XLSX),
    "xlsb": (_("这是二进制格式的表格（.xlsb），不能直接读取。"), AS_XLSX),
    "ods": (_("这是 OpenDocument 表格（.ods），不能直接读取。"), AS_XLSX),
    "web_page": (_("这是存成表格名字的网页，不是 Excel 工作簿。"), AS_XLSX),
    "text": (_("这是文本（.csv 或 .txt），长编码在其中容易丢失位数，不予读取。"), _("请下载模板，把内容按“文本”粘贴进去，再上传。")),
    "macros": (_("文件带有宏，出于安全不予接收。"), _("请另存为不含宏的“Excel 工作簿（*.xlsx）”，再上传。")),
    "not_a_workbook": (_("文件不是 Excel 工作簿，或已损坏。"), AS_XLSX),
    "bomb": (_("文件解压后过大，疑似异常文件，未予打开。"), _("请只复制需要的行到模板中，再上传。")),
}


@contextmanager
def opened(upload: Any) -> Iterator[Workbook]:
    """The workbook in this file, for reading from beginning to end. Raises Invalid, telling what it is and what to do."""
    _examine(upload)
    upload.seek(0)
    try:
        book = load_workbook(upload, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # a broken file breaks openpyxl in more ways than it has names for
        raise refusal("not_a_workbook") from error
    try:
        yield book
    finally:
        book.close()


def refusal(code: str) -> Invalid:
    message, remedy = _REFUSALS[code]
    return Invalid([Problem("upload", code, message, remedy)])


def _examine(upload: Any) -> None:
    """By its content, whatever its name says; of an archive only the directory is read."""
    upload.seek(0)
    head = upload.read(4096)
    if not head:
        raise refusal("empty")
    if upload.seek(0, 2) > UPLOAD_MAX:
        raise refusal("too_large")
    if head.startswith(OLE):
        upload.seek(0)
        raise refusal("encrypted" if ENCRYPTED in upload.read() else "xls")
    if not head.startswith(ZIP):
        raise refusal(_kind_of_text(head))
    try:
        with zipfile.ZipFile(upload) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise refusal("not_a_workbook") from error
    _examine_parts(parts)


def _kind_of_text(head: bytes) -> str:
    if b"<html" in head.lower() or b"<table" in head.lower() or head.lstrip().startswith((b"<?xml", b"<!")):
        return "web_page"
    return "not_a_workbook" if b"\x00" in head else "text"


def _examine_parts(parts: list[zipfile.ZipInfo]) -> None:
    """Sizes as the directory tells them: no part can unpack to more, since reading one stops at the size told."""
    names = {part.filename.lower() for part in parts}
    if "xl/workbook.bin" in names:
        raise refusal("xlsb")
    if "content.xml" in names and "mimetype" in names:
        raise refusal("ods")
    if any(name.endswith("vbaproject.bin") for name in names):
        raise refusal("macros")
    if "xl/workbook.xml" not in names or len(names) != len(parts):
        raise refusal("not_a_workbook")
    if any(part.flag_bits & 0x1 for part in parts):
        raise refusal("encrypted")
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    too_much = unpacked > TOTAL_MAX or (unpacked > PART_MAX and unpacked > RATIO_MAX * max(packed, 1))
    if len(parts) > PARTS_MAX or too_much or any(part.file_size > _limit(part.filename) for part in parts):
        raise refusal("bomb")


def _limit(name: str) -> int:
    if name.startswith("xl/worksheets/"):
        return SHEET_MAX
    return STRINGS_MAX if name == "xl/sharedStrings.xml" or name.startswith("xl/media/") else PART_MAX
