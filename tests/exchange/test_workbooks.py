import zipfile
from io import BytesIO

import pytest
from openpyxl import Workbook

from common.errors import Invalid
from exchange import workbooks
from exchange.workbooks import opened
from tests.exchange.books import book, saved

OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def _archive(**parts):
    kept = BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return kept


def _code(upload):
    with pytest.raises(Invalid) as refused, opened(upload):
        pass
    (problem,) = refused.value.problems
    assert problem.field == "upload"
    assert str(problem.message)
    assert str(problem.remedy)
    return problem.code


def test_opened_yields_the_sheets_of_a_workbook():
    with opened(book(["项目名称"], title="申报")) as read:
        assert read.sheetnames == ["申报"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (OLE + bytes(2000), "xls"),
        (OLE + bytes(2000) + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        ("项目名称,金额\n甲,1\n".encode(), "text"),
        ("项目名称,金额\n甲,1\n".encode("gbk"), "text"),
        (b"<html><table><tr><td>1</td></tr></table>", "web_page"),
        (b'<?xml version="1.0"?><Workbook/>', "web_page"),
        (b"\x00\x01\x02\x03", "not_a_workbook"),
        (b"PK\x03\x04 and nothing of an archive", "not_a_workbook"),
    ],
)
def test_opened_refuses_what_is_no_workbook_and_says_what_it_is(content, code):
    assert _code(BytesIO(content)) == code


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"xl__workbook_bin": b""}, "xlsb"),
        ({"content_xml": b"", "mimetype": b""}, "ods"),
        ({"xl__workbook_xml": b"", "xl__vbaProject_bin": b""}, "macros"),
        ({"word__document_xml": b""}, "not_a_workbook"),
        ({"xl__workbook_xml": b"<workbook/>"}, "not_a_workbook"),
    ],
)
def test_opened_refuses_archives_that_hold_something_else(parts, code):
    assert _code(_archive(**parts)) == code


def test_opened_refuses_a_bomb_by_its_directory_alone(monkeypatch):
    bomb = _archive(xl__workbook_xml=b"", xl__worksheets__sheet1_xml=bytes(30 * workbooks.MEGABYTE))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_args, **_kwargs: pytest.fail("nothing of it may be unpacked"))

    assert _code(bomb) == "bomb"


def test_opened_refuses_many_parts_and_swollen_styles(monkeypatch):
    monkeypatch.setattr(workbooks, "PARTS_MAX", 3)
    assert _code(_archive(xl__workbook_xml=b"", a=b"", b=b"", c=b"")) == "bomb"

    monkeypatch.setattr(workbooks, "PART_MAX", 100)
    assert _code(_archive(xl__workbook_xml=b"", xl__styles_xml=bytes(101))) == "bomb"


def test_opened_refuses_a_file_over_the_limit_before_reading_it(monkeypatch):
    monkeypatch.setattr(workbooks, "UPLOAD_MAX", 100)

    assert _code(book(["项目名称"])) == "too_large"


def test_opened_reads_formulas_as_their_last_value_and_runs_nothing():
    made = Workbook()
    made.active["A1"] = '=HYPERLINK("http://127.0.0.1/", "1")'

    with opened(saved(made)) as read:
        assert [row[0].value for row in read.worksheets[0].iter_rows()] == [None]


def test_opened_does_not_follow_entities():
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    sheet = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{lines}]><worksheet>&a11;</worksheet>'
    good = book(["项目名称"])
    spoiled = BytesIO()
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(spoiled, "w") as new:
        for part in old.infolist():
            new.writestr(part, sheet if part.filename.startswith("xl/worksheets/") else old.read(part))

    assert _code(spoiled) == "not_a_workbook"
