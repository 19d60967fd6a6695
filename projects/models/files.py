"""The papers of a filing."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import Provincial
from projects.models.filing import Filing

FILE_KINDS = (
    ("filing_paper", _("备案（核准）文件")),
    ("permit", _("前期手续")),
    ("statement", _("财务报表")),
    ("pledge", _("承诺书")),
    ("licence", _("营业执照")),
    ("other", _("其他材料")),
)


class ProjectFile(Provincial):
    filing = models.ForeignKey(Filing, models.PROTECT, related_name="files", verbose_name=_("申报"))
    kind = models.CharField(_("材料类别"), max_length=40)
    name = models.CharField(_("文件名"), max_length=200)
    content = models.FileField(_("文件"), upload_to="filings/%Y/%m/")
    size = models.PositiveIntegerField(_("大小（字节）"))
    sha256 = models.CharField(_("摘要"), max_length=64)
    uploaded_at = models.DateTimeField(_("上传时间"))

    class Meta:
        verbose_name = _("申报材料")
        verbose_name_plural = _("申报材料")
        constraints = (models.UniqueConstraint(fields=["filing", "sha256"], name="file_content_once"),)

    @property
    def kind_label(self) -> Any:
        return dict(FILE_KINDS).get(self.kind, self.kind)

    def __str__(self) -> str:
        return self.name
