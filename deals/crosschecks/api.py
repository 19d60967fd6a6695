"""Flags of the cross-checks, for the offices that answer them."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from deals.crosschecks import words
from deals.crosschecks.flags import FLAG_ACTIONS, FLAG_STEPS, OF_FLAG
from deals.crosschecks.models import CrossCheckFlag
from organisations.resources import Presented, Resource


class FlagShown(Presented):
    drawdown = serializers.IntegerField(source="drawdown.number", read_only=True)
    told = serializers.SerializerMethodField()

    class Meta:
        model = CrossCheckFlag
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "claim",
            "drawdown",
            "rule",
            "told",
            "evidence",
            "answer",
            "found_at",
            "province",
            "actions",
        )
        read_only_fields = fields

    def get_told(self, flag: Any) -> str:
        return words.told(flag.rule, flag.evidence)


class Flags(Resource):
    """核查提示: answered with a reason before the claim is approved. The firm and its bank do not see them."""

    kind, model = "flags", CrossCheckFlag
    serializer_class = FlagShown
    filterset_fields = ("state", "claim", "rule")
    steps, actions = FLAG_STEPS, FLAG_ACTIONS
    begins_with = ("flag",)
    ordering_fields = ("found_at",)

    @classmethod
    def loaded(cls, rows: QuerySet[CrossCheckFlag]) -> QuerySet[CrossCheckFlag]:
        return rows.select_related("drawdown", *OF_FLAG)
