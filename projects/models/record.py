"""What officers put on record of a case: checks, site visits, remarks. Written once; a correction is a further row."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial
from organisations.actors import FIRM_ROLES, Person
from organisations.models import Role, Unit
from projects.models.review import passed_through

WRITTEN_ONCE = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)


class CheckKind(models.Model):
    """What is looked up: a credit list, accidents, environment, the industry catalogue. Data, not code."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    name = models.CharField(_("核查事项"), max_length=100)
    name_en = models.CharField(_("英文名称"), max_length=150)
    source = models.CharField(_("查询途径"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("核查事项")
        verbose_name_plural = _("核查事项")

    def __str__(self) -> str:
        return self.name


class InsideQuerySet(models.QuerySet[models.Model]):
    """Rows kept among the units of a case's chain and the province's readers."""

    def visible_to(self, actor: Person) -> "InsideQuerySet":
        if actor.is_system:
            return self
        readers = Q(province__in=actor.provinces(Role.AUDITOR, Role.READER))
        return self.filter(passed_through(actor.unit_ids, "filing") | readers)


class CaseRecord(Provincial):
    """By which unit, by whom, when."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", verbose_name=_("单位"))
    by_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("登记人"))
    at = models.DateTimeField(_("登记时间"))

    class Meta:
        abstract = True


class CheckRecord(CaseRecord):
    class Result(models.TextChoices):
        CLEAR = "clear", _("未见异常")
        FOUND = "found", _("发现问题")
        UNCLEAR = "unclear", _("待核实")

    filing = models.ForeignKey("Filing", models.PROTECT, related_name="checks", verbose_name=_("申报"))
    kind = models.ForeignKey(CheckKind, models.PROTECT, related_name="+", verbose_name=_("核查事项"))
    result = models.CharField(_("结果"), max_length=20, choices=Result)
    checked_on = models.DateField(_("核查日期"))
    remark = models.TextField(_("说明"), blank=True)

    objects = InsideQuerySet.as_manager()

    class Meta:
        verbose_name = _("核查记录")
        verbose_name_plural = _("核查记录")
        triggers = WRITTEN_ONCE

    def __str__(self) -> str:
        return f"{self.kind} {self.get_result_display()}"


class SiteVisit(CaseRecord):
    filing = models.ForeignKey("Filing", models.PROTECT, related_name="visits", verbose_name=_("申报"))
    visited_on = models.DateField(_("核查日期"))
    people = models.CharField(_("参加人员"), max_length=300)
    findings = models.TextField(_("现场情况"))

    objects = InsideQuerySet.as_manager()

    class Meta:
        verbose_name = _("现场核查")
        verbose_name_plural = _("现场核查")
        triggers = WRITTEN_ONCE

    def __str__(self) -> str:
        return f"{self.visited_on} {self.people}"


class RemarkQuerySet(models.QuerySet["Remark"]):
    def visible_to(self, actor: Person) -> "RemarkQuerySet":
        """A note its unit; a message the firm and the unit it is exchanged with; a logged contact the whole chain."""
        if actor.is_system:
            return self
        firms = [seat.organisation_id for seat in actor.seats if seat.role in FIRM_ROLES]
        own = Q(unit__in=actor.unit_ids)
        told = Q(kind=Remark.Kind.MESSAGE, filing__firm__in=firms)
        logged = Q(kind=Remark.Kind.CONTACT) & passed_through(actor.unit_ids, "filing")
        audited = ~Q(kind=Remark.Kind.NOTE) & Q(province__in=actor.provinces(Role.AUDITOR, Role.READER))
        return self.filter(own | told | logged | audited)


class Remark(CaseRecord):
    """A note inside a unit, a message between unit and firm, or a contact (a phone call) put on record."""

    class Kind(models.TextChoices):
        NOTE = "note", _("内部备注")
        MESSAGE = "message", _("留言")
        CONTACT = "contact", _("联系记录")

    filing = models.ForeignKey("Filing", models.PROTECT, related_name="remarks", verbose_name=_("申报"))
    kind = models.CharField(_("类型"), max_length=20, choices=Kind)
    is_from_firm = models.BooleanField(_("企业发出"), default=False)
    text = models.TextField(_("内容"))
    contacted = models.CharField(_("联系对象"), max_length=100, blank=True)
    contacted_at = models.DateTimeField(_("联系时间"), null=True, blank=True)

    objects = RemarkQuerySet.as_manager()

    class Meta:
        verbose_name = _("备注与留言")
        verbose_name_plural = _("备注与留言")
        constraints = (
            models.CheckConstraint(condition=Q(is_from_firm=False) | Q(kind="message"), name="firms_write_messages_only"),
            models.CheckConstraint(condition=~Q(kind="contact") | ~Q(contacted=""), name="contact_names_somebody"),
        )
        indexes = (models.Index(fields=["filing", "id"], name="remark_filing"),)
        triggers = WRITTEN_ONCE

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class CaseFile(Provincial):
    """A file kept with a row of a case: a screenshot, photos, an opinion with its stamp. Seen by whoever sees the row."""

    subject = models.CharField(_("对象类型"), max_length=60)
    subject_id = models.BigIntegerField(_("对象编号"))
    name = models.CharField(_("文件名"), max_length=200)
    content = models.FileField(_("文件"), upload_to="cases/%Y/%m/")
    size = models.PositiveIntegerField(_("大小（字节）"))
    sha256 = models.CharField(_("摘要"), max_length=64)
    uploaded_at = models.DateTimeField(_("上传时间"))

    class Meta:
        verbose_name = _("记录附件")
        verbose_name_plural = _("记录附件")
        constraints = (models.UniqueConstraint(fields=["subject", "subject_id", "sha256"], name="case_file_once"),)

    def __str__(self) -> str:
        return self.name
