"""回避: an officer declares an interest in a firm or bank and leaves its cases to others; only another person of the unit ends it."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from common.steps import Param, record
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import DeclaredInterest, Membership, Organisation, Role

PARTIES = (Organisation.Kind.FIRM, Organisation.Kind.BANK, Organisation.Kind.BRANCH)


PARAMS = (
    Param("party", "text", _("利益关系方"), help=_("企业的统一社会信用代码或全称，或银行、银行机构的全称。")),
    Param("reason", "long_text", _("情形"), help=_("例如：近亲属在该企业任职。申报后不再办理该方的事项。")),
)


def may_declare(by: Person) -> bool:
    """Whoever reviews or decides anywhere."""
    return any(seat.role in REVIEW_ROLES for seat in by.seats)


def find_party(text: str) -> Organisation:
    """A firm by its code or full name, a bank by its full name. Raises Invalid where it is not exactly one."""
    known = Organisation.objects.filter(kind__in=PARTIES)
    wanted = text.strip()
    rows = list(known.filter(uscc=wanted.upper())[:2]) if wanted else []
    rows = rows or list(known.filter(name=wanted)[:2])
    if len(rows) != 1:
        message = _("没有找到“%(text)s”，或不止一家。") % {"text": wanted}
        raise Invalid([Problem("party", "unknown", message, _("请填写企业的统一社会信用代码，或企业、银行的全称。"))])
    return rows[0]


def declare(organisation: Organisation, *, reason: str, by: Person, at: dt.datetime) -> DeclaredInterest:
    """From now on this person takes no step on the cases of that firm or bank. Declared again it stays as it is."""
    if not may_declare(by) or by.user_id is None:
        raise NotAllowed(_("利益关系由审核、审批人员本人申报。"))
    if not reason.strip():
        raise Invalid([Problem("reason", "required", _("请写明利益关系的情形。"), _("例如：近亲属在该企业任职。"))])
    with transaction.atomic():
        row, created = DeclaredInterest.objects.get_or_create(
            user_id=by.user_id,
            organisation=organisation,
            ended_at=None,
            defaults={"reason": reason.strip(), "declared_at": at, "province": by.seats[0].province},
        )
        if created:
            record(row, "declare_interest", by=by, at=at, note=row.reason)
    return row


def may_end(interest: DeclaredInterest, by: Person) -> bool:
    """Another reviewer or the administrator of a unit the declarer sits in; asks for the declarer's seats."""
    if interest.ended_at is not None or by.speaks_for(interest.user_id):
        return False
    mine = [seat.organisation_id for seat in by.seats if seat.role in REVIEW_ROLES or seat.role == Role.UNIT_ADMIN]
    return Membership.objects.filter(user=interest.user_id, organisation__in=mine).exists()


def end(interest: DeclaredInterest, *, because: str, by: Person, at: dt.datetime) -> DeclaredInterest:
    with transaction.atomic():
        current = DeclaredInterest.objects.select_for_update(no_key=True).filter(pk=interest.pk).first()
        if current is None:
            raise NotFound
        if current.ended_at is not None:
            raise Conflict(_("此项申报已解除。"))
        if not may_end(current, by):
            raise NotAllowed(_("利益关系申报由申报人所在单位的另一人解除。"))
        if not because.strip():
            raise Invalid([Problem("because", "required", _("须填写理由。"), _("请写明利益关系如何消除。"))])
        current.ended_at, current.ended_by_id = at, by.user_id
        current.save(update_fields=["ended_at", "ended_by"])
        record(current, "end", by=by, at=at, note=because.strip())
    return current
