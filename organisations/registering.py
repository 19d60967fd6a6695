"""企业入驻: a firm comes aboard by its credit code, licence and letter of authorisation, checked by the unit of its place.

A second claim of a code that has an owner is a dispute: the county or the province decides who speaks for the firm.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.steps import Param, lock_only, record, take
from organisations import codes, policy
from organisations.actors import Person, system
from organisations.identifiers import parse_uscc
from organisations.models import AccessCode, Membership, Organisation, Region, Registration, Role, Unit, UnitCovers
from organisations.states import REASONS, REGISTRATION_STEPS
from organisations.uploads import LARGEST, NOT_TAKEN, taken_in


def counties() -> Sequence[tuple[int, str]]:
    """Where a firm or a project may be: county-level places, under their city."""
    levels = (Region.Level.COUNTY, Region.Level.COUNTY_DIRECT)
    rows = Region.objects.filter(level__in=levels, valid_to=None).select_related("parent").order_by("code")
    return [(row.pk, f"{row.parent.name} {row.name}" if row.parent else row.name) for row in rows]


PAPERS = (("licence", _("营业执照")), ("authorisation", _("授权书（加盖公章）")))
PARAMS = (
    Param("uscc", "text", _("统一社会信用代码"), help=_("营业执照上的十八位代码。")),
    Param("firm_name", "text", _("企业名称"), help=_("与营业执照一致。")),
    Param("region", "code", _("所在县（市、区）"), choices=counties),
    Param("applicant_name", "text", _("经办人姓名")),
    Param("applicant_phone", "text", _("经办人手机"), help=_("核验单位可能来电核实。")),
)


def register(values: Mapping[str, Any], papers: Mapping[str, File | None], *, at: dt.datetime) -> tuple[Registration, str]:
    """The claim, and the text by which the applicant asks after it. Raises Invalid with every problem at once."""
    uscc, problems = _uscc(values["uscc"])
    region = Region.objects.select_related("municipal").get(pk=values["region"])
    unit = _receiver(region)
    if unit is None:
        problems.append(Problem("region", "no_receiving_unit", _("所选地区没有核验单位。"), _("请选择营业执照住所所在的县（市、区）。")))
    files = {name: _paper(name, papers.get(name), problems, province=region.province, at=at) for name, _label in PAPERS}
    text = codes.fresh()
    with transaction.atomic():
        lock_only(
            Region.objects.filter(province=region.province, level=Region.Level.PROVINCE)
        )  # of two claims at once, the second sees the first
        rivals = claims_of(uscc)
        if any(row.applicant_phone == values["applicant_phone"] for row in rivals):
            problems.append(
                Problem("uscc", "asked_already", _("您已为此企业提交过申请，正在核验。"), _("请凭查询码查看进展，不必重复提交。"))
            )
        if problems or unit is None:
            raise Invalid(problems)
        owned = _spoken_for(uscc, at=at)
        row = Registration(
            uscc=uscc,
            firm_name=values["firm_name"],
            region=region,
            unit=unit,
            applicant_name=values["applicant_name"],
            applicant_phone=values["applicant_phone"],
            state=Registration.State.DISPUTED if owned or rivals else Registration.State.SUBMITTED,
            firm=owned,
            digest=codes.digest_of(text),
            asked_at=at,
            province=region.province,
        )
        for name, content in files.items():
            getattr(row, name).save(content.name, content, save=False)
        row.save(force_insert=True)
        record(row, "register", by=system(at), at=at, changes={"uscc": [None, uscc], "state": [None, row.state]})
    return row, text


def find(text: str) -> Registration | None:
    """What the applicant asks after, by the text told when it was made."""
    return Registration.objects.filter(digest=codes.digest_of(text)).select_related("unit__organisation", "region").first()


def admit(registration: Registration, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Registration:
    """The firm exists from now on, and the applicant may open the owner's account with the query code."""
    return _admit("admit", registration, by=by, at=at, seen=seen, note=note)


def uphold(registration: Registration, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Registration:
    """The applicant speaks for the firm; whoever owned it before no longer does."""
    return _admit("uphold", registration, by=by, at=at, seen=seen, note=note)


def refuse(registration: Registration, *, by: Person, at: dt.datetime, seen: int, note: str = "", code: str = "") -> Registration:
    return _end("refuse", registration, by=by, at=at, seen=seen, note=note, code=code)


def dismiss(registration: Registration, *, by: Person, at: dt.datetime, seen: int, note: str = "", code: str = "") -> Registration:
    return _end("dismiss", registration, by=by, at=at, seen=seen, note=note, code=code)


def _admit(verb: str, registration: Registration, *, by: Person, at: dt.datetime, seen: int, note: str) -> Registration:
    with transaction.atomic():
        row: Registration = take(
            REGISTRATION_STEPS,
            verb,
            registration,
            by=by,
            at=at,
            seen=seen,
            note=note,
            changes=lambda _row: {"decided_at": at, "told": note},
        )
        firm, _created = Organisation.objects.get_or_create(
            kind=Organisation.Kind.FIRM,
            uscc=row.uscc,
            defaults={"name": row.firm_name, "region": row.region, "province": row.province},
        )
        _end_owners(firm, at=at)
        for rival in claims_of(row.uscc):
            if rival.state == Registration.State.SUBMITTED:
                take(REGISTRATION_STEPS, "contest", rival, by=system(at), at=at, seen=rival.version, changes={"firm": firm})
        AccessCode.objects.create(
            kind=AccessCode.Kind.JOIN,
            organisation=firm,
            role=Role.FIRM_OWNER,
            name=row.applicant_name,
            digest=row.digest,
            issued_by_id=by.user_id,
            issued_at=at,
            expires_at=at + codes.KEPT,
            province=row.province,
        )
        row.firm = firm
        row.save(update_fields=["firm"])
    return row


def _end(verb: str, registration: Registration, *, by: Person, at: dt.datetime, seen: int, note: str, code: str) -> Registration:
    sentence = note or str(dict(REASONS).get(code, ""))
    row: Registration = take(
        REGISTRATION_STEPS,
        verb,
        registration,
        by=by,
        at=at,
        seen=seen,
        note=sentence,
        changes={"decided_at": at, "told": sentence},
        facts={"code": code} if code else None,
    )
    return row


def _end_owners(firm: Organisation, *, at: dt.datetime) -> None:
    """One owner at a time: the one before ends yesterday, so that it is nobody's move twice; codes that were handed out open nothing more."""
    yesterday = timezone.localdate(at) - dt.timedelta(days=1)
    Membership.objects.filter(organisation=firm, role=Role.FIRM_OWNER, valid_to=None).update(valid_to=yesterday)
    AccessCode.objects.filter(organisation=firm, used_at=None, expires_at__gt=at).update(expires_at=at)


def claims_of(uscc: str) -> list[Registration]:
    """Those of this credit code that nobody has decided yet."""
    return list(Registration.objects.filter(uscc=uscc, state__in=Registration.OPEN).order_by("pk"))


def _spoken_for(uscc: str, *, at: dt.datetime) -> Organisation | None:
    """The firm of the code, if somebody owns it already, or has been let in as its owner and only has to choose a password."""
    owned = Q(pk__in=Membership.objects.filter(role=Role.FIRM_OWNER, valid_to=None).values("organisation"))
    let_in = Q(pk__in=AccessCode.objects.filter(role=Role.FIRM_OWNER, used_at=None, expires_at__gt=at).values("organisation"))
    return Organisation.objects.filter(owned | let_in, kind=Organisation.Kind.FIRM, uscc=uscc).first()


def _uscc(text: str) -> tuple[str, list[Problem]]:
    try:
        return parse_uscc(text), []
    except Invalid as error:
        return "", list(error.problems)


def _paper(name: str, upload: File | None, problems: list[Problem], *, province: str, at: dt.datetime) -> ContentFile:
    if upload is None:
        problems.append(Problem(name, "required", _("请上传“%(label)s”。") % {"label": dict(PAPERS)[name]}, _("PDF、JPG 或 PNG。")))
        return ContentFile(b"")
    most = policy.number(LARGEST, province=province, on=timezone.localdate(at))
    try:
        paper = taken_in(upload, most=most)
    except Invalid as error:
        problems += [Problem(name, problem.code, problem.message, problem.remedy) for problem in error.problems]
        return ContentFile(b"")
    if not paper.ending:
        problems.append(Problem(name, NOT_TAKEN.code, NOT_TAKEN.message, NOT_TAKEN.remedy))
    return paper.stored()


def _receiver(region: Region) -> Unit | None:
    """The county's own unit of the industry line."""
    covers = UnitCovers.objects.filter(region=region, unit__line=Unit.Line.INDUSTRY).exclude(unit__kind=Unit.Kind.ZONE)
    found = covers.select_related("unit").order_by("id").first()
    return found.unit if found else None


REGISTRATION_ACTIONS = {"admit": admit, "refuse": refuse, "uphold": uphold, "dismiss": dismiss}
