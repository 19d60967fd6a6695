"""Coming aboard: a firm's claim to its credit code, and the one-time codes by which people are let in or back in."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from organisations.models.people import Role, User
from organisations.models.regions import Region
from organisations.models.tenants import Organisation
from organisations.models.units import Unit


class RegistrationQuerySet(models.QuerySet["Registration"]):
    def visible_to(self, actor: Any) -> "RegistrationQuerySet":
        """The unit of the place decides; a province's offices and readers see all, and decide where a claim is disputed."""
        if actor.is_system:
            return self
        provinces = {seat.province for seat in actor.seats if seat.unit_kind == Unit.Kind.PROVINCE and seat.line == Unit.Line.INDUSTRY}
        return self.filter(
            Q(unit__in=actor.unit_ids)
            | Q(province__in=actor.provinces(Role.AUDITOR, Role.READER))
            | Q(province__in=provinces & actor.provinces(Role.HANDLER, Role.CHECKER, Role.SIGNER))
        )


class Registration(Provincial, Versioned):
    """企业入驻申请: who claims to act for the firm of a credit code, on which papers; the unit of its place checks them."""

    class State(models.TextChoices):
        SUBMITTED = "submitted", _("待核验")
        DISPUTED = "disputed", _("争议待裁定")
        ADMITTED = "admitted", _("已开通")
        REFUSED = "refused", _("未通过")

    OPEN = (State.SUBMITTED, State.DISPUTED)

    uscc = models.CharField(_("统一社会信用代码"), max_length=18)
    firm_name = models.CharField(_("企业名称"), max_length=200)
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("所在地"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="registrations", verbose_name=_("核验单位"))
    applicant_name = models.CharField(_("经办人姓名"), max_length=60)
    applicant_phone = models.CharField(_("经办人手机"), max_length=20)
    licence = models.FileField(_("营业执照"), upload_to="registrations/%Y/%m/")
    authorisation = models.FileField(_("授权书"), upload_to="registrations/%Y/%m/")
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.SUBMITTED)
    digest = models.CharField(_("查询码摘要"), max_length=64, unique=True)
    asked_at = models.DateTimeField(_("申请时间"))
    decided_at = models.DateTimeField(_("办结时间"), null=True, blank=True)
    told = models.CharField(_("答复"), max_length=1000, blank=True)
    firm = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="registrations", verbose_name=_("企业"))

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("企业入驻申请")
        verbose_name_plural = _("企业入驻申请")
        indexes = (models.Index(fields=["unit", "state"], name="registration_unit_state"),)

    def __str__(self) -> str:
        return self.firm_name


class AccessCode(Provincial):
    """一次性代码: handed over on paper or by voice by an administrator; lets one person in to one seat, or back into an account."""

    class Kind(models.TextChoices):
        JOIN = "join", _("加入")
        RESET = "reset", _("重设密码")

    kind = models.CharField(_("用途"), max_length=10, choices=Kind)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name=_("机构"))
    role = models.CharField(_("岗位"), max_length=20, choices=Role, blank=True)
    valid_to = models.DateField(_("岗位截止"), null=True, blank=True)
    engagement = models.CharField(_("委托依据"), max_length=200, blank=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("用户"))
    name = models.CharField(_("姓名"), max_length=60)
    digest = models.CharField(_("代码摘要"), max_length=64, unique=True)
    issued_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("签发人"))
    issued_at = models.DateTimeField(_("签发时间"))
    expires_at = models.DateTimeField(_("失效时间"))
    used_at = models.DateTimeField(_("使用时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("一次性代码")
        verbose_name_plural = _("一次性代码")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.name}"


class WrongCode(models.Model):
    """A code that was tried and is none: counted by address, so that codes cannot be guessed."""

    address = models.GenericIPAddressField(_("来源地址"))
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("错误代码")
        verbose_name_plural = _("错误代码")
        indexes = (models.Index(fields=["address", "at"], name="wrong_code_address"),)

    def __str__(self) -> str:
        return f"{self.address} {self.at}"
