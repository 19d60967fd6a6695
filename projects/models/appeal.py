"""异议申诉: a firm objects, once, to a decision that ended its case; somebody else looks at it again."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import AuditEvent, Provincial, Versioned
from organisations.models import Unit
from projects.models.request import ByFirmQuerySet


class Appeal(Provincial, Versioned):
    class State(models.TextChoices):
        OPEN = "open", _("复核中")
        UPHELD = "upheld", _("异议成立")
        DISMISSED = "dismissed", _("维持原决定")
        WITHDRAWN = "withdrawn", _("企业撤回")

    filing = models.ForeignKey("Filing", models.PROTECT, related_name="appeals", verbose_name=_("申报"))
    decision = models.OneToOneField(AuditEvent, models.PROTECT, related_name="+", verbose_name=_("所申诉的决定"))
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("原决定人"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", verbose_name=_("复核单位"))
    reason = models.TextField(_("异议理由"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.OPEN)
    filed_at = models.DateTimeField(_("提出时间"))
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("提出人"))
    due_at = models.DateTimeField(_("复核期限"))
    answer = models.TextField(_("复核意见"), blank=True)
    answered_at = models.DateTimeField(_("复核时间"), null=True, blank=True)

    objects = ByFirmQuerySet.as_manager()

    class Meta:
        verbose_name = _("异议申诉")
        verbose_name_plural = _("异议申诉")

    def __str__(self) -> str:
        return f"{self.filing} {self.get_state_display()}"
