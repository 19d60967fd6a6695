"""Second dockings with their meetings, and the weekly lists of offices."""

from typing import ClassVar

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotFound
from common.steps import Param
from deals.docking.beginning import NEED, begin
from deals.docking.following import RELATED
from deals.docking.states import DOCKING_STEPS
from deals.docking.steps import DOCKING_ACTIONS
from deals.models import DockingList, FourPartyMeeting, ListedDocking, SecondDocking
from organisations.api import FirmRef
from organisations.entering import read
from organisations.resources import IDEMPOTENCY_KEY, Presented, Resource, body_of, entry, note_of, once
from projects.models import Need

BEGIN: tuple[Param, ...] = (NEED,)


class MeetingShown(serializers.ModelSerializer[FourPartyMeeting]):
    class Meta:
        model = FourPartyMeeting
        fields = ("number", "owner", "meeting_on", "parties", "held_on", "outcome", "summary")
        read_only_fields = fields


class SecondDockingShown(Presented):
    firm = FirmRef(read_only=True)
    project = serializers.CharField(source="filing.title", read_only=True)
    unit = serializers.CharField(source="unit.organisation.name", read_only=True)
    amount = serializers.DecimalField(18, 2, source="need.amount", read_only=True)
    parked_reason = serializers.CharField(source="need.parked_reason", read_only=True, allow_blank=True)

    class Meta:
        model = SecondDocking
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "need",
            "filing",
            "firm",
            "project",
            "unit",
            "amount",
            "rest_of",
            "rounds_used",
            "rounds_allowed",
            "seeks_round",
            "parked_reason",
            "begun_at",
            "since",
            "province",
            "actions",
        )
        read_only_fields = fields


class SecondDockingDetail(SecondDockingShown):
    meetings = MeetingShown(many=True, read_only=True)

    class Meta(SecondDockingShown.Meta):
        fields = (*SecondDockingShown.Meta.fields, "meetings")
        read_only_fields = fields


class SecondDockingFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=SecondDocking.State.choices)

    class Meta:
        model = SecondDocking
        fields = ("filing", "need", "seeks_round")


class SecondDockings(Resource):
    """二次对接: what follows when all banks of a need have ended."""

    kind, model = "second-dockings", SecondDocking
    serializer_class = SecondDockingShown
    detail_serializer_class = SecondDockingDetail
    filterset_class = SecondDockingFilter
    steps, actions = DOCKING_STEPS, DOCKING_ACTIONS
    begins_with = ("dock",)
    ordering_fields = ("since", "begun_at")

    @classmethod
    def loaded(cls, rows: QuerySet[SecondDocking]) -> QuerySet[SecondDocking]:
        return rows.select_related(*RELATED).prefetch_related(Prefetch("meetings", FourPartyMeeting.objects.order_by("number")))

    @extend_schema(
        request=entry("SecondDockingIn", BEGIN, needs_note=False), responses={201: SecondDockingDetail}, parameters=[IDEMPOTENCY_KEY]
    )
    def create(self, request: Request) -> Response:
        """List a need whose banks have all ended; a firm also offers the rest of a partial approval. Again it is the same row."""
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        need = Need.objects.visible_to(self.actor).filter(pk=read(BEGIN, body_of(request))["need"]).first()
        if need is None:
            raise NotFound
        return self.made(begin(need, by=self.actor, at=self.actor.at, note=note_of(request)).pk)


class LineShown(serializers.ModelSerializer[ListedDocking]):
    firm = FirmRef(source="docking.firm", read_only=True)
    project = serializers.CharField(source="docking.filing.title", read_only=True)

    class Meta:
        model = ListedDocking
        fields = ("docking", "firm", "project", "state", "since", "left")
        read_only_fields = fields


class DockingListShown(serializers.ModelSerializer[DockingList]):
    unit = serializers.CharField(source="unit.organisation.name", read_only=True)
    rows = LineShown(many=True, read_only=True)

    class Meta:
        model = DockingList
        fields = ("id", "unit", "week", "listed_at", "rows", "province")
        read_only_fields = fields


class DockingLists(Resource):
    """二次对接周清单: what stood open at an office when its week began."""

    kind, model = "docking-lists", DockingList
    serializer_class = DockingListShown
    filterset_fields = ("unit", "week")
    ordering_fields = ("week",)

    @classmethod
    def loaded(cls, rows: QuerySet[DockingList]) -> QuerySet[DockingList]:
        lines = ListedDocking.objects.select_related("docking__filing__firm").order_by("since", "id")
        return rows.select_related("unit__organisation").prefetch_related(Prefetch("rows", lines))
