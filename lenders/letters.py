"""A bank's letter (文号, date, sums by account): entered by one person of the provincial office, in force once a second has compared it.

The sums stay the bank's own declaration; the office only writes down what the letter says.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.money import parse_wan
from common.steps import record, take
from lenders import appetite
from lenders.models import Appetite, AppetiteLetter, AppetiteLetterLine, Bank, Branch
from lenders.states import LETTER_STEPS, by_provincial_office
from organisations.actors import Person
from organisations.models import Programme

COLUMNS = 4
CASES_MAX = 100_000


@dataclass(frozen=True)
class Line:
    """One account as the letter states it."""

    branch: Branch | None
    limit: Decimal
    max_ticket: Decimal | None = None
    case_load: int | None = None


def read_lines(text: str, bank: Bank, *, province: str) -> list[Line]:
    """One account a line, as pasted from a sheet: code, 额度 and perhaps 单户上限 (万元), cases. The bank's own code is the whole bank.

    A province writes down what concerns it: its branches, and the whole only of a bank of its own. Raises Invalid with every line
    that cannot be read.
    """
    branches = {row.code: row for row in Branch.objects.filter(bank=bank, province=province).select_related("organisation")}
    known: dict[str, Branch | None] = {**branches, **({bank.code: None} if bank.province == province else {})}
    lines: list[Line] = []
    problems: list[Problem] = []
    for number, row in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in (row.split("\t") if "\t" in row else row.replace("，", ",").split(","))]
        if not any(cells):
            continue
        try:
            lines.append(_line(cells, known))
        except Invalid as error:
            problems += [_of_line(number, problem) for problem in error.problems]
    codes = [line.branch.code if line.branch else bank.code for line in lines]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        problems.append(Problem("lines", "twice", _("%(code)s 出现了两次。") % {"code": code}, _("每个账户只填一行。")))
    if not lines and not problems:
        problems.append(Problem("lines", "required", _("请填写来函中的额度。"), _("每行一个账户：机构代码，额度（万元）。")))
    if problems:
        raise Invalid(problems)
    return lines


def enter(
    bank: Bank,
    *,
    programme: Programme,
    number: str,
    dated_on: dt.date,
    period: str,
    valid_from: dt.date,
    valid_to: dt.date,
    lines: Sequence[Line],
    province: str,
    by: Person,
    at: dt.datetime,
) -> AppetiteLetter:
    """Write down a letter. Nothing changes until another person of the office registers it."""
    letter = AppetiteLetter(
        programme=programme,
        bank=bank,
        number=number.strip(),
        dated_on=dated_on,
        period=period.strip(),
        valid_from=valid_from,
        valid_to=valid_to,
        entered_by_id=by.user_id,
        entered_at=at,
        province=province,
    )
    if not by_provincial_office(letter, by):
        raise NotAllowed(_("银行来函由省级主管部门登记。"))
    if valid_to < valid_from:
        raise Invalid([Problem("valid_to", "before_start", _("截止日期早于开始日期。"), _("请核对期间。"))])
    with transaction.atomic():
        same = AppetiteLetter.objects.filter(programme=programme, bank=bank, number=letter.number).exclude(state=AppetiteLetter.State.VOID)
        if same.exists():
            raise Conflict(
                _("文号 %(number)s 已登记。") % {"number": letter.number}, remedy=_("如需更正，请先将原登记作废或以新来函登记。")
            )
        letter.save(force_insert=True)
        AppetiteLetterLine.objects.bulk_create(
            AppetiteLetterLine(
                letter=letter,
                branch=line.branch,
                limit=line.limit,
                max_ticket=line.max_ticket,
                case_load=line.case_load,
                province=province,
            )
            for line in lines
        )
        record(letter, "enter", by=by, at=at, changes={"lines": len(lines)})
    return letter


def register(letter: AppetiteLetter, *, by: Person, at: dt.datetime, seen: int, may_fall: bool = True, note: str = "") -> list[Appetite]:
    """The second person has compared the letter: each of its sums is declared, all or none."""
    with transaction.atomic():
        taken = take(
            LETTER_STEPS,
            "register",
            letter,
            by=by,
            at=at,
            seen=seen,
            note=note,
            changes={"registered_by_id": by.user_id, "registered_at": at},
        )
        rows = letter.lines.select_related("branch__bank", "branch__organisation").order_by("branch__code", "pk")
        return [
            appetite.declare(
                taken.bank,
                row.branch,
                programme=taken.programme,
                period=taken.period,
                valid_from=taken.valid_from,
                valid_to=taken.valid_to,
                limit=row.limit,
                max_ticket=row.max_ticket,
                case_load=row.case_load,
                may_fall=may_fall,
                note=f"{taken.number}（{taken.dated_on:%Y-%m-%d}）",
                letter=taken,
                by=by,
                at=at,
            )
            for row in rows
        ]


def void(letter: AppetiteLetter, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> AppetiteLetter:
    """Entered by mistake: it never counts, and its number may be entered again."""
    taken: AppetiteLetter = take(LETTER_STEPS, "void", letter, by=by, at=at, seen=seen, note=note)
    return taken


def _line(cells: Sequence[str], known: Mapping[str, Branch | None]) -> Line:
    code, limit, ticket, cases = [*cells, "", "", ""][:COLUMNS]
    if any(cells[COLUMNS:]) or code not in known:
        message = _("“%(code)s”不是该行在本省的机构代码，或列数过多。") % {"code": code}
        raise Invalid([Problem("lines", "unknown_account", message, _("请填写该行在本省的机构代码；全国性银行的全行额度由其总行申报。"))])
    if cases and not (cases.isdecimal() and int(cases) <= CASES_MAX):
        raise Invalid([Problem("lines", "not_an_integer", _("受理件数“%(cases)s”不是整数。") % {"cases": cases}, _("只填数字，例如 25。"))])
    return Line(
        known[code],
        parse_wan(limit, field="lines"),
        parse_wan(ticket, field="lines") if ticket else None,
        int(cases) if cases else None,
    )


def _of_line(number: int, problem: Problem) -> Problem:
    message = _("第 %(n)s 行：%(message)s") % {"n": number, "message": problem.message}
    return Problem("lines", problem.code, message, problem.remedy)
