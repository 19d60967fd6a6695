"""正在办理: who has a case open at the moment, so that a second officer sees it. It locks nothing and is forgotten by itself."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import Provincial
from organisations.models import Unit

LASTS = dt.timedelta(minutes=3)


class PresenceQuerySet(models.QuerySet["Presence"]):
    def current(self, *, at: dt.datetime) -> "PresenceQuerySet":
        return self.filter(seen_at__gt=at - LASTS, seen_at__lte=at)


class Presence(Provincial):
    filing = models.ForeignKey("Filing", models.CASCADE, related_name="+", verbose_name=_("申报"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("经办人"))
    unit = models.ForeignKey(Unit, models.CASCADE, related_name="+", verbose_name=_("单位"))
    since = models.DateTimeField(_("打开时间"))
    seen_at = models.DateTimeField(_("最近在场"))

    objects = PresenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("正在办理")
        verbose_name_plural = _("正在办理")
        constraints = (models.UniqueConstraint(fields=["filing", "user"], name="present_once"),)

    def __str__(self) -> str:
        return f"{self.user} {self.filing_id}"
