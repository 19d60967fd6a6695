"""Pairs that people fix (pin) or exclude (ban), with the reason. One person sets, a second approves; only then it counts."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import record
from common.workdays import SHANGHAI
from lenders.models import Branch
from matching.models import PinBan
from matching.states import by_provincial_office, by_signer
from organisations.actors import Person
from projects.models import Need


def set_pin(need: Need, branch: Branch, *, kind: str, reason: str, by: Person, at: dt.datetime, valid_to: dt.date | None = None) -> PinBan:
    """Ask for a pin or a ban from today on."""
    pin = PinBan(
        need=need,
        branch=branch,
        kind=kind,
        reason=reason.strip(),
        set_by_id=by.user_id,
        valid_from=at.astimezone(SHANGHAI).date(),
        valid_to=valid_to,
        province=need.province,
    )
    if not by_provincial_office(pin, by):
        raise NotAllowed(_("只有省级主管部门可以锁定或排除配对。"))
    if not pin.reason:
        raise Invalid([Problem("reason", "required", _("须填写理由。"), _("请写明锁定或排除的理由，将随快照留存。"))])
    with transaction.atomic():
        pin.save(force_insert=True)
        record(pin, "set", by=by, at=at, note=pin.reason)
    return pin


def approve_pin(pin: PinBan, *, by: Person, at: dt.datetime) -> PinBan:
    """The second person. Approved twice by the same person it stays as it is."""
    with transaction.atomic():
        current = PinBan.objects.select_for_update(no_key=True).get(pk=pin.pk)
        if current.approved_by_id is not None:
            if current.approved_by_id == by.user_id:
                return current
            raise Conflict(_("此项已由他人审定。"))
        if not by_signer(current, by) or by.speaks_for(current.set_by_id):
            raise NotAllowed(_("锁定与排除须由设置人以外的签发人审定。"))
        current.approved_by_id = by.user_id
        current.save(update_fields=["approved_by"])
        record(current, "approve", by=by, at=at)
    return current


def end_pin(pin: PinBan, *, because: str, by: Person, at: dt.datetime) -> PinBan:
    """From today on the pair is free again; rounds already frozen keep it."""
    with transaction.atomic():
        current = PinBan.objects.select_for_update(no_key=True).get(pk=pin.pk)
        if not by_signer(current, by):
            raise NotAllowed(_("解除锁定或排除须由签发人办理。"))
        current.valid_to = at.astimezone(SHANGHAI).date() - dt.timedelta(days=1)
        current.save(update_fields=["valid_to"])
        record(current, "end", by=by, at=at, note=because)
    return current
