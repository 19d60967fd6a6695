"""存量贷款: what was listed and lent before, by one workbook of four sheets: loans, drawdowns, repayments, subsidies paid.

Nothing takes effect by the import: each row waits for a second person of the office to confirm it.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, Invalid, Problem
from deals.models import OpeningLoan
from deals.opening import rules, steps
from deals.opening.entering import CONTRACT_NO, LOAN
from deals.opening.facts import BackTold, LoanTold, PaidTold, SlipTold
from deals.opening.states import provinces_of
from exchange.columns import Shown
from exchange.importers.hanging import Hanging, hanging_table
from exchange.importers.importer import Entry, Importer, Mark, Outcome, Written, asked_once, one_by_one
from exchange.listings.listing import Part
from exchange.listings.openings import SHEETS, loan_columns, parts
from exchange.tables import Row
from organisations.actors import Person
from organisations.entering import read as read_params
from organisations.identifiers import parse_uscc
from organisations.models import Programme
from projects.identifiers import parse_project_code

O = OpeningLoan.State  # noqa: E741 -- as in states
TOLD: Mapping[str, Any] = {"drawdowns": SlipTold, "repayments": BackTold, "paid": PaidTold}


class Openings(Importer):
    kind, writes, label = "opening-loans", "opening-loans", _("存量贷款")

    def __init__(self, book: Any, *, by: Person, at: dt.datetime, params: Mapping[str, Any]) -> None:
        super().__init__(book, by=by, at=at, params=params)
        self.province = min(provinces_of(by))
        self.programme = params.get("programme") or Programme.objects.order_by("pk").values_list("code", flat=True)[0]
        self.read_by = [asked_once(param) for param in LOAN]
        self.sheets = {name: Hanging(hanging_table(book, params, title), keys=("contract_no",)) for name, title, params in SHEETS}
        self.hung_by = {name: [asked_once(param) for param in params[1:]] for name, _title, params in SHEETS}
        self.hung: dict[int, dict[str, list[Row]]] = {}  # row → what hangs on it, sheet by sheet

    @classmethod
    def shown(cls) -> tuple[Shown, ...]:
        return loan_columns()

    @classmethod
    def parts(cls) -> tuple[Part, ...]:
        return parts()

    @classmethod
    def rows_shown(cls, by: Person) -> Iterable[OpeningLoan]:
        waiting = OpeningLoan.objects.visible_to(by).filter(province__in=provinces_of(by), state__in=(O.PROPOSED, O.REJECTED))
        return waiting.order_by("pk").iterator(chunk_size=500)

    @classmethod
    def may(cls, by: Person) -> bool:
        return bool(provinces_of(by))

    def read(self, rows: Sequence[Row]) -> list[Entry]:
        entries = [Entry(row, problems=list(row.problems)) for row in rows]
        keys = [self.keys_of(entry) for entry in entries]
        told = [self._told(entry) for entry in entries]
        known = self._known([one for one in told if one is not None])
        fresh = [one for one in told if one is not None and not _is_same(known.get((one.branch, one.contract_no)), one)]
        ground = rules.Ground(fresh, province=self.province, on=timezone.localdate(self.at))
        for entry, key, one in zip(entries, keys, told, strict=True):
            if one is not None:
                self.once(one.contract_no, entry, field=CONTRACT_NO.name)
                entry.values = {"told": one}
                entry.obj = known.get((one.branch, one.contract_no))
                self._examine(entry, key, one, ground)
        return entries

    def write(self, entries: Sequence[Entry]) -> list[Written]:
        return one_by_one(entries, self._enter)

    def left_over(self) -> list[Mark]:
        told = Problem(CONTRACT_NO.name, "no_such_loan", _("“存量贷款”表中没有这个合同编号。"), _("合同编号须与“存量贷款”表一致。"))
        return [Mark(*where, CONTRACT_NO.name, told) for sheet in self.sheets.values() for where in sheet.left(CONTRACT_NO.name)]

    def _told(self, entry: Entry) -> LoanTold | None:
        """What the row and all that hangs on it say; None where a cell cannot be read."""
        self.hung[entry.row.number] = {name: sheet.of(entry.row) for name, sheet in self.sheets.items()}
        entry.hanging = [row for rows in self.hung[entry.row.number].values() for row in rows]
        values = self.read_params(self.read_by, entry)
        hung: dict[str, Any] = {
            name: tuple(self._hung(name, place, row, entry) for place, row in enumerate(rows)) for name, rows in self._on(entry)
        }
        if not entry.is_sound:
            return None
        told = LoanTold(programme=self.programme, **values, **hung)
        try:
            uscc, code = parse_uscc(told.firm_uscc, field="firm_uscc"), parse_project_code(told.project_code)
        except Invalid as refused:
            entry.problems.extend(refused.problems)
            return None
        return replace(told, firm_uscc=uscc, project_code=code)

    def _on(self, entry: Entry) -> Iterable[tuple[str, list[Row]]]:
        return self.hung[entry.row.number].items()

    def _hung(self, name: str, place: int, row: Row, entry: Entry) -> Any:
        """One row of another sheet; what is wrong with it is told at its cell there."""
        found = list(row.problems)
        try:
            return TOLD[name](**read_params(self.hung_by[name], row.cells)) if not found else None
        except DomainError as refused:
            found += refused.problems
        finally:
            entry.problems += [Problem(f"{name}.{place}.{one.field}", one.code, one.message, one.remedy) for one in found]
        return None

    def _known(self, told: Sequence[LoanTold]) -> dict[tuple[str, str], OpeningLoan]:
        named = Q(contract_no__in={one.contract_no for one in told}, branch__code__in={one.branch for one in told})
        return {(row.branch.code, row.contract_no): row for row in OpeningLoan.objects.filter(named).select_related(*steps.RELATED)}

    def _examine(self, entry: Entry, key: Mapping[str, Any], told: LoanTold, ground: rules.Ground) -> None:
        """The same words again change nothing; other words need the version they were made from."""
        if _is_same(entry.obj, told):
            return
        if entry.obj is not None and entry.obj.state == O.CONFIRMED:
            message = _("该合同已复核入账，与本次填写的内容不一致。")
            entry.problems.append(Problem(CONTRACT_NO.name, "confirmed", message, _("已入账的不再更正；请从文件中删去此行。")))
            return
        if entry.obj is not None:
            self.matches(entry.obj, key.get("version"), entry)
        elif "id" in key:
            message = _("编号 %(id)s 与银行机构、合同编号不符。") % {"id": key["id"]}
            entry.problems.append(Problem("id", "other_row", message, _("更正已录入的行时不要改动这两列；新增的行请将编号和版本留空。")))
        entry.problems += rules.problems(told, ground, at=self.at)

    def _enter(self, entry: Entry) -> Written:
        told, known = entry.values["told"], entry.obj
        if known is None:
            made = steps.propose(told, province=self.province, by=self.by, at=self.at)
            return Written(entry.row.number, Outcome.CREATED, made.pk)
        if _is_same(known, told):
            return Written(entry.row.number, Outcome.UNCHANGED, known.pk)
        steps.revise(known, told, by=self.by, at=self.at, seen=known.version)
        return Written(entry.row.number, Outcome.CHANGED, known.pk)

    def _mark(self, entry: Entry, problem: Problem) -> Mark:
        """A problem of a row of another sheet is marked there."""
        name, place, field = (*problem.field.split("."), "", "")[:3]
        rows = self.hung.get(entry.row.number, {}).get(name, [])
        if place.isdecimal() and int(place) < len(rows):
            return Mark(*self.sheets[name].cell(rows[int(place)], field), field, problem)
        return super()._mark(entry, problem)


def _is_same(known: OpeningLoan | None, told: LoanTold) -> bool:
    return known is not None and known.state != O.REJECTED and known.told == told.as_plain()
