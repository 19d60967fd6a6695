"""Who is asking, and the reference lists that everybody signed in may read."""

from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from organisations.actors import Person, Seat
from organisations.models import Batch, Industry, Organisation, Programme, Region
from organisations.resources import Acting, Resource, ResourceSchema


class OrganisationRef(serializers.ModelSerializer[Organisation]):
    class Meta:
        model = Organisation
        fields = ("id", "name", "kind")
        read_only_fields = fields


class FirmRef(serializers.ModelSerializer[Organisation]):
    class Meta:
        model = Organisation
        fields = ("id", "name", "uscc")
        read_only_fields = fields


class RegionRef(serializers.ModelSerializer[Region]):
    class Meta:
        model = Region
        fields = ("code", "name")
        read_only_fields = fields


class IndustryRef(serializers.ModelSerializer[Industry]):
    class Meta:
        model = Industry
        fields = ("code", "name")
        read_only_fields = fields


class SeatShown(serializers.Serializer[Seat]):
    organisation_id = serializers.IntegerField()
    kind = serializers.CharField()
    role = serializers.CharField()
    province = serializers.CharField()
    unit_kind = serializers.CharField(allow_blank=True)
    line = serializers.CharField(allow_blank=True)
    absent_id = serializers.IntegerField(allow_null=True, help_text=str(_("替岗时：此岗位的外出人员。")))


class MeShown(serializers.Serializer[Any]):
    user_id = serializers.IntegerField()
    label = serializers.CharField()
    at = serializers.DateTimeField()
    seats = SeatShown(many=True)
    language = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField())


class Me(Acting):
    """The signed-in person, the seats they hold today, and the language they are answered in (Accept-Language)."""

    schema = ResourceSchema()

    @extend_schema(operation_id="me", responses=MeShown, tags=["me"])
    def get(self, _request: Request) -> Response:
        by = self.actor
        languages = [code for code, _name in settings.LANGUAGES]
        told = {
            "user_id": by.user_id,
            "label": by.label,
            "at": by.at,
            "seats": by.seats,
            "language": get_language(),
            "languages": languages,
        }
        return Response(MeShown(told).data)


class Reference(Resource):
    """A list that everybody signed in may read."""

    @classmethod
    def visible(cls, _actor: Person) -> QuerySet[Any]:
        return cls.loaded(cls.model.objects.all())


class RegionShown(serializers.ModelSerializer[Region]):
    parent = RegionRef(allow_null=True)
    municipal = RegionRef(allow_null=True)

    class Meta:
        model = Region
        fields = ("id", "code", "name", "level", "parent", "municipal", "valid_from", "valid_to", "province")
        read_only_fields = fields


class RegionFilter(filters.FilterSet):
    name = filters.CharFilter(method="named", label="名称、拼音或首字母")

    class Meta:
        model = Region
        fields = ("code", "level", "province")

    def named(self, rows: QuerySet[Region], _name: str, text: str) -> QuerySet[Region]:
        return rows.filter(Q(name__contains=text) | Q(pinyin__istartswith=text) | Q(initials__istartswith=text))


class Regions(Reference):
    kind, model = "regions", Region
    serializer_class = RegionShown
    filterset_class = RegionFilter
    ordering_fields = ("code", "name")

    @classmethod
    def loaded(cls, rows: QuerySet[Region]) -> QuerySet[Region]:
        return rows.select_related("parent", "municipal")


class IndustryShown(serializers.ModelSerializer[Industry]):
    parent = IndustryRef(allow_null=True)

    class Meta:
        model = Industry
        fields = ("id", "code", "name", "level", "edition", "parent")
        read_only_fields = fields


class Industries(Reference):
    kind, model = "industries", Industry
    serializer_class = IndustryShown
    filterset_fields = ("code", "level", "edition")
    ordering_fields = ("code",)

    @classmethod
    def loaded(cls, rows: QuerySet[Industry]) -> QuerySet[Industry]:
        return rows.select_related("parent")


class ProgrammeField(serializers.SlugRelatedField[Programme]):
    """A programme by its code, in a request."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "does_not_exist": _("没有代码为“{value}”的政策项目。可用的代码见 /api/programmes/。"),
    }

    def __init__(self, **options: Any) -> None:
        super().__init__("code", queryset=Programme.objects.order_by("code"), **options)


class ProgrammeShown(serializers.ModelSerializer[Programme]):
    class Meta:
        model = Programme
        fields = ("id", "code", "name", "name_en")
        read_only_fields = fields


class Programmes(Reference):
    kind, model = "programmes", Programme
    serializer_class = ProgrammeShown
    filterset_fields = ("code",)


class BatchShown(serializers.ModelSerializer[Batch]):
    programme = serializers.SlugRelatedField("code", read_only=True)

    class Meta:
        model = Batch
        fields = (
            "id",
            "programme",
            "track",
            "code",
            "name",
            "county_closes_at",
            "city_closes_at",
            "province_closes_at",
            "province",
        )
        read_only_fields = fields


class Batches(Reference):
    kind, model = "batches", Batch
    serializer_class = BatchShown
    filterset_fields = ("track", "code", "province")
    ordering_fields = ("code", "county_closes_at", "city_closes_at", "province_closes_at")

    @classmethod
    def loaded(cls, rows: QuerySet[Batch]) -> QuerySet[Batch]:
        return rows.select_related("programme")
