"""The letter and the list of a frozen batch: what they say, and that they say it in the same bytes."""

import io

import pytest
from docx import Document
from openpyxl import load_workbook

from common.errors import Conflict
from exchange.forward_papers import PAPERS, letter, printed, workbook
from projects.forwarding import steps
from projects.models import ForwardBatch
from tests.factories import NOW
from tests.projects.forwarding.test_steps import prepared


@pytest.fixture
def forward(world, cast):
    return steps.freeze(prepared(world, cast, 2), by=cast.hu, at=NOW, seen=0)


def test_the_letter_names_whom_it_is_for_what_is_sent_and_by_which_digest(forward):
    said = "\n".join(paragraph.text for paragraph in Document(io.BytesIO(letter(forward))).paragraphs)

    assert "关于上报2026年3月批次的函" in said
    assert "武汉市经济和信息化局：" in said
    assert "2个项目报上，融资需求合计4,000万元" in said
    assert f"清单摘要（SHA-256）：{forward.sha256}" in said
    assert said.endswith("洪山区科学技术和经济信息化局\n2026年3月2日")


def test_the_list_has_a_row_for_each_case_with_its_codes_as_text(forward):
    book = load_workbook(io.BytesIO(workbook(forward)))

    rows = list(book["项目清单"].iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in rows] == [case["project_code"] for case in forward.content]
    assert {row[7] for row in rows} == {2000}
    assert book["项目清单"]["B2"].number_format == "@"
    assert forward.sha256 in [cell.value for cell in book["说明"]["B"]]


def test_the_printed_list_is_a_pdf(forward):
    assert printed(forward).startswith(b"%PDF-")


@pytest.mark.parametrize("name", PAPERS)
def test_the_same_list_gives_the_same_bytes(name, forward):
    make = PAPERS[name][2]

    assert make(forward) == make(ForwardBatch.objects.with_offices().get(pk=forward.pk))


@pytest.mark.parametrize("name", PAPERS)
def test_nothing_is_printed_before_the_list_stands(name, world, cast):
    with pytest.raises(Conflict):
        PAPERS[name][2](prepared(world, cast, 1))
