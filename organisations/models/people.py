"""People, and the roles they hold: a `Membership` gives a user one role in one organisation."""

import datetime as dt

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial
from organisations.models.tenants import Organisation


class User(AbstractUser):
    display_name = models.CharField(_("姓名"), max_length=60, blank=True)
    phone = models.CharField(_("手机"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = _("用户")

    def __str__(self) -> str:
        return self.display_name or self.username


class Role(models.TextChoices):
    FIRM_CLERK = "firm_clerk", _("企业经办人")
    FIRM_OWNER = "firm_owner", _("企业负责人")
    HANDLER = "handler", _("经办")
    CHECKER = "checker", _("复核")
    SIGNER = "signer", _("签发")
    READER = "reader", _("只读")
    ACCOUNT_MANAGER = "account_manager", _("客户经理")
    BRANCH_MANAGER = "branch_manager", _("支行负责人")
    BANK_PROVINCIAL = "bank_provincial", _("省分行管理员")
    AUDITOR = "auditor", _("审计")
    UNIT_ADMIN = "unit_admin", _("单位管理员")
    SYSTEM_OPERATOR = "system_operator", _("运维")


class MembershipQuerySet(models.QuerySet["Membership"]):
    def on(self, day: dt.date) -> "MembershipQuerySet":
        """In force on that day."""
        return self.filter(Q(valid_to=None) | Q(valid_to__gte=day), valid_from__lte=day)

    def people(self) -> list[tuple[int, str]]:
        """(id, name) of each who holds one of these and may sign in, to choose from."""
        rows = self.filter(user__is_active=True).select_related("user").order_by("user_id")
        return list({row.user_id: str(row.user) for row in rows}.items())


class Membership(Provincial):
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("用户"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships", verbose_name=_("机构"))
    role = models.CharField(_("岗位"), max_length=20, choices=Role)
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    engagement = models.CharField(_("委托依据"), max_length=200, blank=True, help_text=_("审计任务书文号等"))

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("岗位")
        verbose_name_plural = _("岗位")
        constraints = (models.UniqueConstraint(fields=["user", "organisation", "role"], name="membership_once"),)

    def __str__(self) -> str:
        return f"{self.user} {self.get_role_display()} {self.organisation}"
