"""Loans of the stock in the API: entered by a workbook, read and confirmed here."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from deals.models import OpeningLoan
from deals.opening.states import OPENING_STEPS
from deals.opening.steps import OPENING_ACTIONS, RELATED
from lenders.api import BranchRef
from organisations.resources import Presented, Resource


class OpeningLoanShown(Presented):
    branch = BranchRef(read_only=True)
    told = serializers.SerializerMethodField()

    class Meta:
        model = OpeningLoan
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "as_of",
            "firm_uscc",
            "firm_name",
            "project_code",
            "branch",
            "contract_no",
            "amount",
            "drawn",
            "outstanding",
            "paid_before",
            "interest_paid_to",
            "told",
            "entered_at",
            "deal",
            "province",
            "actions",
        )
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_told(self, row: OpeningLoan) -> Any:
        """As entered, with drawdowns, repayments and subsidies paid."""
        return row.told


class OpeningLoanFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=OpeningLoan.State.choices)
    branch = filters.CharFilter("branch__code")

    class Meta:
        model = OpeningLoan
        fields = ("as_of", "firm_uscc", "project_code", "contract_no")


class OpeningLoans(Resource):
    """存量贷款期初: loans listed and drawn before, as of a day. One person enters, another confirms."""

    kind, model = "opening-loans", OpeningLoan
    serializer_class = OpeningLoanShown
    filterset_class = OpeningLoanFilter
    steps, actions = OPENING_STEPS, OPENING_ACTIONS
    begins_with = ("enter",)
    ordering_fields = ("as_of", "entered_at", "amount", "outstanding")

    @classmethod
    def loaded(cls, rows: QuerySet[OpeningLoan]) -> QuerySet[OpeningLoan]:
        return rows.select_related(*RELATED)
