"""Where the demonstration stands, so that an interrupted run goes on and a second one reuses what is there."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from projects.models import Filing


class DemoStage(models.Model):
    """A part of the demonstration that is done; written in the transaction that did it."""

    name = models.CharField(_("阶段"), max_length=100, unique=True)
    facts = models.JSONField(_("结果"), default=dict, blank=True)

    class Meta:
        verbose_name = _("演示进度")
        verbose_name_plural = _("演示进度")

    def __str__(self) -> str:
        return self.name


class DemoFiling(models.Model):
    """Which filing an invented application became."""

    key = models.CharField(_("演示编号"), max_length=20, unique=True)
    filing = models.OneToOneField(Filing, models.CASCADE, related_name="+", verbose_name=_("申报"))

    class Meta:
        verbose_name = _("演示申报")
        verbose_name_plural = _("演示申报")

    def __str__(self) -> str:
        return self.key
