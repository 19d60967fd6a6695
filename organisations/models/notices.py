"""政策公告: dated notices of a policy, told to everybody before they sign in."""

import datetime as dt

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned


class PolicyNoticeQuerySet(models.QuerySet["PolicyNotice"]):
    def in_force(self, *, on: dt.date) -> "PolicyNoticeQuerySet":
        return self.filter(published_on__lte=on).filter(Q(valid_to=None) | Q(valid_to__gte=on))


class PolicyNotice(Provincial, Versioned):
    title = models.CharField(_("标题"), max_length=200)
    document_no = models.CharField(_("文号"), max_length=100, blank=True)
    issuer = models.CharField(_("发文机关"), max_length=100)
    published_on = models.DateField(_("发布日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    body = models.TextField(_("正文"))
    source = models.URLField(_("原文链接"), blank=True)

    objects = PolicyNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("政策公告")
        verbose_name_plural = _("政策公告")

    def __str__(self) -> str:
        return self.title
