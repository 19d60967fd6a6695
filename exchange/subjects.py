"""What can happen to whom: the kinds of rows that notices and webhooks speak of, where they are seen, and what may be said of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from deals.docking.following import RELATED
from deals.models import (
    BatchObjection,
    Deal,
    DockingList,
    FourPartyMeeting,
    FundingBatch,
    Invitation,
    ListedDocking,
    Recovery,
    SecondDocking,
    SubsidyClaim,
)
from matching.explain import why_not
from matching.models import NonMatch, Round, Scenario
from organisations.actors import Person
from organisations.models import Cover
from projects.models import Appeal, ChangeRequest, Consultation, Filing, ForwardBatch, Remark, UnlockRequest

About = Callable[[Any], Mapping[str, str]]


@dataclass(frozen=True)
class Subject:
    """`rows`: loaded with what receivers and `about` read. `seen`: the kind of row, and the column with its id, whose page tells of it."""

    rows: Callable[[], models.QuerySet[Any]]
    page: str
    about: About
    seen: tuple[type[models.Model], str]

    def link(self, obj: Any) -> str:
        return self.page.format(self.seen_id(obj))

    def seen_id(self, obj: Any) -> int:
        return getattr(obj, self.seen[1])

    def seen_by(self, person: Person, ids: set[int]) -> set[int]:
        """Which of those pages this person finds."""
        rows = self.seen[0].objects.visible_to(person).filter(pk__in=ids)  # type: ignore[attr-defined]  # each of ours has it
        return set(rows.order_by().values_list("pk", flat=True))


def _of_filing(filing: Filing) -> Mapping[str, str]:
    return {"title": str(filing), "firm": filing.firm.name}


def _of_part(row: Any) -> Mapping[str, str]:
    return _of_filing(row.filing)


def _of_bank(row: Invitation | Deal) -> Mapping[str, str]:
    return {**_of_filing(row.filing), "bank": row.branch.organisation.name, "wanted": row.waiting_for, "why": _why(row)}


def _why(row: Invitation | Deal) -> str:
    return f"{row.decline_code.sentence}{row.decline_code.next_step}" if row.decline_code else ""


def _of_claim(row: SubsidyClaim) -> Mapping[str, str]:
    return {**_of_filing(row.deal.filing), "scheme": row.scheme.name, "period": row.period_end.isoformat(), "why": _on_notice(row.batch)}


def _on_notice(batch: FundingBatch | None) -> str:
    """Until when the list is public and whom to ring: what a claimant wants to know of it."""
    if batch is None or batch.notice_from is None:
        return ""
    return _("公示期 %(first)s 至 %(last)s，异议电话 %(phone)s。") % {
        "first": batch.notice_from,
        "last": batch.notice_to,
        "phone": batch.notice_phone,
    }


def _of_objection(row: BatchObjection) -> Mapping[str, str]:
    """Nothing of who objected, or of what."""
    return _of_claim(row.claim)


def _of_recovery(row: Recovery) -> Mapping[str, str]:
    return {**_of_filing(row.deal.filing), "scheme": row.scheme.name}


def _of_docking(row: SecondDocking) -> Mapping[str, str]:
    """Which bank said no and why, and what the firm itself can do; of a meeting who calls it for when."""
    ended = [letter for letter in row.need.invitations.all() if letter.decline_code or letter.state == Invitation.State.EXPIRED]
    said = [f"{letter.branch.organisation.name}：{_why(letter) or _('逾期未答复。')}" for letter in ended]
    do = _("您可以：再次邀请银行、更换银行、降低融资需求，或参加下一轮推荐。")
    meeting = max(row.meetings.all(), key=lambda one: one.number, default=None)
    called = f"{meeting.meeting_on.isoformat()} {meeting.owner}" if meeting else ""
    return {**_of_filing(row.filing), "why": "".join(said) + do, "meeting": called, "parked": row.need.parked_reason}


def _of_week(row: DockingList) -> Mapping[str, str]:
    lines = list(row.rows.all())
    waiting = sum(line.state == SecondDocking.State.MEETING_DUE for line in lines)
    return {"title": str(row), "number": str(len(lines)), "waiting": str(waiting)}


def _dockings() -> models.QuerySet[Any]:
    letters = models.Prefetch("need__invitations", Invitation.objects.select_related("branch__organisation", "decline_code").order_by("pk"))
    return SecondDocking.objects.select_related(*RELATED, "filing__current_step__unit").prefetch_related(
        letters, models.Prefetch("meetings", FourPartyMeeting.objects.order_by("number")), f"filing__{IN_CHAIN}"
    )


def _weeks() -> models.QuerySet[Any]:
    return DockingList.objects.select_related("unit__organisation").prefetch_related(
        models.Prefetch("rows", ListedDocking.objects.order_by("pk"))
    )


def _of_non_match(row: NonMatch) -> Mapping[str, str]:
    """The reason as a sentence, when the next round is, and what the firm itself can do until then."""
    first, *_others, following = why_not(row)
    do = _("您可以：在申报页面登记自行达成的贷款，申请变更意向银行或融资需求，或联系受理单位协助对接。")
    return {**_of_filing(row.need.filing), "year": str(row.need.year), "why": f"{first}{following}{do}"}


def _of_round(row: Round) -> Mapping[str, str]:
    return {"title": row.number}


def _of_scenario(row: Scenario) -> Mapping[str, str]:
    return {"title": row.name}


def _of_forward(row: ForwardBatch) -> Mapping[str, str]:
    return {"title": str(row), "unit": row.unit.organisation.name}


def _of_cover(row: Cover) -> Mapping[str, str]:
    days = {"from": row.from_on.isoformat(), "to": row.to_on.isoformat()}
    return {"title": str(row), "absent": str(row.absent), "deputy": str(row.deputy), **days}


IN_CHAIN = "steps__unit"


def _filings() -> models.QuerySet[Any]:
    return Filing.objects.select_related("firm", "current_step__unit").prefetch_related(IN_CHAIN)


def _parts(model: Any, *more: str) -> Callable[[], models.QuerySet[Any]]:
    related = ("filing__firm", "filing__current_step__unit", *more)
    return lambda: model.objects.select_related(*related).prefetch_related(f"filing__{IN_CHAIN}")


FILING_PAGE = "/filings/{}/"
AT_FILING = (Filing, "filing_id")
SUBJECTS: Mapping[str, Subject] = {
    "projects.filing": Subject(_filings, FILING_PAGE, _of_filing, (Filing, "pk")),
    # Not at the case: the asked office sees that only until it has answered.
    "projects.consultation": Subject(_parts(Consultation, "to_unit", "from_unit"), "/consultations/{}/", _of_part, (Consultation, "pk")),
    "projects.appeal": Subject(_parts(Appeal, "unit"), FILING_PAGE, _of_part, AT_FILING),
    "projects.changerequest": Subject(_parts(ChangeRequest, "unit"), FILING_PAGE, _of_part, AT_FILING),
    "projects.unlockrequest": Subject(_parts(UnlockRequest), FILING_PAGE, _of_part, AT_FILING),
    "projects.remark": Subject(_parts(Remark, "unit"), FILING_PAGE, _of_part, AT_FILING),
    "projects.forwardbatch": Subject(
        lambda: ForwardBatch.objects.select_related("unit__organisation", "to_unit"), "/forwards/{}/", _of_forward, (ForwardBatch, "pk")
    ),
    "deals.invitation": Subject(
        _parts(Invitation, "branch__organisation", "decline_code"), "/invitations/{}/", _of_bank, (Invitation, "pk")
    ),
    "deals.deal": Subject(_parts(Deal, "branch__organisation", "decline_code"), "/deals/{}/", _of_bank, (Deal, "pk")),
    "deals.subsidyclaim": Subject(
        lambda: SubsidyClaim.objects.select_related("deal__filing__firm", "deal__branch__organisation", "scheme", "office", "batch"),
        "/claims/{}/",
        _of_claim,
        (SubsidyClaim, "pk"),
    ),
    "deals.batchobjection": Subject(
        lambda: BatchObjection.objects.select_related(
            "claim__deal__filing__firm", "claim__deal__branch__organisation", "claim__scheme", "claim__batch"
        ),
        "/claims/{}/",
        _of_objection,
        (SubsidyClaim, "claim_id"),
    ),
    "deals.recovery": Subject(
        lambda: Recovery.objects.select_related("deal__filing__firm", "deal__branch__organisation", "deal__firm", "scheme", "office"),
        "/recoveries/{}/",
        _of_recovery,
        (Recovery, "pk"),
    ),
    "deals.seconddocking": Subject(_dockings, "/second-dockings/{}/", _of_docking, (SecondDocking, "pk")),
    "deals.dockinglist": Subject(_weeks, "/docking-lists/{}/", _of_week, (DockingList, "pk")),
    "matching.nonmatch": Subject(
        lambda: NonMatch.objects.select_related("need__filing__firm").annotate(filing_id=models.F("need__filing")),
        FILING_PAGE,
        _of_non_match,
        AT_FILING,
    ),
    "organisations.cover": Subject(lambda: Cover.objects.select_related("absent", "deputy"), "/covers/", _of_cover, (Cover, "pk")),
    "matching.round": Subject(Round.objects.all, "/rounds/{}/", _of_round, (Round, "pk")),
    "matching.scenario": Subject(
        lambda: Scenario.objects.select_related("round").defer("result"), "/scenarios/{}/", _of_scenario, (Scenario, "pk")
    ),
}
