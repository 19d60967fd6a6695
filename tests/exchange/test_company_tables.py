"""The registers that cross-checks ask come as tables: read into rows, corrected by the next table, refused cell by cell."""

import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from common.errors import NotAllowed
from deals.crosschecks import gather
from deals.models import CompanyRecord, Shareholding
from exchange import checking, committing, importing, templates
from exchange.models import Import, ImportedRow
from organisations.identifiers import make_uscc
from tests.deals import cases
from tests.exchange.books import saved
from tests.factories import HUBEI, NOW

FIRST, SECOND = make_uscc("420100", 1), make_uscc("420100", 2)
COMPANY = {
    "统一社会信用代码": FIRST,
    "名称": "武汉机床有限公司",
    "法定代表人": "张三",
    "登记状态": "存续",
    "截至": "2026-02-28",
    "来源": "市监局2月",
}
HOLDING = {"股东统一社会信用代码": SECOND, "公司统一社会信用代码": FIRST, "持股（%）": 51, "自": "2020年3月1日", "来源": "市监局2月"}


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def template(kind, by):
    out = io.BytesIO()
    templates.write(kind, out, by=by)
    return openpyxl.load_workbook(out)


def brought(kind, by, *rows):
    """Into the template, handed in, checked and, if nothing is wrong, written: the outcomes, or what is marked."""
    book = template(kind, by)
    sheet = book.worksheets[0]
    places = {cell.value: cell.column for cell in sheet[1]}
    for number, row in enumerate(rows, 2):
        for title, value in row.items():
            sheet.cell(number, places[title]).value = value
    job = importing.hand_in(kind, SimpleUploadedFile("登记.xlsx", saved(book).getvalue()), by=by, at=NOW)
    checking.check(job, at=NOW, clock=timezone.now)
    job = Import.objects.select_related("owner").get(pk=job.pk)
    if job.state != Import.State.READY:
        return job
    importing.commit(job, by=by, at=NOW, seen=job.version)
    committing.write(job, at=NOW, clock=timezone.now)
    return list(ImportedRow.objects.filter(of_import=job).order_by("number").values_list("outcome", flat=True))


def test_an_extract_is_made_once_and_corrected_by_the_next(world, cast):
    assert brought("companies", cast.zhao, COMPANY) == ["created"]
    assert brought("companies", cast.qian, COMPANY) == ["unchanged"]
    assert brought("companies", cast.zhao, COMPANY | {"登记状态": "注销"}) == ["changed"]

    row = CompanyRecord.objects.get()
    assert (row.uscc, row.state, row.province) == (FIRST, "struck_off", HUBEI)
    assert cases.verbs(row) == ["register", "register"]


def test_cross_checks_read_what_came_in(world, cast):
    brought("companies", cast.zhao, COMPANY | {"登记状态": "吊销"})
    assert brought(
        "shareholdings", cast.zhao, HOLDING, HOLDING | {"股东统一社会信用代码": make_uscc("420100", 3), "持股（%）": "12.5"}
    ) == [
        "created",
        "created",
    ]

    companies, by_name = gather._companies({FIRST}, set(), on=NOW.date())
    shares = gather._shares({FIRST, SECOND}, on=NOW.date())

    assert (companies[FIRST].state, by_name["武汉机床有限公司"], shares) == ("revoked", FIRST, {(SECOND, FIRST): 5100})
    assert sorted(Shareholding.objects.values_list("share_bp", flat=True)) == [1250, 5100]


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("companies", COMPANY | {"统一社会信用代码": float(420100123456789000)}),
        ("companies", COMPANY | {"统一社会信用代码": FIRST[:-1] + ("0" if FIRST[-1] != "0" else "1")}),
        ("companies", COMPANY | {"截至": "2027-01-01"}),
        ("companies", COMPANY | {"登记状态": "不详"}),
        ("shareholdings", HOLDING | {"持股（%）": 0}),
        ("shareholdings", HOLDING | {"股东统一社会信用代码": FIRST}),
        ("shareholdings", HOLDING | {"至": "2019-12-31"}),
    ],
)
def test_what_cannot_be_is_marked_and_nothing_is_written(world, cast, kind, row):
    job = brought(kind, cast.zhao, row)

    assert (job.state, CompanyRecord.objects.count() + Shareholding.objects.count()) == ("faulty", 0)


@pytest.mark.parametrize("who", ["lin", "bai", "chen"])
def test_only_the_province_brings_registers_in(world, cast, who):
    with pytest.raises(NotAllowed):
        template("companies", getattr(cast, who))
