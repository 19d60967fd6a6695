"""What a province has published of its figures. Never changed, never taken away: a mistake is mended by the next day's."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import Provincial


class PublishedFigures(Provincial):
    """公开数据: the sums of one day, small ones left out. `sha256` is that of `text`, which is what was published."""

    on = models.DateField(_("统计日期"))
    text = models.TextField(_("内容（JSON）"))
    sha256 = models.CharField(_("摘要"), max_length=64)
    published_at = models.DateTimeField(_("发布时间"))
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("发布人"))

    class Meta:
        app_label = "deals"
        verbose_name = _("公开数据")
        verbose_name_plural = _("公开数据")
        constraints = (models.UniqueConstraint(fields=["province", "on"], name="figures_once_a_day"),)
        triggers = (pgtrigger.Protect(name="figures_append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"{self.province} {self.on}"
