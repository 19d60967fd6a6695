"""Banks and branches as reference lists; appetites, with their ledger statement, to those who may read them."""

from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.models import Entry
from lenders.models import Appetite, Bank, Branch, BranchServes
from organisations.api import Reference, RegionRef
from organisations.models import Region
from organisations.resources import Resource


class BankRef(serializers.ModelSerializer[Bank]):
    class Meta:
        model = Bank
        fields = ("code", "short_name")
        read_only_fields = fields


class BranchRef(serializers.ModelSerializer[Branch]):
    """`branch.organisation` and `branch.bank` are loaded beside it."""

    name = serializers.CharField(source="organisation.name", read_only=True)
    bank = BankRef(read_only=True)

    class Meta:
        model = Branch
        fields = ("id", "code", "name", "bank")
        read_only_fields = fields


class BankShown(serializers.ModelSerializer[Bank]):
    name = serializers.CharField(source="organisation.name", read_only=True)

    class Meta:
        model = Bank
        fields = ("id", "code", "name", "short_name", "kind", "province")
        read_only_fields = fields


class Banks(Reference):
    kind, model = "banks", Bank
    serializer_class = BankShown
    filterset_fields = ("code", "kind", "province")
    ordering_fields = ("code",)

    @classmethod
    def loaded(cls, rows: QuerySet[Bank]) -> QuerySet[Bank]:
        return rows.select_related("organisation")


class BranchShown(BranchRef):
    region = RegionRef(read_only=True)
    parent = serializers.SlugRelatedField("code", read_only=True, allow_null=True)
    serves = serializers.SerializerMethodField()

    class Meta(BranchRef.Meta):
        fields = ("id", "code", "name", "bank", "level", "region", "parent", "serves", "province")
        read_only_fields = fields

    @extend_schema(responses=RegionRef(many=True))
    def get_serves(self, branch: Branch) -> list[dict[str, str]]:
        return [{"code": row.region.code, "name": row.region.name} for row in branch.serves.all()]


class BranchFilter(filters.FilterSet):
    bank = filters.CharFilter("bank__code")
    region = filters.ModelChoiceFilter(
        field_name="serves__region", queryset=Region.objects.order_by("code"), label="服务区域", distinct=True
    )

    class Meta:
        model = Branch
        fields = ("code", "level", "province")


class Branches(Reference):
    kind, model = "branches", Branch
    serializer_class = BranchShown
    filterset_class = BranchFilter
    ordering_fields = ("code",)

    @classmethod
    def loaded(cls, rows: QuerySet[Branch]) -> QuerySet[Branch]:
        serves = Prefetch("serves", BranchServes.objects.select_related("region").order_by("id"))
        return rows.select_related("organisation", "bank", "region", "parent").prefetch_related(serves)


class AppetiteShown(serializers.ModelSerializer[Appetite]):
    """What was declared, in yuan. `limit` null: not declared."""

    bank = BankRef(read_only=True)
    branch = BranchRef(read_only=True, allow_null=True)
    programme = serializers.SlugRelatedField("code", read_only=True)
    limit = serializers.DecimalField(18, 2, source="account.limit", read_only=True, allow_null=True)
    held = serializers.DecimalField(18, 2, source="account.held", read_only=True)
    posted = serializers.DecimalField(18, 2, source="account.posted", read_only=True)
    free = serializers.SerializerMethodField()

    class Meta:
        model = Appetite
        fields = (
            "id",
            "version",
            "programme",
            "bank",
            "branch",
            "period",
            "valid_from",
            "valid_to",
            "limit",
            "held",
            "posted",
            "free",
            "max_ticket",
            "case_load",
        )
        read_only_fields = fields

    @extend_schema(responses=serializers.DecimalField(18, 2, allow_null=True))
    def get_free(self, appetite: Appetite) -> Decimal | None:
        return appetite.account.free


class EntryShown(serializers.ModelSerializer[Entry]):
    hold = serializers.SlugRelatedField("business_key", read_only=True, allow_null=True)

    class Meta:
        model = Entry
        fields = (
            "seq",
            "kind",
            "amount",
            "limit_after",
            "held_after",
            "posted_after",
            "business_key",
            "hold",
            "from_hold",
            "expires_at",
            "flag",
            "at",
            "by_label",
            "note",
        )
        read_only_fields = fields


class AppetiteFilter(filters.FilterSet):
    bank = filters.CharFilter("bank__code")
    branch = filters.CharFilter("branch__code")

    class Meta:
        model = Appetite
        fields = ("period",)


class Appetites(Resource):
    """银行意向额度: what a bank declared, and each movement on it."""

    kind, model = "appetites", Appetite
    serializer_class = AppetiteShown
    filterset_class = AppetiteFilter
    ordering_fields = ("period", "valid_from")

    @classmethod
    def loaded(cls, rows: QuerySet[Appetite]) -> QuerySet[Appetite]:
        return rows.select_related("programme", "bank", "branch__organisation", "branch__bank", "account")

    @extend_schema(operation_id="appetites_statement", responses=EntryShown(many=True))
    @action(detail=True, filterset_class=None)
    def statement(self, _request: Request, pk: int) -> Response:
        """Every movement of the account, newest first."""
        appetite = self.find(self.actor, pk)
        page = self.paginate_queryset(Entry.objects.filter(account=appetite.account_id).select_related("hold"))
        data: Any = EntryShown(page, many=True).data
        return self.get_paginated_response(data)
