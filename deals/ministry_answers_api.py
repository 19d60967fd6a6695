"""The ministry's answers and their rows: read, applied, resolved one by one. A file comes in by the page that reads it."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers

from deals.actions import ANSWER_ACTIONS, ANSWER_ROW_ACTIONS
from organisations.resources import Presented, Resource
from projects.answers.states import ANSWER_STEPS, ROW_STEPS
from projects.models import AnswerRow, MinistryAnswer


class AnswerShown(Presented):
    programme: serializers.SlugRelatedField[Any] = serializers.SlugRelatedField("code", read_only=True)

    class Meta:
        model = MinistryAnswer
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "programme",
            "track",
            "number",
            "list_number",
            "listed_on",
            "file_name",
            "sha256",
            "entered_at",
            "province",
            "actions",
        )
        read_only_fields = fields


class Answers(Resource):
    """国家反馈清单."""

    kind, model = "answers", MinistryAnswer
    serializer_class = AnswerShown
    filterset_fields = ("state", "track", "province")
    steps, actions = ANSWER_STEPS, ANSWER_ACTIONS
    begins_with = ("enter",)

    @classmethod
    def loaded(cls, rows: QuerySet[MinistryAnswer]) -> QuerySet[MinistryAnswer]:
        return rows.select_related("programme")


class AnswerRowShown(Presented):
    class Meta:
        model = AnswerRow
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "answer",
            "line",
            "project_code",
            "uscc",
            "firm_name",
            "project_name",
            "verdict",
            "list_number",
            "reason",
            "doubt",
            "told",
            "filing",
            "suggested",
            "province",
            "actions",
        )
        read_only_fields = fields


class AnswerRows(Resource):
    """反馈条目: `state=open` is the worklist."""

    kind, model = "answer-rows", AnswerRow
    serializer_class = AnswerRowShown
    filterset_fields = ("state", "answer", "verdict", "doubt")
    steps, actions = ROW_STEPS, ANSWER_ROW_ACTIONS

    @classmethod
    def loaded(cls, rows: QuerySet[AnswerRow]) -> QuerySet[AnswerRow]:
        return rows.select_related("answer")
