"""A State Council notice is loaded whole, or refused with every line that is wrong."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from common.errors import Invalid
from common.models import AuditEvent, CalendarException
from common.workdays import load_calendar
from organisations import calendar_notice
from organisations.actors import system
from tests.factories import NOW

pytestmark = pytest.mark.django_db
NOTICE = """日期,是否上班,依据
2027-01-01,休息,国办发明电〔2026〕8号
2027-02-08,休息,国办发明电〔2026〕8号
2027年2月13日,上班,国办发明电〔2026〕8号
"""


def load(text, encoding="utf-8"):
    return calendar_notice.load(text.encode(encoding), by=system(NOW), at=NOW)


def refused(text):
    with pytest.raises(Invalid) as error:
        load(text)
    return [(problem.code, str(problem.message)) for problem in error.value.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_notice_is_loaded_with_one_event(encoding):
    loaded = load(NOTICE, encoding)

    calendar = load_calendar()
    assert (loaded.years, loaded.days, loaded.removed) == ([2027], 3, 0)
    assert calendar.knows_year(2027)
    assert not calendar.is_working_day(dt.date(2027, 1, 1))
    assert calendar.is_working_day(dt.date(2027, 2, 13))
    event = AuditEvent.objects.get()
    assert (event.verb, event.changes["years"], event.changes["days"]) == ("load", [2027], 3)


def test_a_corrected_notice_replaces_its_year_and_no_other():
    load(NOTICE + "2026-01-01,休息,旧\n")
    assert CalendarException.objects.count() == 4

    loaded = load("day,is_working,source\n2027-01-01,false,更正\n")

    assert (loaded.removed, loaded.days) == (2, 1)
    assert list(CalendarException.objects.order_by("day").values_list("day", "source")) == [
        (dt.date(2026, 1, 1), "旧"),
        (dt.date(2027, 1, 1), "更正"),
    ]


def test_every_wrong_line_is_named_and_nothing_is_loaded():
    found = refused("日期,是否上班,依据\n2027-02,休息,x\n2027-01-01,也许,x\n2027-01-02,休息,\n2027-01-04,休息,x\n")

    assert [code for code, _message in found] == ["not_a_date", "unknown_word", "required"]
    assert [message.split("：")[0] for _code, message in found] == ["第 2 行", "第 3 行", "第 4 行"]
    assert not CalendarException.objects.exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "column_missing"),
        ("日期,依据\n", "column_missing"),
        ("日期,是否上班,依据\n", "empty"),
        ("日期,是否上班,依据\n2027-01-01,休息,x\n2027-01-01,休息,x\n", "twice"),
        ("日期,是否上班,依据\n2027-01-01,上班,x\n2027-01-04,上班,x\n2027-02-13,休息,x\n", "reversed"),
    ],
)
def test_what_no_line_shows_is_found_in_the_whole(text, code):
    assert code in [found for found, _message in refused(text)]


def test_days_without_end_are_no_calendar():
    every_day = "".join(f"{dt.date(2027, 1, 4) + dt.timedelta(n)},休息,x\n" for n in range(100) if n % 7 < 5)

    assert "no_work" in [code for code, _message in refused(f"日期,是否上班,依据\n{every_day}")]


def test_the_command_loads_and_refuses_in_words(tmp_path, capsys):
    notice = tmp_path / "2027.csv"
    notice.write_text(NOTICE, encoding="utf-8")

    call_command("load_calendar", notice)
    assert "2027" in capsys.readouterr().out

    notice.write_text("日期,是否上班,依据\nx,y,z\n", encoding="utf-8")
    with pytest.raises(CommandError, match="第 2 行"):
        call_command("load_calendar", notice)
    with pytest.raises(CommandError):
        call_command("load_calendar", tmp_path / "none.csv")
