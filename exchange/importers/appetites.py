"""银行意向额度: what a bank's administrator or manager declares for many branches at once."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from deals.declarations import declare
from exchange.columns import Shown
from exchange.importers.importer import Entry, Importer, Outcome, Written, asked_once, one_by_one
from exchange.listings.lenders import appetite_columns
from exchange.tables import Row
from lenders.api import Appetites as AppetiteResource
from lenders.appetite import NEW, places
from lenders.declaring import PLACE, TERMS, choosing
from lenders.models import Appetite
from organisations.actors import Person
from organisations.models import Programme, Role

OPTIONAL = {"limit": None, "max_ticket": None, "case_load": None, "note": ""}


class Appetites(Importer):
    kind, writes, label = "appetites", "appetites", _("银行意向额度")

    def __init__(self, book: Any, *, by: Person, at: dt.datetime, params: Mapping[str, Any]) -> None:
        super().__init__(book, by=by, at=at, params=params)
        self.own = {place.code: place for place in places(by)}
        self.programmes = {one.code: one for one in Programme.objects.order_by("code")}
        self.read_by = [asked_once(param) for param in (*choosing(self.own), *TERMS)]

    @classmethod
    def shown(cls) -> tuple[Shown, ...]:
        return appetite_columns()

    @classmethod
    def rows_shown(cls, by: Person) -> Iterable[Appetite]:
        own = {place.code for place in places(by)}
        rows = AppetiteResource.visible(by).filter(Q(branch__code__in=own) | Q(branch=None, bank__code__in=own))
        return rows.order_by("bank__code", "branch__code", "period")

    @classmethod
    def may(cls, by: Person) -> bool:
        return any(seat.role in (Role.BRANCH_MANAGER, Role.BANK_PROVINCIAL) for seat in by.seats)

    def read(self, rows: Sequence[Row]) -> list[Entry]:
        entries = [Entry(row, problems=list(row.problems)) for row in rows]
        keys = [self.keys_of(entry) for entry in entries]
        for entry in entries:
            entry.values = self.read_params(self.read_by, entry)
        standing = self._standing(entries)
        for entry, key in zip(entries, keys, strict=True):
            if entry.is_sound:
                self._examine(entry, key, standing)
        return entries

    def write(self, entries: Sequence[Entry]) -> list[Written]:
        return one_by_one(entries, self._declare)

    def _standing(self, entries: Sequence[Entry]) -> dict[tuple[str, str, str], Appetite]:
        """What stands declared for the periods that the rows speak of."""
        periods = {entry.values.get("period") for entry in entries}
        rows = Appetite.objects.filter(period__in=periods - {None}).select_related("bank", "branch", "programme", "account")
        return {(row.branch.code if row.branch else row.bank.code, row.programme.code, row.period): row for row in rows.order_by("pk")}

    def _examine(self, entry: Entry, key: Mapping[str, Any], standing: Mapping[Any, Appetite]) -> None:
        whose = tuple(entry.values[name] for name in (PLACE.name, "programme", "period"))
        self.once(whose, entry)
        entry.obj = standing.get(whose)
        if entry.obj is not None and (entry.obj.version or entry.obj.account.limit is not None):
            self.matches(entry.obj, key.get("version"), entry)
        elif "id" in key:
            message = _("编号 %(id)s 与申报机构、政策项目、期间不符。") % {"id": key["id"]}
            entry.problems.append(Problem("id", "other_row", message, _("修改已有申报时不要改动这三列；申报新的期间请将编号和版本留空。")))

    def _declare(self, entry: Entry) -> Written:
        values = {**OPTIONAL, **entry.values}
        place, programme = self.own[values.pop(PLACE.name)], self.programmes[values.pop("programme")]
        before = entry.obj.version if entry.obj is not None else NEW
        made = declare(place.bank, place.branch, programme=programme, by=self.by, at=self.at, seen=before, **values)
        if entry.obj is None:
            return Written(entry.row.number, Outcome.CREATED, made.pk)
        return Written(entry.row.number, Outcome.UNCHANGED if made.version == before else Outcome.CHANGED, made.pk)
