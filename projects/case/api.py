"""What is asked and put on record at a case: read by whom it concerns, entered by the same table as on the pages (`projects.case.entries`)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotFound
from common.steps import Param
from organisations.actors import Person
from organisations.entering import read
from organisations.resources import IDEMPOTENCY_KEY, Presented, Resource, body_of, entry, once
from projects.case import appeals, changes, consultations, records, unlocking
from projects.case.states import APPEAL_STEPS, CHANGE_STEPS, CONSULTATION_STEPS, UNLOCK_STEPS
from projects.models import Appeal, ChangedField, ChangeRequest, CheckRecord, Consultation, Filing, Remark, SiteVisit, UnlockRequest

FILING = Param("filing", "integer", _("申报编号"))
AT_CASE = ("filing__firm", "filing__project", "filing__current_step__unit")
COMMON = ("id", "filing")
STEPPED = ("id", "version", "state", "state_label", "filing")
ASKED = ("asked_at", "province", "actions")


def find_filing(by: Person, pk: int) -> Filing:
    """The case, if this person may see it."""
    filing = Filing.objects.visible_to(by).with_progress().filter(pk=pk).first()
    if filing is None:
        raise NotFound
    return filing


def entering(what: str, params: Sequence[Param], shown: Any) -> Any:
    """POST on the list: one row entered at a case, described by its params."""

    @extend_schema(request=entry(what, (FILING, *params)), responses={201: shown}, parameters=[IDEMPOTENCY_KEY])
    def create(self: "AtCase", request: Request) -> Response:
        """Enter one at a case."""
        return self.make(request)

    return create


class AtCase(Resource):
    """Rows of cases. `enter` makes one from what `entered` describes; uploads are for pages."""

    filterset_fields: ClassVar[tuple[str, ...]] = ("filing",)
    enter: ClassVar[Callable[..., Any]]
    entered: ClassVar[Sequence[Param]] = ()
    related: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def loaded(cls, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.select_related(*AT_CASE, *cls.related).prefetch_related("filing__steps__unit__organisation")

    def params(self, _filing: Filing) -> Sequence[Param]:
        return self.entered

    def sent(self, request: Request) -> tuple[Filing, Mapping[str, Any]]:
        """The case, and what is entered at it."""
        filing = find_filing(self.actor, read([FILING], body_of(request))["filing"])
        return filing, read(self.params(filing), body_of(request))

    def make(self, request: Request) -> Response:
        return once(request, lambda: self._make(request))

    def _make(self, request: Request) -> Response:
        filing, values = self.sent(request)
        made = type(self).enter(filing, by=self.actor, at=self.actor.at, **values)
        return self.made(made.pk)


class ConsultationShown(Presented):
    from_unit = serializers.CharField(source="from_unit.organisation.name", read_only=True)
    to_unit = serializers.CharField(source="to_unit.organisation.name", read_only=True)

    class Meta:
        model = Consultation
        fields = (*STEPPED, "from_unit", "to_unit", "question", "due_at", "opinion", "answer", "answered_at", *ASKED)
        read_only_fields = fields


class Consultations(AtCase):
    """会商: another unit is asked for its opinion, and sees the case until it has answered."""

    kind, model = "consultations", Consultation
    serializer_class = ConsultationShown
    filterset_fields = ("filing", "state")
    steps, actions = CONSULTATION_STEPS, consultations.CONSULTATION_ACTIONS
    begins_with = ("ask",)
    enter = staticmethod(consultations.ask)
    related = ("from_unit__organisation", "to_unit__organisation")
    create = entering("Consultation", consultations.ask_params(), ConsultationShown)

    def params(self, filing: Filing) -> Sequence[Param]:
        return consultations.ask_params(filing)


class CheckShown(serializers.ModelSerializer[CheckRecord]):
    kind = serializers.SlugRelatedField("code", read_only=True)
    unit = serializers.CharField(source="unit.organisation.name", read_only=True)

    class Meta:
        model = CheckRecord
        fields = (*COMMON, "kind", "result", "checked_on", "remark", "unit", "at", "province")
        read_only_fields = fields


class Checks(AtCase):
    """核查记录: what an officer looked up elsewhere."""

    kind, model = "checks", CheckRecord
    serializer_class = CheckShown
    filterset_fields = ("filing", "result")
    enter = staticmethod(records.check)
    related = ("kind", "unit__organisation")
    entered = records.CHECK_PARAMS
    create = entering("Check", records.CHECK_PARAMS, CheckShown)


class SiteVisitShown(serializers.ModelSerializer[SiteVisit]):
    unit = serializers.CharField(source="unit.organisation.name", read_only=True)

    class Meta:
        model = SiteVisit
        fields = (*COMMON, "visited_on", "people", "findings", "unit", "at", "province")
        read_only_fields = fields


class SiteVisits(AtCase):
    """现场核查."""

    kind, model = "site-visits", SiteVisit
    serializer_class = SiteVisitShown
    enter = staticmethod(records.visit)
    related = ("unit__organisation",)
    entered = records.VISIT_PARAMS
    create = entering("SiteVisit", records.VISIT_PARAMS, SiteVisitShown)


class RemarkShown(serializers.ModelSerializer[Remark]):
    unit = serializers.CharField(source="unit.organisation.name", read_only=True)

    class Meta:
        model = Remark
        fields = (*COMMON, "kind", "is_from_firm", "text", "contacted", "contacted_at", "unit", "at", "province")
        read_only_fields = fields


class Remarks(AtCase):
    """留言: between the unit where a case lies and its firm. Notes and logged calls of one's unit are read here too."""

    kind, model = "remarks", Remark
    serializer_class = RemarkShown
    filterset_fields = ("filing", "kind")
    enter = staticmethod(records.message)
    related = ("unit__organisation",)
    entered = records.MESSAGE_PARAMS
    create = entering("Message", records.MESSAGE_PARAMS, RemarkShown)


class UnlockShown(Presented):
    class Meta:
        model = UnlockRequest
        fields = (*STEPPED, "fields", "reason", *ASKED)
        read_only_fields = fields


class Unlocks(AtCase):
    """解锁申请: while a case is returned, its firm asks for further fields."""

    kind, model = "unlocks", UnlockRequest
    serializer_class = UnlockShown
    filterset_fields = ("filing", "state")
    steps, actions = UNLOCK_STEPS, unlocking.UNLOCK_ACTIONS
    begins_with = ("ask",)
    enter = staticmethod(unlocking.ask)
    entered = unlocking.ASK_PARAMS
    create = entering("Unlock", unlocking.ASK_PARAMS, UnlockShown)


class AppealShown(Presented):
    unit = serializers.CharField(source="unit.organisation.name", read_only=True)

    class Meta:
        model = Appeal
        fields = (*STEPPED, "unit", "reason", "due_at", "answer", "answered_at", "filed_at", "province", "actions")
        read_only_fields = fields


class Appeals(AtCase):
    """异议申诉: once against each decision that ended a case; somebody else decides."""

    kind, model = "appeals", Appeal
    serializer_class = AppealShown
    filterset_fields = ("filing", "state")
    steps, actions = APPEAL_STEPS, appeals.APPEAL_ACTIONS
    begins_with = ("file",)
    enter = staticmethod(appeals.file)
    related = ("unit__organisation",)
    entered = appeals.FILE_PARAMS
    create = entering("Appeal", appeals.FILE_PARAMS, AppealShown)


class ChangedShown(serializers.ModelSerializer[ChangedField]):
    class Meta:
        model = ChangedField
        fields = ("field", "before", "after")
        read_only_fields = fields


class ChangeShown(Presented):
    unit = serializers.CharField(source="unit.organisation.name", read_only=True, allow_null=True, default=None)
    rows = ChangedShown(many=True, read_only=True)

    class Meta:
        model = ChangeRequest
        fields = (*STEPPED, "kinds", "tier", "unit", "reason", "due_at", "rows", *ASKED)
        read_only_fields = fields


class ChangeIn(serializers.Serializer[Any]):
    filing = serializers.IntegerField(min_value=1)
    kinds = serializers.ListField(child=serializers.CharField(), help_text=_("变更内容，例如 amount、intended_banks、dates。"))
    form = serializers.DictField(required=False, help_text=_("变更后的填报项，字段见 /api/filings/fields/。"))
    legal_representative = serializers.CharField(required=False, help_text=_("变更后的法定代表人。"))
    reason = serializers.CharField(help_text=_("变更理由。"))


class Changes(AtCase):
    """变更申请: of an admitted or listed case; which tier decides is dated data. `deals.api` has it reach the banks."""

    kind, model = "changes", ChangeRequest
    serializer_class = ChangeShown
    filterset_fields = ("filing", "state")
    steps: ClassVar[Mapping[str, Any]] = {verb: step for verb, step in CHANGE_STEPS.items() if verb in changes.CHANGE_ACTIONS}
    actions = changes.CHANGE_ACTIONS
    begins_with = ("ask",)
    enter = staticmethod(changes.ask)
    related = ("unit__organisation",)

    @classmethod
    def loaded(cls, rows: QuerySet[Any]) -> QuerySet[Any]:
        return super().loaded(rows).prefetch_related("rows")

    @extend_schema(request=ChangeIn, responses={201: ChangeShown}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Ask for a change. What needs nobody's decision is done at once."""
        return self.make(request)

    def sent(self, request: Request) -> tuple[Filing, Mapping[str, Any]]:
        sent = ChangeIn(data=body_of(request))
        sent.is_valid(raise_exception=True)
        values = dict(sent.validated_data)
        return find_filing(self.actor, values.pop("filing")), values
