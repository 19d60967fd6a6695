"""Costs of a loan, and the sheet they make with its interest and the subsidies expected."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.steps import Param
from deals.costs.models import LoanCost
from deals.costs.telling import COST, tell_cost
from deals.models import visible_deals
from deals.queries import deal_in_sight
from organisations.actors import Person
from organisations.entering import read
from organisations.resources import IDEMPOTENCY_KEY, Resource, body_of, entry, once

COST_OF_DEAL = (Param("deal", "integer", _("对接项目编号")), *COST)


class CostShown(serializers.ModelSerializer[LoanCost]):
    kind_label = serializers.CharField(source="get_kind_display", read_only=True)
    due_label = serializers.CharField(source="get_due_display", read_only=True)

    class Meta:
        model = LoanCost
        fields = ("id", "version", "deal", "kind", "kind_label", "charged_by", "due", "due_label", "amount", "basis")
        read_only_fields = fields


class CostLineShown(serializers.Serializer[object]):
    cost = CostShown()
    total = serializers.DecimalField(max_digits=18, decimal_places=2)


class ExpectedShown(serializers.Serializer[object]):
    scheme = serializers.CharField()
    total = serializers.DecimalField(max_digits=18, decimal_places=2)


class TermsShown(serializers.Serializer[object]):
    amount = serializers.DecimalField(max_digits=18, decimal_places=2)
    rate_bp = serializers.IntegerField()
    term_months = serializers.IntegerField()


class CostSheetShown(serializers.Serializer[object]):
    """贷款明白纸: yuan over the whole term; a year's cost in basis points of the amount."""

    terms = TermsShown()
    interest = serializers.DecimalField(max_digits=18, decimal_places=2)
    lines = CostLineShown(many=True)
    subsidies = ExpectedShown(many=True)
    costs = serializers.DecimalField(max_digits=18, decimal_places=2)
    subsidy = serializers.DecimalField(max_digits=18, decimal_places=2)
    yearly_bp = serializers.IntegerField()
    yearly_after_subsidy_bp = serializers.IntegerField()


class LoanCosts(Resource):
    """融资成本: what the firm pays beside the interest, told by the bank of the deal."""

    kind, model = "loan-costs", LoanCost
    serializer_class = CostShown
    filterset_fields = ("deal", "kind")
    ordering_fields = ("amount",)

    @classmethod
    def visible(cls, actor: Person) -> QuerySet[LoanCost]:
        rows = LoanCost.objects.all()
        return rows if actor.is_system else rows.filter(visible_deals(actor, "deal"))

    @extend_schema(request=entry("LoanCost", COST_OF_DEAL), responses={201: CostShown}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Tell one cost of a deal. Told anew for the same item and receiver it replaces the one before."""
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        values = read(COST_OF_DEAL, body_of(request))
        deal = deal_in_sight(self.actor, values.pop("deal"))
        return self.made(tell_cost(deal, by=self.actor, at=self.actor.at, **values).pk)
