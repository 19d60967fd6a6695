"""Exports and imports: asked for by a person, done by a worker, kept for a while, seen by nobody else."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.models import Provincial, Versioned
from organisations.actors import Person
from organisations.models import User


class JobQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Person) -> "JobQuerySet":
        """One's own: what stands in the file is what its owner may see, which is nobody else's measure."""
        return self if actor.is_system else self.filter(owner=actor.user_id)


class Job(Provincial, Versioned):
    """What the worker has done of it is written between its steps; `attempt` fences off a worker that was taken for dead."""

    owner = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("所有者"))
    organisation_id = models.BigIntegerField(_("所属机构编号"), null=True)
    kind = models.CharField(_("内容"), max_length=40)
    language = models.CharField(_("语言"), max_length=10)
    asked_at = models.DateTimeField(_("提出时间"))
    attempt = models.PositiveSmallIntegerField(_("次数"), default=0)
    heard_at = models.DateTimeField(_("最近进展时间"), null=True, blank=True)
    rows = models.PositiveIntegerField(_("行数"), null=True, blank=True)
    rows_done = models.PositiveIntegerField(_("已处理行数"), default=0)
    finished_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    expires_at = models.DateTimeField(_("保留至"), null=True, blank=True)
    failure = models.CharField(_("失败原因"), max_length=300, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        abstract = True


class Export(Job):
    """What a list showed, as a workbook."""

    class State(models.TextChoices):
        WAITING = "waiting", _("排队中")
        RUNNING = "running", _("正在生成")
        DONE = "done", _("可下载")
        FAILED = "failed", pgettext_lazy("job", "失败")
        CANCELLED = "cancelled", pgettext_lazy("job", "已取消")
        EXPIRED = "expired", pgettext_lazy("job", "已过期")

    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.WAITING)
    filters = models.JSONField(_("筛选条件"), default=dict, blank=True)
    row_ids = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("所含各行"))
    open_ids = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("其中可见申报全文的各行"))
    file = models.FileField(_("文件"), upload_to="exports/%Y/%m/", blank=True)
    size = models.PositiveIntegerField(_("大小（字节）"), default=0)
    sha256 = models.CharField(_("摘要"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("导出")
        verbose_name_plural = _("导出")
        indexes = (
            models.Index(fields=["owner", "-id"], name="export_of_owner"),
            models.Index(fields=["state", "heard_at"], name="export_watch", condition=Q(state__in=["waiting", "running", "done"])),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Import(Job):
    """A workbook handed in: checked whole before anything is written, then written in batches, each row whole or not at all."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("import", "待核对")
        CHECKING = "checking", pgettext_lazy("import", "正在核对")
        FAULTY = "faulty", pgettext_lazy("import", "有错误")
        READY = "ready", pgettext_lazy("import", "可提交")
        QUEUED = "queued", pgettext_lazy("import", "待写入")
        WRITING = "writing", pgettext_lazy("import", "正在写入")
        STOPPED = "stopped", pgettext_lazy("import", "已停止，可继续")
        DONE = "done", pgettext_lazy("import", "已写入")
        FAILED = "failed", pgettext_lazy("job", "失败")
        CANCELLED = "cancelled", pgettext_lazy("job", "已取消")

    TAKEN = ("queued", "writing", "stopped", "done")  # its effect has been asked for: the same content has it once

    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.WAITING)
    params = models.JSONField(_("选项"), default=dict, blank=True)
    file = models.FileField(_("文件"), upload_to="imports/%Y/%m/", blank=True)
    file_name = models.CharField(_("文件名"), max_length=200)
    size = models.PositiveIntegerField(_("大小（字节）"))
    sha256 = models.CharField(_("摘要"), max_length=64)
    content_sha256 = models.CharField(_("内容摘要"), max_length=64, blank=True)
    faulty_cells = models.PositiveIntegerField(_("有误单元格"), default=0)
    faults = models.JSONField(_("错误"), default=list, blank=True, encoder=DjangoJSONEncoder)
    warnings = models.JSONField(_("提醒"), default=list, blank=True, encoder=DjangoJSONEncoder)
    marked = models.FileField(_("标注后的文件"), upload_to="imports/%Y/%m/", blank=True)
    written_to = models.PositiveIntegerField(_("已写到第几行"), default=0)

    class Meta:
        verbose_name = _("导入")
        verbose_name_plural = _("导入")
        constraints = (
            models.UniqueConstraint(
                fields=["organisation_id", "kind", "content_sha256"],
                condition=Q(state__in=["queued", "writing", "stopped", "done"]),
                name="import_takes_effect_once",
            ),
        )
        indexes = (models.Index(fields=["owner", "-id"], name="import_of_owner"),)

    def __str__(self) -> str:
        return self.file_name


class ImportedRow(models.Model):
    """What became of one row of a file, written in the transaction that wrote the row itself."""

    class Outcome(models.TextChoices):
        CREATED = "created", pgettext_lazy("row", "新建")
        CHANGED = "changed", pgettext_lazy("row", "已更新")
        UNCHANGED = "unchanged", pgettext_lazy("row", "无变化")
        REFUSED = "refused", pgettext_lazy("row", "未写入")

    of_import = models.ForeignKey(Import, models.CASCADE, related_name="imported", verbose_name=_("导入"))
    number = models.PositiveIntegerField(_("行号"))
    outcome = models.CharField(_("结果"), max_length=20, choices=Outcome)
    object_id = models.BigIntegerField(_("对象编号"), null=True, blank=True)
    told = models.CharField(_("说明"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("导入的行")
        verbose_name_plural = _("导入的行")
        constraints = (models.UniqueConstraint(fields=["of_import", "number"], name="imported_row_once"),)

    def __str__(self) -> str:
        return f"{self.of_import_id}:{self.number}"
