"""企业登记 and 股权登记: what the market regulator hands over as tables, read into the registers that cross-checks ask."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from common.steps import Param
from deals.crosschecks.registering import CODES, COMPANY, SHAREHOLDING, register_company, register_shareholding, registers_in
from exchange.columns import Shown, entered, labels
from exchange.importers.importer import Entry, Importer, Outcome, Written, asked_once, one_by_one
from exchange.tables import Row
from organisations.actors import Person

OUTCOMES = {True: Outcome.CREATED, False: Outcome.CHANGED, None: Outcome.UNCHANGED}


class Register(Importer):
    """Its template is empty: extracts come from elsewhere, as often as they are made."""

    writes = "flags"
    facts: ClassVar[tuple[Param, ...]]

    @classmethod
    def shown(cls) -> tuple[Shown, ...]:
        return tuple(entered(param, _nothing, "code" if param.name in CODES else "typed", labels(param)) for param in cls.facts)

    @classmethod
    def rows_shown(cls, by: Person) -> Iterable[Any]:
        del by
        return ()

    @classmethod
    def may(cls, by: Person) -> bool:
        return registers_in(by) is not None

    def read(self, rows: Sequence[Row]) -> list[Entry]:
        read_by = [asked_once(param) for param in self.facts]
        entries = [Entry(row, problems=list(row.problems)) for row in rows]
        for entry in entries:
            entry.values = self.read_params(read_by, entry)
        return entries

    def write(self, entries: Sequence[Entry]) -> list[Written]:
        return one_by_one(entries, self._registered)

    def taken(self, **facts: Any) -> tuple[Any, bool | None]:
        raise NotImplementedError

    def _registered(self, entry: Entry) -> Written:
        row, made = self.taken(by=self.by, at=self.at, **entry.values)
        return Written(entry.row.number, OUTCOMES[made], row.pk)


class Companies(Register):
    kind, label, facts = "companies", _("企业登记"), COMPANY

    def taken(self, **facts: Any) -> tuple[Any, bool | None]:
        return register_company(**facts)


class Shareholdings(Register):
    kind, label, facts = "shareholdings", _("股权登记"), SHAREHOLDING

    def taken(self, **facts: Any) -> tuple[Any, bool | None]:
        return register_shareholding(**facts)


def _nothing(_row: Any) -> None:
    return None
