"""二次对接 in the admin: list a need, follow it through its meetings, see the lists of the weeks."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.errors import Invalid, Problem
from deals.docking.beginning import NEED, begin
from deals.docking.following import RELATED
from deals.docking.states import DOCKING_STEPS
from deals.docking.steps import DOCKING_ACTIONS
from deals.models import FourPartyMeeting, ListedDocking, SecondDocking
from organisations.actors import REVIEW_ROLES, Person
from organisations.desk import ReadOnly, Rows, in_wan, state
from organisations.models import Batch
from organisations.step_desk import Act, StepDesk
from projects.models import Need

LEFT = in_wan("left", _("尚待对接（万元）"))


def lists(_nothing: None, by: Person) -> bool:
    return any(seat.role in REVIEW_ROLES and seat.line in Batch.Track.values for seat in by.seats)


def list_at(_nothing: None, by: Person, values: dict[str, Any]) -> SecondDocking:
    """A need that is named by its number."""
    need = Need.objects.visible_to(by).filter(pk=values["need"]).first()
    if need is None:
        message = _("没有编号为 %(id)s 的融资需求。") % {"id": values["need"]}
        raise Invalid([Problem("need", "unknown", message, _("请核对编号。"))])
    return begin(need, by=by, at=by.at)


class MeetingRows(Rows):
    model = FourPartyMeeting
    fields = ("number", "owner", "meeting_on", "parties", "held_on", "outcome", "summary")
    show_change_link = False


class SecondDockingDesk(StepDesk, ReadOnly):
    list_display = ("firm", "need", "unit", state, "since", "rounds_used", "rounds_allowed", "begun_at")
    list_filter = ("state", "seeks_round", "begun_at")
    search_fields = ("filing__firm__name", "filing__firm__uscc", "filing__title")
    list_select_related = ("filing__firm", "need__project", "unit__organisation")
    ordering = ("-id",)
    inlines = (MeetingRows,)
    steps, step_functions = DOCKING_STEPS, DOCKING_ACTIONS
    list_acts = {"dock": Act(_("列入二次对接"), (NEED,), lists, list_at)}
    readonly_fields = ("version", "parked_reason")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("filing", "need"),
                    ("unit", "state", "version"),
                    ("rounds_used", "rounds_allowed", "seeks_round"),
                    ("begun_at", "since"),
                    ("rest_of", "parked_reason"),
                )
            },
        ),
    )

    def loaded(self, rows: QuerySet[SecondDocking]) -> QuerySet[SecondDocking]:
        return rows.select_related(*RELATED)

    @display(description=_("企业"), ordering="filing__firm__name")
    def firm(self, docking: SecondDocking) -> str:
        return docking.filing.firm.name

    @display(description=_("暂停对接原因"))
    def parked_reason(self, docking: SecondDocking) -> str:
        return docking.need.parked_reason or "—"


class LineRows(Rows):
    model = ListedDocking
    fields = ("docking", "state", "since", LEFT)
    readonly_fields = (LEFT,)
    show_change_link = False


class DockingListDesk(ReadOnly):
    list_display = ("unit", "week", "listed_at")
    list_filter = ("week",)
    list_select_related = ("unit__organisation",)
    ordering = ("-week", "unit")
    inlines = (LineRows,)
