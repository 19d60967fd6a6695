"""Invitations, deals, drawdowns and interest slips; and the steps of filings and rounds that must also tell the banks."""

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
from deals.drawdowns import pay_supplier, refund, repay, set_relending
from deals.interest import record_receipt
from deals.invoices import CHECK, check_invoice, due
from deals.models import Deal, DeclineCode, Drawdown, Extension, InterestReceipt, Invitation, Repayment, visible_deals
from deals.states import COME_BACK, CONTRACT, DEAL_STEPS, INVITATION_STEPS, PAID_ON, RECEIPT
from lenders.api import BranchRef
from lenders.models import Branch
from matching import api as matching_api
from matching.api import Outline, band
from organisations.actors import Person
from organisations.api import FirmRef, Reference
from organisations.clock import now
from organisations.entering import read
from organisations.resources import IDEMPOTENCY_KEY, IF_MATCH, Presented, Resource, body_of, entry, note_of, once, seen_of
from projects import api as projects_api
from projects.case import api as case_api
from projects.models import Filing, Need

RELENDING = (
    Param("status", "choice", _("再贷款状态"), choices=lambda: Drawdown.Relending.choices),
    Param("month", "text", _("上报月份"), required=False, help=_("例如 2026-11")),
)
RECEIPT_OF_DEAL = (Param("deal", "integer", _("对接项目编号")), *RECEIPT)
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


class RepaymentShown(serializers.ModelSerializer[Repayment]):
    class Meta:
        model = Repayment
        fields = ("id", "kind", "on", "amount", "slip_no")
        read_only_fields = fields


class DrawdownShown(serializers.ModelSerializer[Drawdown]):
    relending_label = serializers.CharField(source="get_relending_display", read_only=True)
    repayments = RepaymentShown(many=True, read_only=True)

    class Meta:
        model = Drawdown
        fields = (
            "id",
            "version",
            "deal",
            "number",
            "drawn_on",
            "amount",
            "equipment_amount",
            "paid_to_supplier_on",
            "payee",
            "payee_uscc",
            "is_entrusted",
            "invoice_no",
            "invoice_status",
            "invoice_on",
            "invoice_amount",
            "invoice_net",
            "invoice_checked_on",
            "invoice_ended_on",
            "relending",
            "relending_label",
            "relending_month",
            "relending_note",
            "repayments",
        )
        read_only_fields = fields


class ExtensionShown(serializers.ModelSerializer[Extension]):
    class Meta:
        model = Extension
        fields = ("id", "agreement_no", "agreed_on", "months")
        read_only_fields = fields


class ReceiptShown(serializers.ModelSerializer[InterestReceipt]):
    class Meta:
        model = InterestReceipt
        fields = ("id", "deal", "slip_no", "period_start", "period_end", "paid_on", "amount", "query")
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


class DrawdownFilter(filters.FilterSet):
    invoice_due = filters.BooleanFilter(method="due_for_check", label=_("发票待查验"))
    bank = filters.CharFilter("deal__branch__bank__code")
    drawn_from = filters.DateFilter("drawn_on", lookup_expr="gte")
    drawn_to = filters.DateFilter("drawn_on", lookup_expr="lte")

    class Meta:
        model = Drawdown
        fields = ("deal", "relending", "relending_month", "invoice_status")

    def due_for_check(self, rows: QuerySet[Drawdown], _name: str, wanted: bool) -> QuerySet[Drawdown]:  # noqa: FBT001 -- django-filter's signature
        late = due(rows, on=day(now()))
        return late if wanted else rows.exclude(pk__in=late.values("pk"))


class Drawdowns(Resource):
    """提款. A new one is registered by the step `draw` of its deal."""

    kind, model = "drawdowns", Drawdown
    serializer_class = DrawdownShown
    filterset_class = DrawdownFilter
    ordering_fields = ("drawn_on", "amount")

    @classmethod
    def visible(cls, actor: Person) -> QuerySet[Drawdown]:
        rows = Drawdown.objects.all()
        return cls.loaded(rows if actor.is_system else rows.filter(visible_deals(actor, "deal")))

    @classmethod
    def loaded(cls, rows: QuerySet[Drawdown]) -> QuerySet[Drawdown]:
        repayments = Repayment.objects.order_by("on", "id")
        return rows.select_related("deal__branch").prefetch_related(Prefetch("repayments", repayments))

    @extend_schema(
        operation_id="drawdowns_repay", request=entry("Repay", COME_BACK), responses={201: DrawdownShown}, parameters=[IDEMPOTENCY_KEY]
    )
    @action(detail=True, methods=["post"], filterset_class=None, pagination_class=None)
    def repay(self, request: Request, pk: int) -> Response:
        """Principal came back."""
        return once(request, lambda: self._come_back(request, pk, repay))

    @extend_schema(
        operation_id="drawdowns_refund", request=entry("Refund", COME_BACK), responses={201: DrawdownShown}, parameters=[IDEMPOTENCY_KEY]
    )
    @action(detail=True, methods=["post"], filterset_class=None, pagination_class=None)
    def refund(self, request: Request, pk: int) -> Response:
        """The supplier paid back."""
        return once(request, lambda: self._come_back(request, pk, refund))

    def _come_back(self, request: Request, pk: int, act: Any) -> Response:
        act(self.find(self.actor, pk), by=self.actor, at=self.actor.at, **read(COME_BACK, body_of(request)))
        return self.made(pk)

    @extend_schema(
        operation_id="drawdowns_pay_supplier",
        request=entry("PaySupplier", (PAID_ON,), versioned=True),
        responses=DrawdownShown,
        parameters=[IF_MATCH, IDEMPOTENCY_KEY],
    )
    @action(detail=True, methods=["post"], url_path="pay-supplier", filterset_class=None, pagination_class=None)
    def pay_supplier(self, request: Request, pk: int) -> Response:
        """The money reached the supplier's account."""
        return once(request, lambda: self._amend(request, pk, pay_supplier, (PAID_ON,)))

    @extend_schema(
        operation_id="drawdowns_check_invoice",
        request=entry("CheckInvoice", CHECK, versioned=True),
        responses=DrawdownShown,
        parameters=[IF_MATCH, IDEMPOTENCY_KEY],
    )
    @action(detail=True, methods=["post"], url_path="check-invoice", filterset_class=None, pagination_class=None)
    def check_invoice(self, request: Request, pk: int) -> Response:
        """What the tax platform said of its invoice."""
        return once(request, lambda: self._amend(request, pk, check_invoice, CHECK))

    @extend_schema(
        operation_id="drawdowns_relending",
        request=entry("Relending", RELENDING, versioned=True),
        responses=DrawdownShown,
        parameters=[IF_MATCH, IDEMPOTENCY_KEY],
    )
    @action(detail=True, methods=["post"], filterset_class=None, pagination_class=None)
    def relending(self, request: Request, pk: int) -> Response:
        """The central bank's word on this drawdown."""
        return once(request, lambda: self._amend(request, pk, set_relending, RELENDING))

    def _amend(self, request: Request, pk: int, act: Any, params: tuple[Param, ...]) -> Response:
        values = read(params, body_of(request))
        act(self.find(self.actor, pk), by=self.actor, at=self.actor.at, seen=seen_of(request), note=note_of(request), **values)
        return self.shown(self.find(self.actor, pk))


class ReceiptFilter(filters.FilterSet):
    has_query = filters.BooleanFilter("query", lookup_expr="exact", exclude=True, method="queried", label=_("存疑"))

    class Meta:
        model = InterestReceipt
        fields = ("deal", "slip_no")

    def queried(self, rows: QuerySet[InterestReceipt], _name: str, wanted: bool) -> QuerySet[InterestReceipt]:  # noqa: FBT001 -- django-filter's signature
        return rows.exclude(query="") if wanted else rows.filter(query="")


class Receipts(Resource):
    """付息凭证: interest the firm really paid. Beyond the tolerance a query, never a refusal."""

    kind, model = "interest-receipts", InterestReceipt
    serializer_class = ReceiptShown
    filterset_class = ReceiptFilter
    ordering_fields = ("period_end", "paid_on", "amount")

    @classmethod
    def visible(cls, actor: Person) -> QuerySet[InterestReceipt]:
        rows = InterestReceipt.objects.all()
        return rows if actor.is_system else rows.filter(visible_deals(actor, "deal"))

    @extend_schema(request=entry("Receipt", RECEIPT_OF_DEAL), responses={201: ReceiptShown}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Register a slip of interest paid. The same slip again is the same row."""
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        values = read(RECEIPT_OF_DEAL, body_of(request))
        deal = Deals.find(self.actor, values.pop("deal"))
        made = record_receipt(deal, by=self.actor, at=self.actor.at, **values)
        return self.made(made.pk)
