import datetime as dt

import pytest

from organisations.days import parse_day

MARCH = dt.date(2025, 3, 1)


@pytest.mark.parametrize(
    "written",
    [
        "2025-03-01",
        "2025年3月1日",
        "2025 年 3 月 1 日",
        "２０２５．３．１",
        "2025/3/1 0:00:00",
        "20250301",
        "2025.3",
        "2025年3月",
        "2025年3月份",
        20250301,
        2025.3,
        2025.03,
        45717,
        45717.5,
        MARCH,
        dt.datetime(2025, 3, 1, 8, 30),  # noqa: DTZ001 -- as a spreadsheet gives it
    ],
)
def test_parse_day_reads_every_way_a_day_is_written(written):
    assert parse_day(written) == MARCH


@pytest.mark.parametrize(
    "written", ["", "2025", "45717", "2025-13-01", "2025-02-30", "1999-12-31", "明年", True, 2025, float("nan"), float("inf"), 1e300]
)
def test_parse_day_refuses_what_is_no_day_of_ours(written):
    with pytest.raises(ValueError, match=r"day|month|year"):
        parse_day(written)


def test_parse_day_takes_neither_january_nor_october_for_a_number_that_lost_its_zero():
    with pytest.raises(ValueError, match="January or October"):
        parse_day(2025.1)

    assert parse_day("2025.1") == dt.date(2025, 1, 1)
    assert parse_day("2025.10") == dt.date(2025, 10, 1)
    assert parse_day(2025.12) == dt.date(2025, 12, 1)
