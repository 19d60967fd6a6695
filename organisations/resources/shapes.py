"""What answers of every kind have in common: a refusal, an object with its state in words and the steps its reader may take."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.steps import Step, allowed_verbs
from organisations.entering import described


class ProblemItem(serializers.Serializer[Any]):
    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()
    remedy = serializers.CharField(allow_blank=True)


class ProblemDocument(serializers.Serializer[Any]):
    """Problem details (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = ProblemItem(many=True)
    changed = serializers.ListField(child=serializers.DictField(), required=False)
    version = serializers.IntegerField(required=False)


class ChoiceShown(serializers.Serializer[Any]):
    value = serializers.CharField()
    label = serializers.CharField()


class ParamShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.CharField()
    label = serializers.CharField()
    required = serializers.BooleanField()
    help = serializers.CharField(allow_blank=True)
    choices = ChoiceShown(many=True)


class ActionShown(serializers.Serializer[Any]):
    verb = serializers.CharField()
    label = serializers.CharField()
    needs_note = serializers.BooleanField()
    params = ParamShown(many=True)


class Presented(serializers.ModelSerializer[Any]):
    """An object with its state in words and the steps its reader may take now."""

    state_label = serializers.SerializerMethodField()
    actions = serializers.SerializerMethodField()

    def get_state_label(self, obj: Any) -> str:
        return str(obj.get_state_display())

    @extend_schema_field(ActionShown(many=True))
    def get_actions(self, obj: Any) -> list[dict[str, Any]]:
        resource = self.context["resource"]
        steps = resource.steps_of(obj)
        verbs = allowed_verbs(steps, obj, self.context["actor"])
        drawn = self.context["drawn"]
        return [_shown(verb, steps[verb], drawn) for verb in verbs if verb in resource.actions]


def _shown(verb: str, step: Step, drawn: dict[tuple[str, int], dict[str, Any]]) -> dict[str, Any]:
    """Choices may be asked of the database, so a page draws each step once, whatever its number of rows."""
    key = (verb, id(step))
    if key not in drawn:
        params = [described(param) for param in step.params if param.kind != "files"]  # uploads are for pages
        drawn[key] = {"verb": verb, "label": str(step.label), "needs_note": step.needs_note, "params": params}
    return drawn[key]
