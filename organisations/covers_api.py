"""替岗安排 through the API: who stands in for whom, named and ended as on the page."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotAllowed
from organisations import covers
from organisations.entering import read
from organisations.models import Cover
from organisations.resources import IDEMPOTENCY_KEY, Resource, body_of, entry, once


class CoverShown(serializers.ModelSerializer[Cover]):
    absent = serializers.CharField(source="absent.display_name", read_only=True)
    deputy = serializers.CharField(source="deputy.display_name", read_only=True)

    class Meta:
        model = Cover
        fields = ("id", "organisation", "absent", "deputy", "from_on", "to_on", "reason", "named_at", "ended_at", "province")
        read_only_fields = fields


class Covers(Resource):
    """替岗安排: for some days a colleague sits in an absent officer's seats. `absent` and `deputy` are sent as "office:user"."""

    kind, model = "covers", Cover
    serializer_class = CoverShown
    filterset_fields = ("organisation", "from_on", "to_on")
    ordering_fields = ("from_on", "to_on")

    @classmethod
    def loaded(cls, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.select_related("absent", "deputy")

    @extend_schema(request=entry("Cover", covers.params()), responses={201: CoverShown}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Name who stands in."""
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        by = self.actor
        if not covers.may_name(by):
            raise NotAllowed
        return self.made(covers.name(**read(covers.params(), body_of(request)), by=by, at=by.at).pk)

    @extend_schema(operation_id="covers_end", request=None, responses=CoverShown, parameters=[IDEMPOTENCY_KEY])
    @action(detail=True, methods=["post"], filterset_fields=None, pagination_class=None)
    def end(self, request: Request, pk: int) -> Response:
        """End it before its day."""
        return once(request, lambda: self._end(pk))

    def _end(self, pk: int) -> Response:
        covers.end(self.find(self.actor, pk), by=self.actor, at=self.actor.at)
        return self.shown(self.find(self.actor, pk))
