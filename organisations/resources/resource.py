"""A list and its objects, read through what the reader may see."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db import models
from django.urls import reverse
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from common.errors import NotFound
from common.steps import Step
from organisations.acting import acting
from organisations.actors import Person
from organisations.resources.description import ResourceSchema
from organisations.resources.pages import Pages
from organisations.resources.requests import with_etag

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Acting(APIView):
    """Whatever it answers with that is one object carries an ETag, and an address where it was made."""

    kind: ClassVar[str] = ""

    @property
    def actor(self) -> Person:
        return acting(self.request)

    def scope_for(self, method: str) -> str:
        """What a machine's token must allow for this; nothing where any token will do."""
        return scope(self.kind, writes=method not in SAFE) if self.kind else ""

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        data = getattr(response, "data", None)  # a file has none
        if status.is_success(response.status_code) and isinstance(data, Mapping) and "results" not in data:
            with_etag(response)
        if response.status_code == status.HTTP_201_CREATED and self.kind:
            response["Location"] = request.build_absolute_uri(reverse(f"{self.kind}-detail", args=[response.data["id"]]))
        return super().finalize_response(request, response, *args, **kwargs)


def scope(kind: str, *, writes: bool) -> str:
    return f"{'write' if writes else 'read'}:{kind}"


class Resource(Acting, GenericViewSet[Any]):
    """A list and its objects, read through `visible_to`: what the actor may not see is not there (404)."""

    model: ClassVar[type[models.Model]]
    detail_serializer_class: ClassVar[type[serializers.BaseSerializer[Any]] | None] = None
    steps: ClassVar[Mapping[str, Step]] = {}
    actions: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    begins_with: ClassVar[tuple[str, ...]] = ()  # what the audit trail calls the making of one
    ordering_fields: ClassVar[tuple[str, ...]] = ()
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

    def made(self, pk: int) -> Response:
        """The answer to whoever made it."""
        return self.shown(self.find(self.actor, pk), status.HTTP_201_CREATED)

    def shown(self, obj: Any, code: int = status.HTTP_200_OK) -> Response:
        return present(type(self), obj, self.actor, code)


def present_context(resource: type[Resource], actor: Person) -> dict[str, Any]:
    return {"resource": resource, "actor": actor, "drawn": {}}


def present(resource: type[Resource], obj: Any, actor: Person, code: int = status.HTTP_200_OK) -> Response:
    """The object as its detail page tells it."""
    shape = resource.detail_serializer_class or resource.serializer_class
    assert shape is not None
    return Response(shape(obj, context=present_context(resource, actor)).data, status=code)


def scopes_of(resource: type[Resource]) -> list[str]:
    """What a token may be given for it: to read it, and to act on it where there is something to do."""
    acts = (
        bool(resource.actions) or hasattr(resource, "create") or any(set(extra.mapping) - {"get"} for extra in resource.get_extra_actions())
    )
    return [scope(resource.kind, writes=writes) for writes in (False, True) if acts or not writes]
