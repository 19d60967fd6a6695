"""Papers of a filing through the API: sent as multipart/form-data, taken in by the checks of the page, handed out as bytes."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import Invalid, NotAllowed, NotFound, Problem
from organisations.clean_json import CleanJSON
from organisations.resources import Resource, body_of
from projects import attachments
from projects.models import FILE_KINDS, Filing, ProjectFile
from projects.states import by_firm

PARSERS = [MultiPartParser, CleanJSON]
BYTES = {(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY)}


class PaperShown(serializers.ModelSerializer[ProjectFile]):
    class Meta:
        model = ProjectFile
        fields = ("id", "kind", "name", "size", "sha256", "uploaded_at")
        read_only_fields = fields


class PaperIn(serializers.Serializer[Any]):
    """Described for readers; `attach` below reads it."""

    kind = serializers.ChoiceField(FILE_KINDS)
    upload = serializers.FileField(help_text=_("PDF、JPG、PNG，或不含宏的 Word（docx）、Excel（xlsx）文件；按内容识别，不看扩展名。"))


class Papers(Resource):
    """What filings add to their address: `files/` and one of them."""

    @extend_schema(operation_id="filings_files", responses=PaperShown(many=True))
    @action(detail=True, filterset_class=None, pagination_class=None, parser_classes=PARSERS)
    def files(self, _request: Request, pk: int) -> Response:
        """The papers of it."""
        return Response(PaperShown(_papers(self.find(self.actor, pk)), many=True).data)

    @extend_schema(operation_id="filings_attach", request={"multipart/form-data": PaperIn}, responses=PaperShown)
    @files.mapping.post
    def attach(self, request: Request, pk: int) -> Response:
        """Send a paper. The same content sent again is kept once, and answered with what is there."""
        filing = self.find(self.actor, pk)
        if not by_firm(filing, self.actor):
            raise NotAllowed
        row = attachments.attach(filing, kind=_kind(request), upload=_upload(request), by=self.actor, at=self.actor.at)
        return Response(PaperShown(row).data)

    @extend_schema(operation_id="filings_file", responses=BYTES)
    @action(detail=True, filterset_class=None, pagination_class=None, url_path="files/<int:paper>", url_name="file")
    def paper(self, _request: Request, pk: int, paper: int) -> FileResponse:
        """One paper as bytes to be saved."""
        row = _papers(self.find(self.actor, pk)).filter(pk=paper).first()
        if row is None:
            raise NotFound
        return FileResponse(row.content.open("rb"), as_attachment=True, filename=row.name, content_type="application/octet-stream")


def _papers(filing: Filing) -> Any:
    return ProjectFile.objects.filter(filing=filing).order_by("kind", "id")


def _kind(request: Request) -> str:
    sent = body_of(request).get("kind", "")
    return sent if isinstance(sent, str) else ""


def _upload(request: Request) -> UploadedFile:
    sent = request.FILES.get("upload")
    if sent is None:
        raise Invalid([Problem("upload", "required", _("没有选择文件。"), _("请以 multipart/form-data 提交，文件放在 upload 字段。"))])
    return sent
