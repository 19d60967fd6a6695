"""A machine's way in: a token of its own, hashed, for one organisation and some scopes, until a day."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial
from organisations.models.people import Membership, Role, User


class TokenQuerySet(models.QuerySet["Token"]):
    def visible_to(self, actor: Any) -> "TokenQuerySet":
        """To whoever may make and revoke them, and to a province's auditors."""
        if actor.is_system:
            return self
        own = Q(membership__organisation__in=actor.administers)
        return self.filter(own | Q(province__in=actor.provinces(Role.AUDITOR)))


class Token(Provincial):
    """Only its digest is kept: whoever lost it makes another. It acts as a user of its own, who is nobody and signs in nowhere."""

    membership = models.OneToOneField(Membership, models.PROTECT, related_name="token", verbose_name=_("岗位"))
    name = models.CharField(_("用途"), max_length=60)
    prefix = models.CharField(_("前缀"), max_length=12, unique=True)
    digest = models.CharField(_("摘要"), max_length=64)
    scopes = ArrayField(models.CharField(max_length=60), verbose_name=_("权限"))
    issued_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("签发人"))
    issued_at = models.DateTimeField(_("签发时间"))
    expires_at = models.DateTimeField(_("有效期至"))
    last_used_at = models.DateTimeField(_("最近使用"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)
    revoked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("撤销人"))

    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("接口令牌")
        verbose_name_plural = _("接口令牌")
        constraints = (
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("issued_at")), name="token_expires_after_issue"),
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="token_has_scopes"),
        )

    def __str__(self) -> str:
        return f"{self.name}（{self.prefix}…）"
