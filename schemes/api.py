"""Subsidy schemes with their dated versions: public rules, readable by everybody signed in."""

from django.db.models import Prefetch, QuerySet
from rest_framework import serializers

from organisations.api import Reference, RegionRef
from schemes.models import Scheme, SchemeVersion


class VersionShown(serializers.ModelSerializer[SchemeVersion]):
    class Meta:
        model = SchemeVersion
        fields = (
            "id",
            "code",
            "document_no",
            "announced_on",
            "contract_from",
            "contract_to",
            "drawdown_from",
            "drawdown_to",
            "payment_from",
            "payment_to",
            "rate_bp",
            "start_rule",
            "subsidised_part",
            "window_months",
            "window_anchor",
            "day_count",
            "interest_months",
            "interest_day",
            "extension_counts",
            "refinanced_rule",
            "moved_rule",
            "requires_listed",
            "requires_relending",
            "firm_sizes",
            "firm_ownerships",
            "per_loan_cap",
            "project_year_cap",
            "firm_year_cap",
            "firm_loan_cap",
            "prepay_share_bp",
            "shortfall_rule",
            "clawback_scope",
            "source",
            "is_sample",
        )
        read_only_fields = fields


class SchemeShown(serializers.ModelSerializer[Scheme]):
    region = RegionRef(read_only=True, allow_null=True)
    versions = VersionShown(many=True, read_only=True)

    class Meta:
        model = Scheme
        fields = (
            "id",
            "code",
            "name",
            "level",
            "authority",
            "channel",
            "is_discretionary",
            "region",
            "yield_rank",
            "is_sample",
            "province",
            "versions",
        )
        read_only_fields = fields


class Schemes(Reference):
    kind, model = "schemes", Scheme
    serializer_class = SchemeShown
    filterset_fields = ("code", "level", "authority", "channel", "province")

    @classmethod
    def loaded(cls, rows: QuerySet[Scheme]) -> QuerySet[Scheme]:
        versions = SchemeVersion.objects.order_by("announced_on", "id")
        return rows.select_related("region").prefetch_related(Prefetch("versions", versions))
