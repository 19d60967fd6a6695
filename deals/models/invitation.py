"""What a bank is invited to look at, and the words it may decline with."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from lenders.models import Branch
from matching.models import Recommendation
from organisations.actors import Person
from organisations.models import Role
from projects.models import Filing, Need, passed_through


class DeclineCode(models.Model):
    """A coded reason a bank may decline with: a plain sentence for the firm, a category for the line department."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    category = models.CharField(_("类别"), max_length=40)
    sentence = models.CharField(_("给企业的说明"), max_length=200)
    sentence_en = models.CharField(_("英文说明"), max_length=300)
    next_step = models.CharField(_("建议的下一步"), max_length=200)
    next_step_en = models.CharField(_("英文下一步"), max_length=300)

    class Meta:
        verbose_name = _("谢绝原因")
        verbose_name_plural = _("谢绝原因")

    def __str__(self) -> str:
        return self.sentence


class Origin(models.TextChoices):
    NAMED = "named", _("企业自主意向")
    RECOMMENDED = "recommended", _("轮次推荐")
    EVENT = "event", _("对接活动")
    SECOND_DOCKING = "second_docking", _("二次对接")
    DIRECT = "direct", _("银企自行达成")
    OPENING = "opening", _("存量期初导入")


class Dispatched(models.Model):
    """A bank's case that its manager may hand to one officer."""

    officer = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("承办客户经理")
    )

    class Meta:
        abstract = True


class Waiting(models.Model):
    """A bank's case that rests until the firm has handed in what is missing; the bank's time stands still meanwhile."""

    WAITS_IN: tuple[str, ...] = ()

    waiting_since = models.DateTimeField(_("待企业补充材料自"), null=True, blank=True)
    waiting_until = models.DateTimeField(_("企业补充期限"), null=True, blank=True)
    waiting_for = models.CharField(_("需补充的材料"), max_length=300, blank=True)

    class Meta:
        abstract = True

    @property
    def is_waiting(self) -> bool:
        return self.waiting_since is not None and self.state in self.WAITS_IN  # type: ignore[attr-defined]  # each of ours has a state


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, actor: Person) -> "InvitationQuerySet":
        """A bank sees its own once the firm let it; the firm and the units of the chain see all of theirs."""
        if actor.is_system:
            return self
        never_opened = Q(state__in=Invitation.ENDED_BY_ITSELF, contact_due_at=None)  # the term of the first contact begins with the consent
        shown = ~Q(state__in=[Invitation.State.AWAITING_CONSENT, Invitation.State.WITHHELD]) & ~never_opened
        bank = Q(branch__organisation__in=actor.organisation_ids) & shown
        firm = Q(filing__firm__in=actor.organisation_ids)
        if actor.is_of_firms or actor.is_of_banks:
            return self.filter(firm if actor.is_of_firms else bank)
        office = passed_through(actor.unit_ids, "filing") | Q(province__in=actor.provinces(Role.AUDITOR, Role.READER))
        return self.filter(office if actor.is_of_units else bank | firm | office)

    def live(self) -> "InvitationQuerySet":
        return self.filter(state__in=Invitation.LIVE)


class Invitation(Provincial, Versioned, Waiting, Dispatched):
    """A bank may look at a need. Named ones open at once; suggested ones wait for the firm's consent."""

    class State(models.TextChoices):
        AWAITING_CONSENT = "awaiting_consent", _("待企业同意")
        OPEN = "open", _("已送达银行")
        VIEWED = "viewed", _("银行已联系企业")
        ACCEPTED = "accepted", _("银行有意向")
        DECLINED = "declined", _("银行谢绝")
        WITHHELD = "withheld", _("企业未同意")
        EXPIRED = "expired", _("逾期失效")
        LAPSED = "lapsed", _("企业已选其他银行")
        WITHDRAWN = "withdrawn", _("需求已撤回")

    LIVE = ("awaiting_consent", "open", "viewed", "accepted")
    ENDED_BY_ITSELF = ("expired", "lapsed", "withdrawn")
    WAITS_IN = ("viewed",)

    need = models.ForeignKey(Need, models.PROTECT, related_name="invitations", verbose_name=_("需求"))
    filing = models.ForeignKey(Filing, models.PROTECT, related_name="invitations", verbose_name=_("申报"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="invitations", verbose_name=_("银行机构"))
    origin = models.CharField(_("来源"), max_length=20, choices=Origin)
    rank = models.PositiveSmallIntegerField(_("顺位"), default=0)
    recommendation = models.OneToOneField(
        Recommendation, models.PROTECT, null=True, blank=True, related_name="invitation", verbose_name=_("推荐")
    )
    state = models.CharField(_("状态"), max_length=20, choices=State)
    sent_at = models.DateTimeField(_("发出时间"))
    firm_note = models.TextField(_("企业说明"), blank=True)
    viewed_at = models.DateTimeField(_("首次联系时间"), null=True, blank=True)
    contact_due_at = models.DateTimeField(_("首次联系期限"), null=True, blank=True)
    expires_at = models.DateTimeField(_("有效期至"), null=True, blank=True)
    decline_code = models.ForeignKey(DeclineCode, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("谢绝原因"))

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("对接邀请")
        verbose_name_plural = _("对接邀请")
        constraints = (
            models.UniqueConstraint(
                fields=["need", "branch"],
                condition=Q(state__in=["awaiting_consent", "open", "viewed", "accepted"]),
                name="one_live_invitation_per_pair",
            ),
        )
        indexes = (
            models.Index(fields=["branch", "state"], name="invitation_branch"),
            models.Index(fields=["contact_due_at", "id"], name="invitation_soonest"),
        )

    def __str__(self) -> str:
        return f"{self.need} ↔ {self.branch}"
