"""申请解锁: while a case is returned, its firm asks for further fields to be opened."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from projects.models.request import FirmRequest


class UnlockRequest(FirmRequest):
    class State(models.TextChoices):
        ASKED = "asked", _("等待答复")
        GRANTED = "granted", _("已开放")
        REFUSED = "refused", _("未同意")
        LAPSED = "lapsed", _("已失效")

    filing = models.ForeignKey("Filing", models.PROTECT, related_name="unlocks", verbose_name=_("申报"))
    fields = ArrayField(models.CharField(max_length=60), verbose_name=_("申请开放的内容"))
    reason = models.TextField(_("理由"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.ASKED)

    class Meta:
        verbose_name = _("解锁申请")
        verbose_name_plural = _("解锁申请")
        constraints = (models.UniqueConstraint(fields=["filing"], condition=Q(state="asked"), name="one_open_unlock_request"),)

    def __str__(self) -> str:
        return f"{self.filing} {self.get_state_display()}"
