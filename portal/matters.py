"""What is asked at a case, for its readers: which rows there are, whose move each is, where they wait for this person."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from common.models import Deadline
from common.steps import Step, allowed_verbs, subject_of
from deals.actions import CHANGE_ACTIONS
from organisations.actors import REVIEW_ROLES, Person
from organisations.paging import picked
from portal import reads
from portal.moves import Move
from projects.case.appeals import APPEAL_ACTIONS
from projects.case.consultations import CONSULTATION_ACTIONS
from projects.case.states import APPEAL_STEPS, CHANGE_STEPS, CONSULTATION_STEPS, UNLOCK_STEPS
from projects.case.unlocking import UNLOCK_ACTIONS
from projects.clocks import ESCALATION
from projects.models import Appeal, ChangeRequest, Consultation, Filing, UnlockRequest

OWN_STEPS = frozenset({"withdraw", "recall"})  # taking back what one asked is nobody's duty
AT_CASE = ("filing__firm", "filing__project__region", "filing__current_step__unit__organisation")


@dataclass(frozen=True)
class Matter:
    """One kind of thing asked at a case. `waits_at` finds, of the open ones, those of these units."""

    label: Any
    what: Any
    model: type[Any]
    open_state: str
    steps: Mapping[str, Step]
    actions: Mapping[str, Callable[..., Any]]
    waits_at: str
    related: tuple[str, ...]
    who: Callable[[Any], Any]

    def rows(self, by: Person) -> QuerySet[Any]:
        found: QuerySet[Any] = self.model.objects.visible_to(by)
        return found.select_related(*AT_CASE, *self.related).prefetch_related("filing__steps__unit__organisation")

    def move(self, row: Any, by: Person) -> Move:
        if row.state != self.open_state:
            return Move()
        mine = any(verb not in OWN_STEPS for verb in allowed_verbs(self.steps, row, by))
        return Move(self.who(row), self.what, getattr(row, "due_at", None), mine)


def _case_unit(row: UnlockRequest) -> str:
    step = row.filing.current_step
    return f"{step.unit.organisation.name} {step.get_stage_display()}" if step else ""


MATTERS: Mapping[str, Matter] = {
    "consultations": Matter(
        _("会商"),
        _("答复会商"),
        Consultation,
        Consultation.State.OPEN,
        CONSULTATION_STEPS,
        CONSULTATION_ACTIONS,
        "to_unit",
        ("to_unit__organisation", "from_unit__organisation"),
        lambda row: row.to_unit.organisation.name,
    ),
    "unlocks": Matter(
        _("解锁申请"),
        _("答复解锁申请"),
        UnlockRequest,
        UnlockRequest.State.ASKED,
        UNLOCK_STEPS,
        UNLOCK_ACTIONS,
        "filing__current_step__unit",
        (),
        _case_unit,
    ),
    "appeals": Matter(
        _("异议申诉"),
        _("复核异议"),
        Appeal,
        Appeal.State.OPEN,
        APPEAL_STEPS,
        APPEAL_ACTIONS,
        "unit",
        ("unit__organisation",),
        lambda row: row.unit.organisation.name,
    ),
    "changes": Matter(
        _("变更申请"),
        _("决定变更申请"),
        ChangeRequest,
        ChangeRequest.State.ASKED,
        CHANGE_STEPS,
        CHANGE_ACTIONS,
        "unit",
        ("unit__organisation",),
        lambda row: row.unit.organisation.name if row.unit else row.filing.firm.name,
    ),
}


@dataclass(frozen=True)
class Item:
    """One matter, or one case to look into, in a list."""

    label: Any
    row: Any
    filing: Filing
    url: str
    move: Move


def item(kind: str, row: Any, by: Person) -> Item:
    matter = MATTERS[kind]
    return Item(matter.label, row, row.filing, reverse(kind.removesuffix("s"), args=[row.pk]), matter.move(row, by))


def at_case(filing: Filing, by: Person) -> list[Item]:
    """Everything asked at one case that this person may see, newest first; one query a kind."""
    found = []
    for kind, matter in MATTERS.items():
        for row in matter.rows(by).filter(filing=filing).order_by("-id"):
            row.filing = filing
            found.append(item(kind, row, by))
    return found


def waiting_at(by: Person, *, most: int) -> Iterator[Item]:
    """What waits at this person's units, the soonest first of each kind."""
    units = {seat.unit_id for seat in by.seats if seat.role in REVIEW_ROLES} - {None}
    if not units:
        return
    for kind, matter in MATTERS.items():
        rows = matter.rows(by).filter(**{f"{matter.waits_at}__in": units, "state": matter.open_state})
        yield from (item(kind, row, by) for row in picked(rows.order_by("id"), 0, most))


def asked_by(by: Person, *, most: int) -> list[Item]:
    """Consultations that this person's units have sent and that are not answered."""
    rows = MATTERS["consultations"].rows(by).filter(from_unit__in=by.unit_ids, state=Consultation.State.OPEN).order_by("due_at")
    return [item("consultations", row, by) for row in picked(rows, 0, most)]


def escalated_to(by: Person, *, most: int) -> list[Item]:
    """提请关注: cases that a unit below has returned again and again, told to this person's unit; nothing to decide."""
    clocks = Deadline.objects.filter(
        subject=subject_of(Filing()), kind=ESCALATION, closed_at=None, organisation_id__in=by.organisation_ids
    ).order_by("due_at")
    due = dict(clocks.values_list("subject_id", "due_at")[:most])
    rows = reads.filings(by).filter(Q(pk__in=due)).order_by("id")
    what = _("多次退回，请了解情况")
    return [
        Item(_("提请关注"), row, row, reverse("filing", args=[row.pk]), Move(row.firm.name, what, due[row.pk], is_mine=True))
        for row in rows
    ]
