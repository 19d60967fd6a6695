import datetime as dt

import pytest
from django.utils import translation
from openpyxl import Workbook

from common.errors import Invalid
from exchange import tables
from exchange.tables import column, find_table
from exchange.workbooks import opened
from organisations.entering import read
from tests.exchange.books import book, saved

NAME = column("name", "项目名称")
CODE = column("uscc", "统一社会信用代码", "uscc", needed=False)
TOTAL = column("total", "总投资（万元）", "wan", needed=False, also=("投资总额",))
DAY = column("starts_on", "开工日期", "date", needed=False)
RATE = column("rate", "年利率（%）", "percent", needed=False)
COLUMNS = (NAME, CODE, TOTAL, DAY, RATE)


def _rows(upload, columns=COLUMNS):
    with opened(upload) as read_book:
        return list(find_table(read_book, columns).rows())


def _refused(upload, columns=COLUMNS):
    with pytest.raises(Invalid) as refused:
        _rows(upload, columns)
    return [(problem.field, problem.code) for problem in refused.value.problems]


def test_columns_are_found_by_title_wherever_they_stand():
    (row,) = _rows(book(["2026年申报汇总表"], ["单位：万元"], ["总投资", "备注", " 项 目 名 称 * "], ["12.5", "无", "一号线"]))

    assert (row.number, row.cells) == (4, {"name": "一号线", "total": "12.5"})


def test_titles_are_known_in_either_language_whatever_the_reader_speaks():
    from projects.form_fields import FIELDS

    columns = (tables.Column(FIELDS["name"]),)
    with translation.override("en"):
        english = str(FIELDS["name"].label)

    assert english != "项目名称"
    assert [row.cells for row in _rows(book([english], ["一号线"]), columns)] == [{"name": "一号线"}]
    with translation.override("en"):
        assert [row.cells for row in _rows(book(["项目名称"], ["一号线"]), columns)] == [{"name": "一号线"}]


def test_heads_over_two_rows_with_merged_cells_are_read_together():
    old, new = column("old", "旧设备名称"), column("new", "新设备名称")
    upload = book(
        ["项目名称", "旧设备", None, "新设备", None],
        [None, "名称", "年份", "名称", "年份"],
        ["一号线", "旧炉", 2009, "新炉", 2026],
        merged=["A1:A2", "B1:C1", "D1:E1"],
    )

    (row,) = _rows(upload, (NAME, old, new))

    assert (row.number, row.cells) == (3, {"name": "一号线", "old": "旧炉", "new": "新炉"})


def test_blank_rows_and_totals_are_passed_over():
    rows = _rows(book(["项目名称", "总投资（万元）"], ["一号线", 1], [None, " "], ["二号线", 2], ["合 计", 3]))

    assert [(row.number, row.cells["name"]) for row in rows] == [(2, "一号线"), (4, "二号线")]


def test_cells_are_handed_on_as_they_would_have_been_typed():
    made = Workbook()
    sheet = made.active
    sheet.append(["项目名称", "统一社会信用代码", "总投资（万元）", "开工日期", "年利率（%）"])
    sheet.append(["\u200b一号线\u00a0", "91420100YY00000158", 1250.5, dt.datetime(2026, 3, 1), 0.0345])  # noqa: DTZ001 -- as Excel has it
    sheet["E2"].number_format = "0.00%"
    sheet.append([20260301.0, "９１４２", "１，２５０．５", 2025.3, "３．４５％"])

    first, second = _rows(saved(made))

    assert first.cells == {
        "name": "一号线",
        "uscc": "91420100YY00000158",
        "total": 1250.5,
        "starts_on": dt.date(2026, 3, 1),
        "rate": "3.45%",
    }
    assert second.cells == {"name": "20260301", "uscc": "９１４２", "total": "１，２５０．５", "starts_on": 2025.3, "rate": "３．４５％"}
    params = [one.param for one in (TOTAL, DAY, RATE)]
    assert read(params, first.cells) == {"total": 12_505_000, "starts_on": dt.date(2026, 3, 1), "rate": 345}
    assert read(params, second.cells) == {"total": 12_505_000, "starts_on": dt.date(2025, 3, 1), "rate": 345}


def test_a_logical_value_is_text_where_text_is_wanted_and_no_number_elsewhere():
    """WPS makes TRUE of what begins so."""
    (row,) = _rows(book(["项目名称", "年利率（%）", "总投资（万元）"], [True, False, True]))

    assert row.cells == {"name": "TRUE", "rate": False, "total": True}
    with pytest.raises(Invalid) as refused:
        read([TOTAL.param, RATE.param], row.cells)
    assert {problem.code for problem in refused.value.problems} == {"not_a_number", "not_a_rate"}


def test_error_values_and_codes_that_lost_digits_are_problems_of_their_cell():
    (row,) = _rows(book(["项目名称", "总投资（万元）"], [914403001922038216, "#REF!"]))

    assert [(problem.field, problem.code) for problem in row.problems] == [("name", "digits_lost"), ("total", "cell_error")]


def test_a_number_in_a_code_field_is_left_for_its_reader_to_refuse():
    (row,) = _rows(book(["项目名称", "统一社会信用代码"], ["一号线", 914403001922038216]))

    assert isinstance(row.cells["uscc"], float)


def test_a_title_with_another_unit_is_refused_since_every_figure_would_be_wrong():
    assert _refused(book(["项目名称", "总投资（元）"], ["一号线", 1])) == [("total", "other_unit")]


def test_a_table_without_its_columns_is_refused_by_their_titles():
    assert _refused(book(["开工日期"], ["2026-03-01"])) == [("name", "column_missing")]
    assert _refused(book(["姓名"], ["甲"])) == [("upload", "no_table")]
    assert _refused(book()) == [("upload", "no_table")]


def test_a_column_twice_is_refused():
    assert _refused(book(["项目名称", "项目名称"], ["甲", "乙"])) == [("name", "column_twice")]


def test_the_named_sheet_comes_first_and_hidden_ones_never():
    made = Workbook()
    made.active.append(["项目名称"])
    made.active.append(["藏着的"])
    made.active.sheet_state = "hidden"
    for title, name in (("其他", "别的"), ("申报", "一号线")):
        sheet = made.create_sheet(title)
        sheet.append(["项目名称"])
        sheet.append([name])

    with opened(saved(made)) as read_book:
        assert [row.cells["name"] for row in find_table(read_book, (NAME,), sheet="申报").rows()] == ["一号线"]
        assert [row.cells["name"] for row in find_table(read_book, (NAME,)).rows()] == ["别的"]


def test_titles_without_meaning_here_are_told():
    with opened(book(["项目名称", "备注"], ["一号线", "无"])) as read_book:
        assert list(find_table(read_book, (NAME,)).unknown) == ["备注"]


def test_too_many_rows_are_refused_while_reading(monkeypatch):
    monkeypatch.setattr(tables, "ROWS_MAX", 2)

    assert _refused(book(["项目名称"], ["甲"], ["乙"], ["丙"])) == [("upload", "too_many_rows")]


@pytest.mark.parametrize("code", ["zh-hans", "en"])
def test_no_two_columns_of_an_import_share_a_title(code, world):
    from exchange.importers import IMPORTERS
    from exchange.listings.projects import equipment_columns

    with translation.override(code):
        for importer in IMPORTERS.values():
            titles = [tables._title(str(one.param.label)) for one in importer.columns()]
            assert len(set(titles)) == len(titles)
        titles = [tables._title(str(one.label)) for one in equipment_columns()]
        assert len(set(titles)) == len(titles)
