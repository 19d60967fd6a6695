"""申请解锁: a firm that corrects a returned case asks for further fields; the reviewer opens them, with those tied to them, or not."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, Problem
from common.steps import Param, amend, record, take
from organisations.actors import Person
from projects.case import holding
from projects.case.states import UNLOCK_STEPS
from projects.drafting import editable_fields
from projects.form_fields import FIELDS, field_choices
from projects.models import Filing, UnlockRequest
from projects.states import by_firm

RETURNED = frozenset({Filing.State.RETURNED})
ASK_PARAMS = (
    Param("fields", "fields", _("申请开放的内容"), help=_("关联的字段一并开放"), choices=field_choices),
    Param("reason", "long_text", _("理由")),
)


def may_ask(filing: Filing, by: Person) -> bool:
    return filing.state == Filing.State.RETURNED and by_firm(filing, by)


def ask(filing: Filing, *, fields: Sequence[str], reason: str, by: Person, at: dt.datetime) -> UnlockRequest:
    """One request at a time; fields that are open already are not asked for."""
    names = list(dict.fromkeys(fields))
    with transaction.atomic():
        filing = holding.held(filing)
        holding.require(filing, by, allow=by_firm, states=RETURNED)
        if problems := list(_problems(filing, names, reason)):
            raise Invalid(problems)
        if UnlockRequest.objects.filter(filing=filing, state=UnlockRequest.State.ASKED).exists():
            raise Conflict(_("已有一份解锁申请等待答复。"), code="already_asked", remedy=_("请等待答复后再申请。"))
        row = UnlockRequest(
            filing=filing, fields=names, reason=reason.strip(), asked_at=at, asked_by_id=by.user_id, province=filing.province
        )
        row.save(force_insert=True)
        record(row, "ask", by=by, at=at, note=row.reason, changes={"fields": names})
    return row


def grant(row: UnlockRequest, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> UnlockRequest:
    """The fields are open from now on, beside those the return named."""
    with transaction.atomic():
        filing = holding.of(row)
        take(UNLOCK_STEPS, "grant", row, by=by, at=at, seen=seen, note=note)
        opened = list(dict.fromkeys((*filing.open_fields, *row.fields)))
        amend(
            filing,
            "unlock",
            by=by,
            at=at,
            seen=filing.version,
            changes={"open_fields": opened},
            allow=lambda _filing, _by: True,
            source=RETURNED,
            told=lambda _changed: {"fields": row.fields},
        )
    return row


def refuse(row: UnlockRequest, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> UnlockRequest:
    with transaction.atomic():
        holding.of(row)
        return take(UNLOCK_STEPS, "refuse", row, by=by, at=at, seen=seen, note=note)  # type: ignore[no-any-return]  # `take` returns what it was given


UNLOCK_ACTIONS: Mapping[str, Callable[..., Any]] = {"grant": grant, "refuse": refuse}


def _problems(filing: Filing, names: Sequence[str], reason: str) -> Iterable[Problem]:
    editable = editable_fields(filing)
    closed = [name for name in names if name not in editable]
    if not closed:
        yield Problem("fields", "required", _("请选择尚未开放的内容。"), _("已开放的内容可以直接修改。"))
    for name in names:
        if name not in FIELDS:
            yield Problem("fields", "unknown_field", _("没有名为“%(name)s”的填报项。") % {"name": name}, _("请从列出的字段中选择。"))
    if not reason.strip():
        yield Problem("reason", "required", _("须填写理由。"), _("请写明为什么需要修改。"))
