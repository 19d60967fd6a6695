"""The State Council's notice of holidays and make-up days, loaded as a file: whole years, or nothing of it."""

import csv
import datetime as dt
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.models import CalendarException
from common.steps import Actor, record
from common.workdays import SATURDAY, WorkCalendar
from organisations.days import parse_day

COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("day", "日期"), "day"),
    **dict.fromkeys(("is_working", "是否上班", "班休", "上班"), "is_working"),
    **dict.fromkeys(("source", "依据", "来源", "文号"), "source"),
}
WORKED: Mapping[str, bool] = {
    **dict.fromkeys(("true", "1", "yes", "是", "班", "上班", "调休上班", "补班"), True),
    **dict.fromkeys(("false", "0", "no", "否", "休", "休息", "放假"), False),
}
DAYS_MAX = 366
SOURCE_MAX = 200
YEAR_MONTH_DAY = 3


@dataclass(frozen=True)
class Loaded:
    years: Sequence[int]
    days: int
    removed: int


def load(content: bytes, *, by: Actor, at: dt.datetime) -> Loaded:
    """Replace the years that the file speaks of by what it says. Raises Invalid naming every line that is wrong; then nothing changes."""
    rows = read(content)
    years = sorted({row.day.year for row in rows})
    with transaction.atomic():
        known = CalendarException.objects.filter(day__year__in=years)
        removed, _kinds = known.exclude(day__in=[row.day for row in rows]).delete()
        CalendarException.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["day"], update_fields=["is_working", "source"], batch_size=500
        )
        first = CalendarException.objects.get(day=rows[0].day)
        told = {"years": years, "days": len(rows), "removed": removed, "sha256": hashlib.sha256(content).hexdigest()}
        record(first, "load", by=by, at=at, changes=told)
    return Loaded(years, len(rows), removed)


def read(content: bytes) -> list[CalendarException]:
    """The days of the notice in their order. The file is CSV with the columns 日期, 是否上班, 依据 (or day, is_working, source)."""
    lines = csv.reader(io.StringIO(_text(content)))
    places = _places(next(lines, []))
    rows: list[CalendarException] = []
    problems: list[Problem] = []
    for number, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            rows.append(_row(cells, places))
        except Invalid as error:
            problems += [_of_line(number, problem) for problem in error.problems]
    problems += [] if problems else _as_a_whole(rows)
    if problems:
        raise Invalid(problems)
    return sorted(rows, key=lambda row: row.day)


def _text(content: bytes) -> str:
    """As WPS and Excel save CSV here: UTF-8, with a mark or without, or GB 18030."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid([Problem("", "not_text", _("文件不是文本。"), _("请另存为 CSV（逗号分隔）后再导入。"))])


def _places(head: Sequence[str]) -> dict[str, int]:
    places = {COLUMNS[cell.strip()]: place for place, cell in enumerate(head) if cell.strip() in COLUMNS}
    missing = [name for name in ("day", "is_working", "source") if name not in places]
    if missing:
        message = _("表头缺少：%(names)s。") % {"names": "、".join(missing)}
        raise Invalid([Problem("", "column_missing", message, _("第一行应为：日期,是否上班,依据。"))])
    return places


def _row(cells: Sequence[str], places: Mapping[str, int]) -> CalendarException:
    said = {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
    problems = []
    try:
        day = _day(said["day"])
    except ValueError:
        problems.append(Problem("day", "not_a_date", _("“%(cell)s”不是日期。") % {"cell": said["day"]}, _("按 2027-01-01 的格式填写。")))
    worked = WORKED.get(said["is_working"].lower())
    if worked is None:
        message = _("“%(cell)s”没有说明上班还是休息。") % {"cell": said["is_working"]}
        problems.append(Problem("is_working", "unknown_word", message, _("填“上班”或“休息”（true 或 false）。")))
    if not said["source"] or len(said["source"]) > SOURCE_MAX:
        problems.append(Problem("source", "required", _("没有写明依据，或依据过长。"), _("填写国务院办公厅通知的文号。")))
    if problems:
        raise Invalid(problems)
    return CalendarException(day=day, is_working=worked, source=said["source"])


def _day(text: str) -> dt.date:
    """A month alone, which elsewhere means its first day, would here be a slip of the pen."""
    if len(re.findall(r"\d+", text)) != YEAR_MONTH_DAY:
        raise ValueError(text)
    return parse_day(text)


def _as_a_whole(rows: Sequence[CalendarException]) -> list[Problem]:
    """What no single line shows: an empty file, a day told twice, a column the wrong way round."""
    return [*_repeated(rows), *_implausible(rows)]


def _repeated(rows: Sequence[CalendarException]) -> Iterator[Problem]:
    days = [row.day for row in rows]
    for day in sorted({day for day in days if days.count(day) > 1}):
        yield Problem("day", "twice", _("%(day)s 出现了不止一次。") % {"day": day.isoformat()}, _("每天只填一行。"))


def _implausible(rows: Sequence[CalendarException]) -> Iterator[Problem]:
    if not rows or len(rows) > DAYS_MAX * 5:
        yield Problem("", "empty", _("文件中没有日期，或行数过多。"), _("每年只列与平常周末不同的日子。"))
        return
    telling = sum(row.is_working != (row.day.weekday() < SATURDAY) for row in rows)
    if telling * 2 < len(rows):
        message = _("多数日期与平常周末相同，“是否上班”一列可能填反。")
        yield Problem("is_working", "reversed", message, _("工作日休息填“休息”，周末上班填“上班”。"))
        return
    try:
        calendar = WorkCalendar({row.day: row.is_working for row in rows})
        for row in rows:
            calendar.next_working_day(row.day)
    except ValueError:
        yield Problem("day", "no_work", _("按此安排，有一段时间始终没有工作日。"), _("请核对通知原文。"))


def _of_line(number: int, problem: Problem) -> Problem:
    message = _("第 %(n)s 行：%(message)s") % {"n": number, "message": problem.message}
    return Problem(problem.field, problem.code, message, problem.remedy)
