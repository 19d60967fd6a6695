"""What every API resource shares: the actor, reading only what it may see, versions, and one address per step.

    class Filings(Resource):                      # GET /api/filings/, GET /api/filings/7/
        kind, model = "filings", Filing
        steps, actions = FILING_STEPS, FILING_ACTIONS   # POST /api/filings/7/pass/ {"seen": 3, "note": "…", …}

A view parses, makes one call, and presents. `seen` (or If-Match) is the version that was looked at; a stale one gets 409 with what
changed. A repeated request with the same Idempotency-Key gets the same answer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.db import models
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, extend_schema_field, inline_serializer
from rest_framework import serializers, status
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from common.errors import Conflict, Invalid, NotFound, Problem
from common.steps import Param, Step, allowed_verbs
from organisations.acting import acting
from organisations.actors import Person
from organisations.entering import described, read
from organisations.idempotency import answer_once

VERSION_MAX = 2_147_483_647
IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description='The version looked at, as in the ETag: "3".')
IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="Repeat safely; kept 30 days.")


class Pages(CursorPagination):
    """Newest first; a page never shifts under the reader."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-id"


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
        resource: Resource = self.context["resource"]
        steps = resource.steps_of(obj)
        verbs = allowed_verbs(steps, obj, self.context["actor"])
        drawn = self.context["drawn"]
        return [_shown(verb, steps[verb], drawn) for verb in verbs if verb in resource.actions]


def _shown(verb: str, step: Step, drawn: dict[tuple[str, int], dict[str, Any]]) -> dict[str, Any]:
    """Choices may be asked of the database, so a page draws each step once, whatever its number of rows."""
    key = (verb, id(step))
    if key not in drawn:
        params = [described(param) for param in step.params]
        drawn[key] = {"verb": verb, "label": str(step.label), "needs_note": step.needs_note, "params": params}
    return drawn[key]


class Acting(APIView):
    @property
    def actor(self) -> Person:
        return acting(self.request)


class ResourceSchema(AutoSchema):
    """Every operation may answer with a problem document."""

    def _get_response_bodies(self, *args: Any, **kwargs: Any) -> Any:
        bodies = super()._get_response_bodies(*args, **kwargs)
        problem = self._get_response_for_code(ProblemDocument, "default", media_types=["application/problem+json"])
        return {**bodies, "default": problem | {"description": "Refused: what is wrong, with which field, and the remedy."}}


class Resource(Acting, GenericViewSet[Any]):
    """A list and its objects, read through `visible_to`: what the actor may not see is not there (404)."""

    kind: ClassVar[str]
    model: ClassVar[type[models.Model]]
    detail_serializer_class: ClassVar[type[serializers.BaseSerializer[Any]] | None] = None
    steps: ClassVar[Mapping[str, Step]] = {}
    actions: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    pagination_class = Pages
    lookup_value_converter = "int"
    schema = ResourceSchema()

    @classmethod
    def visible(cls, actor: Person) -> models.QuerySet[Any]:
        return cls.shown_to(cls.model.objects.visible_to(actor), actor)  # type: ignore[attr-defined]  # each tenant's model has it

    @classmethod
    def shown_to(cls, rows: models.QuerySet[Any], _actor: Person) -> models.QuerySet[Any]:
        """Loaded, and marked with what this reader may be told of each."""
        return cls.loaded(rows)

    @classmethod
    def loaded(cls, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """With all that presenting and `allow` read, so that a page costs the same number of queries for any number of rows."""
        return rows

    @classmethod
    def steps_of(cls, _obj: Any) -> Mapping[str, Step]:
        return cls.steps

    @classmethod
    def find(cls, actor: Person, pk: int) -> Any:
        obj = cls.visible(actor).filter(pk=pk).first()
        if obj is None:
            raise NotFound
        return obj

    def get_queryset(self) -> models.QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return self.model.objects.none()
        return self.visible(self.actor)

    def get_serializer_class(self) -> Any:
        detail = self.detail_serializer_class if self.action != "list" else None
        return detail or self.serializer_class

    def get_serializer_context(self) -> Any:
        context = super().get_serializer_context()
        return context if getattr(self, "swagger_fake_view", False) else {**context, **present_context(type(self), self.actor)}

    def list(self, _request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, _request: Request, pk: int) -> Response:
        return self.shown(self.find(self.actor, pk))

    def shown(self, obj: Any, code: int = status.HTTP_200_OK) -> Response:
        return present(type(self), obj, self.actor, code)


def present_context(resource: type[Resource], actor: Person) -> dict[str, Any]:
    return {"resource": resource, "actor": actor, "drawn": {}}


def present(resource: type[Resource], obj: Any, actor: Person, code: int = status.HTTP_200_OK) -> Response:
    """The object as its detail page tells it, with its version as ETag."""
    shape = resource.detail_serializer_class or resource.serializer_class
    assert shape is not None
    data = shape(obj, context=present_context(resource, actor)).data
    return with_etag(Response(data, status=code), data)


def with_etag(response: Response, data: Mapping[str, Any]) -> Response:
    if "version" in data:
        response["ETag"] = f'"{data["version"]}"'
        response["Cache-Control"] = "private, no-cache"
    return response


def body_of(request: Request) -> Mapping[str, Any]:
    if not isinstance(request.data, Mapping):
        raise Invalid([Problem("", "not_an_object", _("请求内容须为 JSON 对象。"), _("请按接口文档的字段提交。"))])
    return request.data


def seen_of(request: Request) -> int:
    """The version the person looked at: `seen` in the body, or If-Match."""
    sent = body_of(request).get("seen")
    if sent is None:
        sent = request.headers.get("If-Match", "").removeprefix("W/").strip('"')
    text = "" if isinstance(sent, bool) else str(sent).strip()
    if not text.isascii() or not text.isdigit() or int(text) > VERSION_MAX:
        raise Invalid([Problem("seen", "required", _("须注明所依据的版本。"), _("请在 seen 或 If-Match 中填写读取时得到的 version。"))])
    return int(text)


def note_of(request: Request) -> str:
    return read([NOTE], body_of(request)).get("note", "")


NOTE = Param("note", "long_text", _("意见"), required=False)


def once(request: Request, act: Callable[[], Response]) -> Response:
    """Do it once for each Idempotency-Key; the stored answer is given to every repetition."""
    actor = acting(request)

    def answer() -> tuple[int, Any]:
        response = act()
        return response.status_code, response.data

    code, data = answer_once(
        by=actor,
        at=actor.at,
        route=f"{request.method} {request.path}",
        key=request.headers.get("Idempotency-Key", ""),
        body=request.data,
        act=answer,
    )
    return with_etag(Response(data, status=code), data if isinstance(data, Mapping) else {})


class StepSchema(ResourceSchema):
    """A step's description, drawn from its row of the state table."""

    def get_operation_id(self) -> str:
        return f"{self.view.resource.kind.replace('-', '_')}_take_{self.view.verb}"

    def get_tags(self) -> list[str]:
        return [self.view.resource.kind]

    def get_summary(self) -> str:
        return str(self.view.step.label)

    def get_override_parameters(self) -> list[Any]:
        return [IF_MATCH, IDEMPOTENCY_KEY]

    def get_request_serializer(self) -> Any:
        name = "".join(part.capitalize() for part in f"{self.view.resource.kind}-{self.view.verb}".replace("_", "-").split("-"))
        fields: dict[str, Any] = {
            "seen": serializers.IntegerField(required=False, min_value=0, help_text=str(_("读取时得到的 version；也可用 If-Match。"))),
            "note": serializers.CharField(required=self.view.step.needs_note),
        }
        return inline_serializer(f"{name}Step", fields | {param.name: entered(param) for param in self.view.step.params})

    def get_response_serializers(self) -> Any:
        return self.view.resource.detail_serializer_class or self.view.resource.serializer_class


def entered(param: Param) -> serializers.Field[Any, Any, Any, Any]:
    """How a param is written in a request: as text, as a person would type it (万元, %), dates as 2026-11-20."""
    units = {"wan": _("万元，至多六位小数"), "percent": _("年利率，百分数"), "date": _("日期，例如 2026-11-20")}
    words = " ".join(str(part) for part in (param.label, units.get(param.kind, ""), param.help) if part)
    if param.kind == "integer":
        return serializers.IntegerField(required=param.required, help_text=words)
    if param.kind == "boolean":
        return serializers.BooleanField(required=False, help_text=words)
    if param.kind == "fields":
        return serializers.ListField(child=serializers.CharField(), required=param.required, help_text=words)
    return serializers.CharField(required=param.required, help_text=words)


def entry(name: str, params: Sequence[Param], *, versioned: bool = False) -> Any:
    """The description of a request that `read(params, …)` reads."""
    fields: dict[str, Any] = {param.name: entered(param) for param in params}
    if versioned:
        fields["seen"] = serializers.IntegerField(required=False, min_value=0)
    return inline_serializer(name, fields)


class StepView(Acting):
    """POST: take one step on one object, as the state table allows."""

    resource: type[Resource] = Resource
    verb = ""
    schema = StepSchema()

    @property
    def step(self) -> Step:
        return step_tables(self.resource)[self.verb]

    def post(self, request: Request, pk: int) -> Response:
        return once(request, lambda: self._take(request, pk))

    def _take(self, request: Request, pk: int) -> Response:
        resource, actor = self.resource, self.actor
        obj = resource.find(actor, pk)
        step = resource.steps_of(obj).get(self.verb)
        if step is None:
            raise Conflict
        entries = read(step.params, body_of(request))
        resource.actions[self.verb](obj, by=actor, at=actor.at, seen=seen_of(request), note=note_of(request), **entries)
        return present(resource, resource.shown_to(resource.model.objects.filter(pk=pk), actor).get(), actor)


def step_tables(resource: type[Resource]) -> Mapping[str, Step]:
    """Every step the resource knows, whatever the object; claims have a table for each channel."""
    return resource.steps


def step_paths(resource: type[Resource]) -> Sequence[URLPattern]:
    """One address for each verb that has both a row in the state table and a step function."""
    return [
        path(
            f"{resource.kind}/<int:pk>/{verb}/",
            StepView.as_view(resource=resource, verb=verb),
            name=f"{resource.kind}-{verb}",
        )
        for verb in step_tables(resource)
        if verb in resource.actions
    ]
