"""对接答复: what a bank decided of the proposals it took out by Excel, since its own desks sit on an intranet."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from deals.actions import INVITATION_ACTIONS
from deals.api import Invitations
from deals.models import Invitation
from exchange.columns import Shown
from exchange.decision_columns import AMOUNT, ANSWER, CODE, NOTE
from exchange.importers.importer import Entry, Importer, Outcome, Written, asked_once, one_by_one
from exchange.listings.deals import invitation_columns
from exchange.tables import Row
from organisations.actors import BANK_ROLES, Person

S = Invitation.State
OPEN = (S.OPEN, S.VIEWED, S.ACCEPTED, S.EXPIRED)


class Decisions(Importer):
    """Rows without an answer are left alone: a file may come back half filled in."""

    kind, writes, label = "invitations", "invitations", _("对接邀请")

    def __init__(self, book: Any, *, by: Person, at: dt.datetime, params: Mapping[str, Any]) -> None:
        super().__init__(book, by=by, at=at, params=params)
        self.read_by = [asked_once(param) for param in (ANSWER, AMOUNT, CODE, NOTE)]

    @classmethod
    def shown(cls) -> tuple[Shown, ...]:
        return invitation_columns()

    @classmethod
    def rows_shown(cls, by: Person) -> Iterable[Invitation]:
        own = Invitations.visible(by).filter(branch__organisation__in=by.organisation_ids, state__in=(S.OPEN, S.VIEWED))
        return own.order_by("contact_due_at", "pk").iterator(chunk_size=500)

    @classmethod
    def may(cls, by: Person) -> bool:
        return any(seat.role in BANK_ROLES for seat in by.seats)

    def read(self, rows: Sequence[Row]) -> list[Entry]:
        entries = [Entry(row, problems=list(row.problems)) for row in rows]
        keys = [self.keys_of(entry) for entry in entries]
        own = Invitations.visible(self.by).filter(branch__organisation__in=self.by.organisation_ids)
        invitations = {row.pk: row for row in own.filter(pk__in={key["id"] for key in keys if "id" in key})}
        for entry, key in zip(entries, keys, strict=True):
            entry.values = self.read_params(self.read_by, entry)
            entry.obj = invitations.get(key.get("id"))
            self._examine(entry, key)
        return entries

    def write(self, entries: Sequence[Entry]) -> list[Written]:
        return one_by_one(entries, self._answer)

    def _examine(self, entry: Entry, key: Mapping[str, Any]) -> None:
        answer = entry.values.get(ANSWER.name)
        if entry.obj is None:
            entry.problems.append(
                Problem("id", "not_found", _("没有此编号的对接邀请，或不属于贵行。"), _("请使用导出的文件，不要改动“编号”。"))
            )
            return
        self.once(key["id"], entry)
        if answer is None:
            self._says_nothing(entry)
            return
        self.matches(entry.obj, key.get("version"), entry)
        if answer == "decline" and CODE.name not in entry.values:
            entry.problems.append(Problem(CODE.name, "required", _("谢绝须选择原因。"), _("请从列表中选择；企业将看到对应的说明。")))
        if answer == "decline" and AMOUNT.name in entry.values:
            entry.problems.append(Problem(AMOUNT.name, "contradicts", _("谢绝的行填了意向金额。"), _("请清空金额，或将答复改为有意向。")))

    def _says_nothing(self, entry: Entry) -> None:
        if AMOUNT.name in entry.values:
            entry.problems.append(Problem(ANSWER.name, "required", _("填了意向金额而没有答复。"), _("请选择答复，或清空金额。")))

    def _answer(self, entry: Entry) -> Written:
        answer, invitation = entry.values.get(ANSWER.name), entry.obj
        if answer is None:
            return Written(entry.row.number, Outcome.UNCHANGED, invitation.pk)
        how: dict[str, Any] = {AMOUNT.name: entry.values.get(AMOUNT.name)} if answer == "accept" else {CODE.name: entry.values[CODE.name]}
        INVITATION_ACTIONS[answer](invitation, by=self.by, at=self.at, seen=invitation.version, note=entry.values.get(NOTE.name, ""), **how)
        return Written(entry.row.number, Outcome.CHANGED, invitation.pk)
