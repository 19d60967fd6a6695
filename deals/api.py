"""Invitations and deals; and the steps of filings and rounds that must also tell the banks."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Prefetch, Q, QuerySet, Value
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotFound
from common.steps import Param
from deals import changes
from deals.actions import CHANGE_ACTIONS, DEAL_ACTIONS, FILING_ACTIONS, INVITATION_ACTIONS, ROUND_ACTIONS
from deals.clocks import day
from deals.costs.api import CostSheetShown
from deals.costs.sheet import sheets
from deals.direct import register_direct
from deals.drawdowns_api import DrawdownShown, ReceiptShown
from deals.models import Deal, DeclineCode, Drawdown, Extension, InterestReceipt, Invitation, Repayment
from deals.states import CONTRACT, DEAL_STEPS, INVITATION_STEPS
from lenders.api import BranchRef
from lenders.models import Branch
from matching import api as matching_api
from matching.api import Outline, band
from organisations.actors import Person
from organisations.api import FirmRef, Reference
from organisations.entering import read
from organisations.resources import IDEMPOTENCY_KEY, Presented, Resource, body_of, entry, note_of, once
from projects import api as projects_api
from projects.case import api as case_api
from projects.models import Filing, Need

DIRECT = (
    Param("need", "integer", _("融资需求编号")),
    Param("branch", "text", _("银行机构代码")),
    *CONTRACT,
    Param("is_first_loan", "boolean", _("首贷"), required=False),
)


class Filings(projects_api.Filings):
    """申报. `actions` says what the reader may do now; each is POST /api/filings/<id>/<verb>/."""

    actions = FILING_ACTIONS


class Changes(case_api.Changes):
    """变更申请: what is granted reaches the banks."""

    actions = CHANGE_ACTIONS
    enter = staticmethod(changes.ask)


class Rounds(matching_api.Rounds):
    """推荐轮次: planned, frozen, solved by a worker, proposed by one person and published by another."""

    actions = ROUND_ACTIONS


class DeclineCodeShown(serializers.ModelSerializer[DeclineCode]):
    sentence = serializers.SerializerMethodField()
    next_step = serializers.SerializerMethodField()

    class Meta:
        model = DeclineCode
        fields = ("id", "code", "category", "sentence", "next_step")
        read_only_fields = fields

    def get_sentence(self, row: DeclineCode) -> str:
        return row.sentence_en if get_language() == "en" else row.sentence

    def get_next_step(self, row: DeclineCode) -> str:
        return row.next_step_en if get_language() == "en" else row.next_step


class DeclineCodes(Reference):
    kind, model = "decline-codes", DeclineCode
    serializer_class = DeclineCodeShown
    filterset_fields = ("code", "category")


class InvitationShown(Presented):
    """A bank that may not open the file sees the outline only."""

    branch = BranchRef(read_only=True)
    outline = serializers.SerializerMethodField()
    firm = serializers.SerializerMethodField()
    project = serializers.SerializerMethodField()
    need = serializers.SerializerMethodField()
    filing = serializers.SerializerMethodField()
    firm_note = serializers.SerializerMethodField()
    amount = serializers.SerializerMethodField()
    officer = serializers.StringRelatedField(read_only=True, allow_null=True)
    decline_code = serializers.SlugRelatedField("code", read_only=True, allow_null=True)

    class Meta:
        model = Invitation
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "origin",
            "rank",
            "branch",
            "outline",
            "firm",
            "project",
            "filing",
            "need",
            "amount",
            "firm_note",
            "sent_at",
            "viewed_at",
            "contact_due_at",
            "expires_at",
            "waiting_since",
            "waiting_until",
            "waiting_for",
            "officer",
            "decline_code",
            "actions",
        )
        read_only_fields = fields

    @extend_schema_field(Outline)
    def get_outline(self, row: Invitation) -> Mapping[str, Any]:
        project = row.need.project
        return Outline({"industry": project.industry, "region": project.region, "amount_band": band(int(row.need.amount))}).data

    @extend_schema_field(FirmRef(allow_null=True))
    def get_firm(self, row: Any) -> Mapping[str, Any] | None:
        return FirmRef(row.filing.firm).data if row.may_open else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_project(self, row: Any) -> str | None:
        return row.need.project.name if row.may_open else None

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_filing(self, row: Any) -> int | None:
        return row.filing_id if row.may_open else None

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_need(self, row: Any) -> int | None:
        return row.need_id if row.may_open else None

    @extend_schema_field(serializers.CharField(allow_null=True, allow_blank=True))
    def get_firm_note(self, row: Any) -> str | None:
        return row.firm_note if row.may_open else None

    @extend_schema_field(serializers.DecimalField(18, 2, allow_null=True))
    def get_amount(self, row: Any) -> str | None:
        return str(row.need.amount) if row.may_open else None


class InvitationFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=Invitation.State.choices)
    branch = filters.CharFilter("branch__code")

    class Meta:
        model = Invitation
        fields = ("origin", "filing", "need")


class Invitations(Resource):
    """对接邀请: a bank may look at a need; suggested ones wait for the firm's consent."""

    kind, model = "invitations", Invitation
    serializer_class = InvitationShown
    filterset_class = InvitationFilter
    steps, actions = INVITATION_STEPS, INVITATION_ACTIONS
    begins_with = ("invite",)
    ordering_fields = ("sent_at", "contact_due_at", "expires_at")

    @classmethod
    def shown_to(cls, rows: QuerySet[Invitation], actor: Person) -> QuerySet[Invitation]:
        file: Any = Value(True) if actor.is_system else Exists(Filing.objects.visible_to(actor).filter(pk=OuterRef("filing")))
        return cls.loaded(rows).annotate(may_open=ExpressionWrapper(Q(file), output_field=BooleanField()))

    @classmethod
    def loaded(cls, rows: QuerySet[Invitation]) -> QuerySet[Invitation]:
        return rows.select_related(
            "branch__organisation",
            "branch__bank",
            "filing__firm",
            "need__project__region",
            "need__project__industry",
            "decline_code",
            "officer",
        )


class DealShown(Presented):
    firm = FirmRef(read_only=True)
    project = serializers.CharField(source="filing.title", read_only=True)
    branch = BranchRef(read_only=True)
    officer = serializers.StringRelatedField(read_only=True, allow_null=True)
    decline_code = serializers.SlugRelatedField("code", read_only=True, allow_null=True)

    class Meta:
        model = Deal
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "origin",
            "opening_as_of",
            "succeeds",
            "succession",
            "firm",
            "project",
            "filing",
            "need",
            "branch",
            "amount",
            "approved_amount",
            "approved_rate_bp",
            "approved_term_months",
            "approved_until",
            "waiting_since",
            "waiting_until",
            "waiting_for",
            "contract_no",
            "contract_on",
            "signed_amount",
            "rate_bp",
            "term_months",
            "is_first_loan",
            "started_at",
            "confirmed_at",
            "officer",
            "decline_code",
            "province",
            "actions",
        )
        read_only_fields = fields


class ExtensionShown(serializers.ModelSerializer[Extension]):
    class Meta:
        model = Extension
        fields = ("id", "agreement_no", "agreed_on", "months")
        read_only_fields = fields


class DealDetail(DealShown):
    drawdowns = DrawdownShown(many=True, read_only=True)
    interest_receipts = ReceiptShown(many=True, read_only=True)
    extensions = ExtensionShown(many=True, read_only=True)

    class Meta(DealShown.Meta):
        fields = (*DealShown.Meta.fields, "drawdowns", "interest_receipts", "extensions")
        read_only_fields = fields


class DealFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=Deal.State.choices)
    bank = filters.CharFilter("branch__bank__code")
    branch = filters.CharFilter("branch__code")
    region = filters.CharFilter(method="within", label=_("区划代码：县级或市级单元"))

    class Meta:
        model = Deal
        fields = ("origin", "filing", "need", "contract_no", "province")

    def within(self, rows: QuerySet[Deal], _name: str, code: str) -> QuerySet[Deal]:
        return rows.filter(Q(filing__project__region__code=code) | Q(filing__project__region__municipal__code=code))


class Deals(Resource):
    """对接项目: from a bank's intent to the last repayment."""

    kind, model = "deals", Deal
    serializer_class = DealShown
    detail_serializer_class = DealDetail
    filterset_class = DealFilter
    steps, actions = DEAL_STEPS, DEAL_ACTIONS
    begins_with = ("begin", "register_direct")
    ordering_fields = ("started_at", "amount", "contract_on", "signed_amount")

    @classmethod
    def loaded(cls, rows: QuerySet[Deal]) -> QuerySet[Deal]:
        drawdowns = Drawdown.objects.prefetch_related(Prefetch("repayments", Repayment.objects.order_by("on", "id"))).order_by("number")
        receipts = InterestReceipt.objects.order_by("period_end", "id")
        return rows.select_related(
            "firm", "filing__firm", "need", "branch__organisation", "branch__bank", "decline_code", "officer"
        ).prefetch_related(
            Prefetch("drawdowns", drawdowns),
            Prefetch("interest_receipts", receipts),
            Prefetch("extensions", Extension.objects.order_by("agreed_on", "id")),
        )

    @extend_schema(operation_id="deals_cost_sheet", responses=CostSheetShown)
    @action(detail=True, methods=["get"], url_path="cost-sheet", filterset_class=None, pagination_class=None)
    def cost_sheet(self, _request: Request, pk: int) -> Response:
        """贷款明白纸: interest, other costs and expected subsidies of this offer; NotFound while its terms are not known."""
        deal = self.find(self.actor, pk)
        sheet = sheets([deal], on=day(self.actor.at)).get(deal.pk)
        if sheet is None:
            raise NotFound
        return Response(CostSheetShown(sheet).data)

    @extend_schema(request=entry("DirectDeal", DIRECT), responses={201: DealDetail}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Register a loan that bank and firm agreed outside any round; the other side confirms it."""
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        values = read(DIRECT, body_of(request))
        need = Need.objects.visible_to(self.actor).filter(pk=values.pop("need")).select_related("filing", "firm", "project").first()
        branch = Branch.objects.filter(code=values.pop("branch")).select_related("organisation", "bank").first()
        if need is None or branch is None:
            raise NotFound
        made = register_direct(need, branch, by=self.actor, at=self.actor.at, note=note_of(request), **values)
        return self.made(made.pk)
