"""The figures by API: the same sums as the pages, for the same readers."""

from collections.abc import Callable
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from deals.monitoring import answers, evenness, funnel
from deals.monitoring.asking import ASKED, cut_of
from deals.monitoring.scope import scope_of
from deals.subsidies.outlook import outlook_for
from organisations.resources import Acting, ResourceSchema
from organisations.resources.resource import scope

PARAMS = [OpenApiParameter(name, str, description=told) for name, told in ASKED.items()]


class MoneyMap(serializers.DictField):
    child = serializers.DecimalField(max_digits=24, decimal_places=2)


class FunnelRow(serializers.Serializer[Any]):
    code = serializers.CharField(allow_blank=True)
    name = serializers.CharField()
    filings = serializers.DictField(child=serializers.IntegerField())
    amounts = MoneyMap()
    kept_share = serializers.FloatField(allow_null=True)


class FunnelShown(serializers.Serializer[Any]):
    """`stages` in their order; `rows` ranked by what is paid and outstanding; `total` counts each need once."""

    by = serializers.CharField()
    adds_up = serializers.BooleanField()
    outstanding_days = serializers.IntegerField()
    stages = serializers.ListField(child=serializers.CharField())
    rows = FunnelRow(many=True)
    total = FunnelRow()


class AnswersRow(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    sent = serializers.IntegerField()
    answered = serializers.IntegerField()
    in_time = serializers.IntegerField()
    late = serializers.IntegerField()
    silent = serializers.IntegerField()
    share_in_time = serializers.FloatField(allow_null=True)
    median_days = serializers.DecimalField(max_digits=6, decimal_places=1, allow_null=True)
    refused = serializers.IntegerField()
    refused_share = serializers.FloatField(allow_null=True)
    refusals = serializers.DictField(child=serializers.IntegerField())


class AnswersShown(serializers.Serializer[Any]):
    rows = AnswersRow(many=True)


class CountyRow(serializers.Serializer[Any]):
    code = serializers.CharField(source="row.code")
    name = serializers.CharField(source="row.name")
    need = serializers.DecimalField(max_digits=24, decimal_places=2)
    paid = serializers.DecimalField(max_digits=24, decimal_places=2, source="loans")
    outstanding = serializers.DecimalField(max_digits=24, decimal_places=2)
    subsidy = serializers.DecimalField(max_digits=24, decimal_places=2)


class IndexShown(serializers.Serializer[Any]):
    what = serializers.CharField()
    label = serializers.CharField()
    gini = serializers.DecimalField(max_digits=5, decimal_places=4, allow_null=True)
    counties = serializers.IntegerField()
    without = serializers.IntegerField()
    mean = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True)


class EvennessShown(serializers.Serializer[Any]):
    indexes = IndexShown(many=True)
    counties = CountyRow(many=True)


class OutlookRow(serializers.Serializer[Any]):
    scheme = serializers.CharField(source="scheme.code")
    year = serializers.IntegerField()
    limit = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True)
    posted = serializers.DecimalField(max_digits=24, decimal_places=2)
    held = serializers.DecimalField(max_digits=24, decimal_places=2)
    owed = serializers.DecimalField(max_digits=24, decimal_places=2)
    asked = serializers.DecimalField(max_digits=24, decimal_places=2)
    expected = serializers.DecimalField(max_digits=24, decimal_places=2)
    left = serializers.DecimalField(max_digits=24, decimal_places=2)


class OutlookShown(serializers.Serializer[Any]):
    """Carried over (`owed`) and handed in (`asked`) wait for a document; `expected` is still to be claimed; `left` may be below zero."""

    rows = OutlookRow(many=True)


class Figures(Acting):
    """A machine's token that may read deals may read what they add up to."""

    schema = ResourceSchema()

    def scope_for(self, _method: str) -> str:
        return scope("deals", writes=False)


class Funnel(Figures):
    @extend_schema(operation_id="monitoring_funnel", responses=FunnelShown, parameters=PARAMS, tags=["monitoring"])
    def get(self, request: Request) -> Response:
        """From reserve to what is paid and still outstanding: filings and amounts of each stage, by place, bank, industry, size or quarter."""
        scope = scope_of(self.actor)
        cut = cut_of(request.query_params)
        told = {
            "by": cut.by,
            "adds_up": cut.by not in funnel.OVERLAPPING,
            "outstanding_days": scope.outstanding_days,
            "stages": funnel.shown(scope, cut),
            "rows": funnel.rows(scope, cut),
            "total": funnel.total(scope, cut),
        }
        return Response(FunnelShown(told).data)


class Answers(Figures):
    @extend_schema(operation_id="monitoring_answers", responses=AnswersShown, tags=["monitoring"])
    def get(self, _request: Request) -> Response:
        """How many invitations each bank answered in time, after how many working days, and why it refused."""
        return Response(AnswersShown({"rows": answers.rows(scope_of(self.actor))}).data)


class Evenness(Figures):
    @extend_schema(operation_id="monitoring_evenness", responses=EvennessShown, tags=["monitoring"])
    def get(self, _request: Request) -> Response:
        """How evenly loans and subsidies fall upon the counties, by the need of each."""
        found = evenness.counties(scope_of(self.actor))
        return Response(EvennessShown({"indexes": evenness.indexes(found), "counties": found}).data)


class Budgets(Figures):
    @extend_schema(operation_id="monitoring_budgets", responses=OutlookShown, tags=["monitoring"])
    def get(self, _request: Request) -> Response:
        """What each subsidy budget will be asked for, year by year, until the last subsidised loan ends."""
        return Response(OutlookShown({"rows": outlook_for(self.actor)}).data)


VIEWS: dict[str, Callable[..., Any]] = {
    "funnel": Funnel.as_view(),
    "answers": Answers.as_view(),
    "evenness": Evenness.as_view(),
    "budgets": Budgets.as_view(),
}
urlpatterns = [path(f"monitoring/{name}/", view, name=f"api-monitoring-{name}") for name, view in VIEWS.items()]
