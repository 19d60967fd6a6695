"""申请解锁: while a case is returned, its firm asks for further fields to be opened."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from projects.models.request import ByFirmQuerySet


class UnlockRequest(Provincial, Versioned):
    class State(models.TextChoices):
        ASKED = "asked", _("等待答复")
        GRANTED = "granted", _("已开放")
        REFUSED = "refused", _("未同意")
        LAPSED = "lapsed", _("已失效")

    filing = models.ForeignKey("Filing", models.PROTECT, related_name="unlocks", verbose_name=_("申报"))
    fields = ArrayField(models.CharField(max_length=60), verbose_name=_("申请开放的内容"))
    reason = models.TextField(_("理由"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.ASKED)
    asked_at = models.DateTimeField(_("申请时间"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("申请人"))

    objects = ByFirmQuerySet.as_manager()

    class Meta:
        verbose_name = _("解锁申请")
        verbose_name_plural = _("解锁申请")
        constraints = (models.UniqueConstraint(fields=["filing"], condition=Q(state="asked"), name="one_open_unlock_request"),)

    def __str__(self) -> str:
        return f"{self.filing} {self.get_state_display()}"
