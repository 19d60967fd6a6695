"""People, and the roles they hold: a `Membership` gives a user one role in one organisation."""

from django.contrib.auth.models import AbstractUser
from django.db import models
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


class Membership(Provincial):
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("用户"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships", verbose_name=_("机构"))
    role = models.CharField(_("岗位"), max_length=20, choices=Role)
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    engagement = models.CharField(_("委托依据"), max_length=200, blank=True, help_text=_("审计任务书文号等"))

    class Meta:
        verbose_name = _("岗位")
        verbose_name_plural = _("岗位")
        constraints = (models.UniqueConstraint(fields=["user", "organisation", "role"], name="membership_once"),)

    def __str__(self) -> str:
        return f"{self.user} {self.get_role_display()} {self.organisation}"
