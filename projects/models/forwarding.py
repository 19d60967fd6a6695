"""上报: cases that leave a unit together under one stamped letter."""

from collections.abc import Mapping

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from organisations.actors import Person
from organisations.models import Batch, Role, Unit
from projects.models.filing import Filing


class ForwardBatchQuerySet(models.QuerySet["ForwardBatch"]):
    def visible_to(self, actor: Person) -> "ForwardBatchQuerySet":
        """One's own unit's, what was sent to it, and a province's, to its readers."""
        if actor.is_system:
            return self
        received = Q(state=ForwardBatch.State.SENT, to_unit__in=actor.unit_ids)
        readers = actor.provinces(Role.AUDITOR, Role.READER)
        return self.filter(Q(unit__in=actor.unit_ids) | received | Q(state=ForwardBatch.State.SENT, province__in=readers))

    def with_offices(self) -> "ForwardBatchQuerySet":
        """What lists and buttons read."""
        return self.select_related("unit__organisation", "to_unit__organisation", "batch").prefetch_related("scans")


class ForwardBatch(Provincial, Versioned):
    """上报批次: the letter and the list of what one unit sends up at one time.

    `content` is the list as it was frozen, the sole source of letter and list; `list_version` and `sha256` stand on both.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("编制中")
        FROZEN = "frozen", _("已定稿")
        SENT = "sent", _("已上报")
        VOID = "void", _("已作废")

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="forward_batches", verbose_name=_("上报单位"))
    to_unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("主送单位"), help_text=_("空为国家主管部门")
    )
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="forward_batches", verbose_name=_("申报批次"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.DRAFT)
    content = models.JSONField(_("定稿清单"), default=list, blank=True, encoder=DjangoJSONEncoder)
    list_version = models.PositiveSmallIntegerField(_("清单版次"), default=0)
    sha256 = models.CharField(_("清单摘要"), max_length=64, blank=True)
    frozen_on = models.DateField(_("定稿日期"), null=True, blank=True)
    number = models.CharField(_("文号"), max_length=100, blank=True)
    dated_on = models.DateField(_("成文日期"), null=True, blank=True)
    sent_at = models.DateTimeField(_("上报时间"), null=True, blank=True)

    objects = ForwardBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("上报批次")
        verbose_name_plural = _("上报批次")
        constraints = (
            models.UniqueConstraint(fields=["unit", "number"], condition=~Q(number=""), name="forward_number_once"),
            models.CheckConstraint(condition=~Q(state__in=["frozen", "sent"]) | ~Q(sha256=""), name="forward_frozen_has_digest"),
            models.CheckConstraint(condition=~Q(state="sent") | (~Q(number="") & Q(sent_at__isnull=False)), name="forward_sent_has_number"),
        )

    @property
    def receiver(self) -> str:
        """Whom the letter is addressed to."""
        return self.to_unit.organisation.name if self.to_unit else MINISTRIES[self.batch.track]

    def __str__(self) -> str:
        return f"{self.batch} · {self.unit}"


MINISTRIES: Mapping[str, str] = {Batch.Track.INDUSTRY: "工业和信息化部", Batch.Track.NDRC: "国家发展和改革委员会"}


class ForwardedCase(Provincial):
    """A case on the list, or pulled back from it with the reason."""

    forward = models.ForeignKey(ForwardBatch, models.CASCADE, related_name="cases", verbose_name=_("上报批次"))
    filing = models.ForeignKey(Filing, models.PROTECT, related_name="forwarded", verbose_name=_("申报"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", verbose_name=_("上报单位"))
    pulled_at = models.DateTimeField(_("撤出时间"), null=True, blank=True)
    pulled_reason = models.CharField(_("撤出原因"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("上报项目")
        verbose_name_plural = _("上报项目")
        constraints = (models.UniqueConstraint(fields=["filing", "unit"], condition=Q(pulled_at=None), name="forwarded_once_by_a_unit"),)

    def __str__(self) -> str:
        return str(self.filing)


class ForwardScan(Provincial):
    """The stamped letter as it was scanned. Never changed, never taken away."""

    forward = models.ForeignKey(ForwardBatch, models.PROTECT, related_name="scans", verbose_name=_("上报批次"))
    name = models.CharField(_("文件名"), max_length=200)
    content = models.FileField(_("文件"), upload_to="letters/%Y/%m/")
    size = models.PositiveIntegerField(_("大小（字节）"))
    sha256 = models.CharField(_("摘要"), max_length=64)
    uploaded_at = models.DateTimeField(_("上传时间"))

    class Meta:
        verbose_name = _("盖章扫描件")
        verbose_name_plural = _("盖章扫描件")
        constraints = (models.UniqueConstraint(fields=["forward", "sha256"], name="scan_content_once"),)

    def __str__(self) -> str:
        return self.name
