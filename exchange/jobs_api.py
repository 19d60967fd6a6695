"""Exports and imports of the API: asked for, followed, fetched. A workbook goes in as base64 within the JSON of a request."""

import base64
import binascii
from io import BytesIO
from typing import Any, ClassVar

from django.core.files.base import ContentFile
from django.http import FileResponse
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import Conflict, Invalid, NotAllowed, Problem
from exchange import dispatch, exports, importing, templates, workbooks
from exchange.actions import EXPORT_ACTIONS, IMPORT_ACTIONS
from exchange.importers import IMPORTERS
from exchange.listings import LISTINGS
from exchange.models import Export, Import, ImportedRow
from exchange.states import EXPORT_STEPS, IMPORT_STEPS
from organisations.actors import Person
from organisations.models import Batch
from organisations.resources import IDEMPOTENCY_KEY, Presented, Resource, body_of, once
from organisations.resources.resource import scope

WORKBOOK = {(200, workbooks.EXCEL): OpenApiTypes.BINARY}
BASE64_MAX = workbooks.UPLOAD_MAX * 4 // 3 + 4
JOB_FIELDS = (
    "id",
    "version",
    "state",
    "state_label",
    "kind",
    "language",
    "asked_at",
    "rows",
    "rows_done",
    "finished_at",
    "expires_at",
    "failure",
)


class ExportShown(Presented):
    class Meta:
        model = Export
        fields: ClassVar[tuple[str, ...]] = (*JOB_FIELDS, "filters", "size", "sha256", "actions")
        read_only_fields = fields


class ExportIn(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(sorted(LISTINGS), help_text=_("哪个列表。"))
    filters = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=200), max_length=50),
        required=False,
        help_text=_("与该列表相同的筛选项，每项为一个或多个值。"),
    )


class ExportFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=Export.State.choices)

    class Meta:
        model = Export
        fields = ("kind",)


class Exports(Resource):
    """导出: what a list shows under its filters, as a workbook; seen by whoever asked, for a week."""

    kind, model = "exports", Export
    serializer_class = ExportShown
    filterset_class = ExportFilter
    steps, actions = EXPORT_STEPS, EXPORT_ACTIONS

    @classmethod
    def loaded(cls, rows: Any) -> Any:
        return rows.select_related("owner").defer("row_ids", "open_ids")

    @extend_schema(request=ExportIn, responses={201: ExportShown}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Ask for a list. A small one is done at once; a large one by a worker: read `state` and `rows_done`."""
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        entered = ExportIn(data=body_of(request))
        entered.is_valid(raise_exception=True)
        kind = entered.validated_data["kind"]
        _in_scope(request, scope(LISTINGS[kind].resource.kind, writes=False))
        made = exports.ask(kind, entered.validated_data.get("filters", {}), by=self.actor, at=self.actor.at)
        dispatch.begin_export(made)
        return self.made(made.pk)

    @extend_schema(operation_id="exports_file", responses=WORKBOOK)
    @action(detail=True, filterset_class=None, pagination_class=None)
    def file(self, _request: Request, pk: int) -> Any:
        """The workbook, as long as every row in it may still be seen."""
        return file_of(self.find(self.actor, pk), self.actor)


class FaultShown(serializers.Serializer[Any]):
    sheet = serializers.CharField(allow_blank=True)
    row = serializers.IntegerField()
    letter = serializers.CharField(allow_blank=True)
    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()
    remedy = serializers.CharField(allow_blank=True)


class ImportShown(Presented):
    class Meta:
        model = Import
        fields: ClassVar[tuple[str, ...]] = (*JOB_FIELDS, "params", "file_name", "size", "sha256", "faulty_cells", "actions")
        read_only_fields = fields


class ImportDetail(ImportShown):
    """With the first faults and reminders; all of them are marked in the file itself."""

    faults = FaultShown(many=True, read_only=True)
    warnings = FaultShown(many=True, read_only=True)

    class Meta(ImportShown.Meta):
        fields = (*ImportShown.Meta.fields, "faults", "warnings")
        read_only_fields = fields


class ImportIn(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(sorted(IMPORTERS))
    file_name = serializers.CharField(max_length=200)
    content = serializers.CharField(max_length=BASE64_MAX, help_text=_("Excel 工作簿（.xlsx）的 base64 编码。"))
    programme = serializers.CharField(max_length=20, required=False)
    track = serializers.ChoiceField(Batch.Track.choices, required=False)


class ImportedRowShown(serializers.ModelSerializer[ImportedRow]):
    class Meta:
        model = ImportedRow
        fields = ("number", "outcome", "object_id", "told")
        read_only_fields = fields


class ImportFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=Import.State.choices)

    class Meta:
        model = Import
        fields = ("kind",)


class Imports(Resource):
    """导入: a workbook is checked whole, then `commit` writes it in batches; the row is the unit that is written whole or not at all."""

    kind, model = "imports", Import
    serializer_class = ImportShown
    detail_serializer_class = ImportDetail
    filterset_class = ImportFilter
    steps, actions = IMPORT_STEPS, IMPORT_ACTIONS

    @classmethod
    def loaded(cls, rows: Any) -> Any:
        return rows.select_related("owner")

    @extend_schema(request=ImportIn, responses={201: ImportDetail}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Hand in a workbook: it is checked, nothing is written. Faults come back with their cells; see also `marked`."""
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        entered = ImportIn(data=body_of(request))
        entered.is_valid(raise_exception=True)
        sent = entered.validated_data
        _in_scope(request, scope(IMPORTERS[sent["kind"]].writes, writes=True))
        upload = ContentFile(_decoded(sent["content"]), name=sent["file_name"])
        params = {name: sent[name] for name in ("programme", "track") if name in sent}
        made = importing.hand_in(sent["kind"], upload, by=self.actor, at=self.actor.at, params=params)
        dispatch.begin_check(made)
        return self.made(made.pk)

    @extend_schema(operation_id="imports_marked", responses=WORKBOOK)
    @action(detail=True, filterset_class=None, pagination_class=None)
    def marked(self, _request: Request, pk: int) -> Any:
        """The file as it came, its faulty cells coloured and commented."""
        return workbook_of(self.find(self.actor, pk), "marked")

    @extend_schema(operation_id="imports_rows", responses=ImportedRowShown(many=True))
    @action(detail=True, filterset_class=None)
    def rows(self, _request: Request, pk: int) -> Response:
        """What became of each row."""
        page = self.paginate_queryset(ImportedRow.objects.filter(of_import=self.find(self.actor, pk)))
        return self.get_paginated_response(ImportedRowShown(page, many=True).data)

    @extend_schema(operation_id="imports_template", responses=WORKBOOK)
    @action(detail=False, filterset_class=None, pagination_class=None, url_path="templates/<slug:of>")
    def template(self, _request: Request, of: str) -> Any:
        """The template of one kind, with validation lists and what may be brought up to date."""
        return template_of(of, self.actor)


def file_of(export: Export, by: Person) -> FileResponse:
    stored = exports.open_file(export, by=by, at=by.at)
    return FileResponse(stored, as_attachment=True, filename=exports.file_name(export), content_type=workbooks.EXCEL)


def workbook_of(job: Import, which: str) -> FileResponse:
    stored = getattr(job, which)
    if not stored:
        raise Conflict(_("没有此文件，或已过期删除。"), code="no_file")
    return FileResponse(stored.open("rb"), as_attachment=True, filename=job.file_name, content_type=workbooks.EXCEL)


def template_of(kind: str, by: Any) -> FileResponse:
    kept = BytesIO()
    templates.write(kind, kept, by=by)
    kept.seek(0)
    name = _("%(kind)s导入模板.xlsx") % {"kind": IMPORTERS[kind].label}
    return FileResponse(kept, as_attachment=True, filename=str(name), content_type=workbooks.EXCEL)


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid([Problem("content", "not_base64", _("文件内容不是有效的 base64 编码。"), _("请对文件编码后提交。"))]) from None


def _in_scope(request: Request, needed: str) -> None:
    """A machine takes out and brings in only what its token lets it read and write of that kind."""
    scopes = getattr(request.auth, "scopes", None)
    if scopes is not None and needed not in scopes:
        raise NotAllowed(_("令牌的权限不包括 %(scope)s。") % {"scope": needed}, code="scope_missing")
