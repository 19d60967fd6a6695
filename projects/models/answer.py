"""国家反馈: what the ministry's list says of the cases that were reported to it."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Batch, Programme, Role, Unit
from projects.models.filing import Filing


class MinistryAnswerQuerySet(models.QuerySet["MinistryAnswer"]):
    def visible_to(self, actor: Person) -> "MinistryAnswerQuerySet":
        """The provincial office of the track, and the province's readers."""
        if actor.is_system:
            return self
        mine = models.Q(province__in=actor.provinces(Role.AUDITOR, Role.READER))
        for line in Batch.Track.values:
            if seat := actor.office(*REVIEW_ROLES, line=line, kind=Unit.Kind.PROVINCE):
                mine |= models.Q(track=line, province=seat.province)
        return self.filter(mine)


class MinistryAnswer(Provincial, Versioned):
    """One file of the ministry: read, then applied to the cases it names beyond doubt; the rest is a worklist."""

    class State(models.TextChoices):
        ENTERED = "entered", _("待办理")
        APPLIED = "applied", _("已办理")
        VOID = "void", _("已作废")

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="+", verbose_name=_("政策项目"))
    track = models.CharField(_("渠道"), max_length=20, choices=Batch.Track)
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.ENTERED)
    number = models.CharField(_("来文文号"), max_length=100)
    list_number = models.CharField(_("清单批次"), max_length=60)
    listed_on = models.DateField(_("列入日期"))
    file_name = models.CharField(_("文件名"), max_length=200)
    sha256 = models.CharField(_("文件摘要"), max_length=64)
    entered_by = models.ForeignKey("organisations.User", models.PROTECT, related_name="+", verbose_name=_("导入人"))
    entered_at = models.DateTimeField(_("导入时间"))

    objects = MinistryAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("国家反馈清单")
        verbose_name_plural = _("国家反馈清单")
        constraints = (
            models.UniqueConstraint(fields=["province", "track", "sha256"], condition=~models.Q(state="void"), name="answer_file_once"),
        )

    def __str__(self) -> str:
        return f"{self.number} {self.list_number}"


class AnswerRowQuerySet(models.QuerySet["AnswerRow"]):
    def visible_to(self, actor: Person) -> "AnswerRowQuerySet":
        return self.filter(answer__in=MinistryAnswer.objects.visible_to(actor).order_by().values("pk"))


class AnswerRow(Provincial, Versioned):
    """One row of the file, as it was typed there, and the case it was found to mean."""

    class State(models.TextChoices):
        MATCHED = "matched", _("已匹配")
        OPEN = "open", _("待人工核对")
        DONE = "done", _("已办结")
        DISMISSED = "dismissed", _("不办理")

    class Verdict(models.TextChoices):
        LISTED = "listed", _("列入")
        NOT_LISTED = "not_listed", _("未列入")
        UNKNOWN = "unknown", _("未写明")

    class Doubt(models.TextChoices):
        NO_CODE = "no_code", _("没有项目代码")
        UNKNOWN_CODE = "unknown_code", _("项目代码不在已上报项目中")
        NAME_DIFFERS = "name_differs", _("代码相符，企业或项目名称与申报不一致")
        USCC_DIFFERS = "uscc_differs", _("代码相符，统一社会信用代码与申报不一致")
        TWICE = "twice", _("同一项目在文件中出现不止一次")
        NO_VERDICT = "no_verdict", _("没有写明是否列入")
        REFUSED = "refused", _("办理时未被接受")

    answer = models.ForeignKey(MinistryAnswer, models.CASCADE, related_name="rows", verbose_name=_("国家反馈清单"))
    line = models.PositiveIntegerField(_("行号"))
    cells = models.JSONField(_("原文"), default=dict, encoder=DjangoJSONEncoder)
    project_code = models.CharField(_("项目代码"), max_length=60, blank=True)
    uscc = models.CharField(_("统一社会信用代码"), max_length=60, blank=True)
    firm_name = models.CharField(_("企业名称"), max_length=200, blank=True)
    project_name = models.CharField(_("项目名称"), max_length=200, blank=True)
    verdict = models.CharField(_("结论"), max_length=20, choices=Verdict)
    list_number = models.CharField(_("清单批次"), max_length=60, blank=True)
    reason = models.CharField(_("未列入原因"), max_length=500, blank=True)
    state = models.CharField(_("状态"), max_length=20, choices=State)
    doubt = models.CharField(_("存疑"), max_length=20, choices=Doubt, blank=True)
    told = models.CharField(_("说明"), max_length=500, blank=True)
    filing = models.ForeignKey(Filing, models.PROTECT, null=True, blank=True, related_name="answers", verbose_name=_("申报"))
    suggested = models.JSONField(_("可能的申报"), default=list, blank=True)

    objects = AnswerRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("反馈条目")
        verbose_name_plural = _("反馈条目")
        constraints = (
            models.UniqueConstraint(fields=["answer", "line"], name="answer_line_once"),
            models.CheckConstraint(
                condition=~models.Q(state__in=["matched", "done"]) | ~models.Q(filing=None), name="answer_matched_has_filing"
            ),
        )
        indexes = (models.Index(fields=["answer"], condition=models.Q(state="open"), name="answer_worklist"),)

    def __str__(self) -> str:
        return self.project_name or self.project_code or str(self.line)
