"""Drawdowns with what became of each, and the interest slips of a loan."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.steps import Param
from deals.clocks import day
from deals.drawdowns import pay_supplier, refund, repay, set_relending
from deals.interest import record_receipt
from deals.invoices import CHECK, check_invoice, due
from deals.models import Drawdown, InterestReceipt, Repayment, visible_deals
from deals.queries import deal_in_sight
from deals.states import COME_BACK, PAID_ON, RECEIPT
from organisations.actors import Person
from organisations.clock import now
from organisations.entering import read
from organisations.resources import IDEMPOTENCY_KEY, IF_MATCH, Resource, body_of, entry, note_of, once, seen_of

RELENDING = (
    Param("status", "choice", _("再贷款状态"), choices=lambda: Drawdown.Relending.choices),
    Param("month", "text", _("上报月份"), required=False, help=_("例如 2026-11")),
)
RECEIPT_OF_DEAL = (Param("deal", "integer", _("对接项目编号")), *RECEIPT)


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


class ReceiptShown(serializers.ModelSerializer[InterestReceipt]):
    class Meta:
        model = InterestReceipt
        fields = ("id", "deal", "slip_no", "period_start", "period_end", "paid_on", "amount", "query")
        read_only_fields = fields


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
        deal = deal_in_sight(self.actor, values.pop("deal"))
        made = record_receipt(deal, by=self.actor, at=self.actor.at, **values)
        return self.made(made.pk)
