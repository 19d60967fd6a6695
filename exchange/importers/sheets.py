"""周调度: the weekly light sheet of a unit by Excel: each project that is due goes out prefilled, and comes back as its report of this week."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.steps import Param
from deals.models import ProgressReport
from deals.progress import figures, steps
from deals.progress.states import PARAMS
from exchange.columns import ID, VERSION, Shown, entered, labels, shown
from exchange.importers.importer import Entry, Importer, Outcome, Written, asked_once, one_by_one
from exchange.tables import Row
from organisations.actors import Person
from organisations.models import Unit
from projects.models import Filing

WEEKLY = ProgressReport.Kind.WEEKLY
CELLS = {"wan": "wan"}


def unit_of(by: Person) -> Unit | None:
    """The unit whose sheet this person fills in."""
    return Unit.objects.filter(pk__in=by.track_units).order_by("pk").first()


class WeeklySheets(Importer):
    """A row without changes is a report that says so; a project left out of the file is not reported."""

    kind, writes, label = "weekly-sheets", "progress-reports", _("周调度")

    def __init__(self, book: Any, *, by: Person, at: dt.datetime, params: Mapping[str, Any]) -> None:
        super().__init__(book, by=by, at=at, params=params)
        self.read_by = [asked_once(param) for param in PARAMS[WEEKLY]]
        self.unit = unit_of(by)
        self.period_start = steps.period_of(WEEKLY, timezone.localdate(at))

    @classmethod
    def shown(cls) -> tuple[Shown, ...]:
        own = (ID, VERSION, shown("title", _("项目名称")), shown("firm", _("企业"), "firm.name"))
        return (*own, *(entered(param, _told(param), CELLS.get(param.kind, "typed"), labels(param)) for param in PARAMS[WEEKLY]))

    @classmethod
    def rows_shown(cls, by: Person) -> Iterator[Filing]:
        """What is due this week and not reported, as it would be reported if nobody typed anything."""
        unit, period_start = unit_of(by), steps.period_of(WEEKLY, timezone.localdate(by.at))
        if unit is None:
            return
        known = ProgressReport.objects.filter(kind=WEEKLY, period_start=period_start).values("filing")
        filings = list(figures.due(unit, WEEKLY).exclude(pk__in=known).select_related("project", "firm"))
        prefilled = figures.prefilled(filings, WEEKLY, period_start=period_start)
        for filing in filings:
            filing.told = prefilled[filing.pk]
            yield filing

    @classmethod
    def may(cls, by: Person) -> bool:
        return bool(by.track_units)

    def read(self, rows: Sequence[Row]) -> list[Entry]:
        entries = [Entry(row, problems=list(row.problems)) for row in rows]
        keys = [self.keys_of(entry) for entry in entries]
        found = self._due(key["id"] for key in keys if "id" in key)
        for entry, key in zip(entries, keys, strict=True):
            entry.values = self.read_params(self.read_by, entry)
            entry.obj = found.get(key.get("id", 0))
            if entry.obj is None:
                message = _("没有此编号的项目，或本周不须由本单位报送。")
                entry.problems.append(Problem("id", "not_found", message, _("请使用下载的模板，不要改动“编号”。")))
                continue
            self.once(key["id"], entry)
            self.matches(entry.obj, key.get("version"), entry)
        return entries

    def write(self, entries: Sequence[Entry]) -> list[Written]:
        return one_by_one(entries, self._report)

    def _due(self, ids: Iterable[int]) -> dict[int, Filing]:
        if self.unit is None:
            return {}
        return {filing.pk: filing for filing in figures.due(self.unit, WEEKLY).filter(pk__in=set(ids))}

    def _report(self, entry: Entry) -> Written:
        assert self.unit is not None  # without one, no row was found
        made = steps.report(entry.obj, unit=self.unit, kind=WEEKLY, period_start=self.period_start, by=self.by, at=self.at, **entry.values)
        return Written(entry.row.number, Outcome.UNCHANGED if made.is_unchanged else Outcome.CREATED, made.pk)


def _told(param: Param) -> Callable[[Any], Any]:
    """What the sheet says before anybody typed; a choice by its label."""
    if param.choices is None:
        return lambda filing: filing.told.get(param.name)
    return lambda filing: next((str(label) for value, label in param.choices() if value == filing.told.get(param.name)), None)
