"""WHO FITS WHOM: rounds, what each recommended and why, what it could not match and why, refusals, weights, pins and floors."""

import pgtrigger
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from lenders.models import Branch, Product
from organisations.actors import Person
from organisations.models import Programme, Region, Role, User
from projects.models import Need, passed_through


class Weights(Provincial, Versioned):
    """The published, dated points of each scoring term (`matching.scoring`). Drafted by one person, approved by another."""

    class State(models.TextChoices):
        DRAFT = "draft", _("草拟")
        APPROVED = "approved", _("已发布")
        REPLACED = "replaced", _("已停用")

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="+", verbose_name=_("政策项目"))
    document_no = models.CharField(_("文号"), max_length=100)
    valid_from = models.DateField(_("生效日期"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.DRAFT)
    points = models.JSONField(_("各项分值"))
    drafted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("草拟人"))
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("审定人"))
    is_sample = models.BooleanField(_("示例"), default=False)

    class Meta:
        verbose_name = _("评分权重")
        verbose_name_plural = _("评分权重")
        constraints = (
            models.UniqueConstraint(fields=["province", "programme", "document_no"], name="weights_document_once"),
            models.CheckConstraint(condition=~Q(state="approved") | ~Q(approved_by=models.F("drafted_by")), name="weights_two_people"),
        )

    def __str__(self) -> str:
        return self.document_no


class Floor(Provincial):
    """At least `amount` yuan recommended to the regions of this floor; soft, with a published penalty per yuan below one point."""

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="+", verbose_name=_("政策项目"))
    name = models.CharField(_("名称"), max_length=100)
    regions = models.ManyToManyField(Region, related_name="+", verbose_name=_("区划"))
    amount = models.DecimalField(_("保底金额（元）"), max_digits=18, decimal_places=2)
    penalty_num = models.PositiveSmallIntegerField(_("罚分分子"))
    penalty_den = models.PositiveSmallIntegerField(_("罚分分母"), help_text=_("2 的幂，不超过 256"))
    document_no = models.CharField(_("依据"), max_length=100)
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("区域保底")
        verbose_name_plural = _("区域保底")
        constraints = (models.CheckConstraint(condition=Q(penalty_num__lt=models.F("penalty_den")), name="floor_penalty_below_one"),)

    def __str__(self) -> str:
        return self.name


class PinBan(Provincial):
    """A pair a person fixed (pin) or excluded (ban), with the reason; approved by a second person; kept in the next rounds."""

    class Kind(models.TextChoices):
        PIN = "pin", _("锁定")
        BAN = "ban", _("排除")

    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    need = models.ForeignKey(Need, models.PROTECT, related_name="pins", verbose_name=_("需求"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("银行机构"))
    reason = models.CharField(_("理由"), max_length=300)
    set_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("设置人"))
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("审定人"))
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("锁定与排除")
        verbose_name_plural = _("锁定与排除")
        constraints = (
            models.UniqueConstraint(fields=["need", "branch", "kind", "valid_from"], name="pin_once"),
            models.CheckConstraint(condition=Q(approved_by=None) | ~Q(approved_by=models.F("set_by")), name="pin_two_people"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.need} {self.branch}"


class Refusal(Provincial):
    """A bank declined a need. The pair returns only if the facts changed (`facts_sha256`) or the firm asks."""

    need = models.ForeignKey(Need, models.PROTECT, related_name="refusals", verbose_name=_("需求"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("银行机构"))
    code = models.CharField(_("原因代码"), max_length=40)
    facts_sha256 = models.CharField(_("依据事实摘要"), max_length=64)
    refused_at = models.DateTimeField(_("时间"))
    lifted_at = models.DateTimeField(_("解除"), null=True, blank=True)
    lifted_because = models.CharField(_("解除原因"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("银行谢绝")
        verbose_name_plural = _("银行谢绝")
        constraints = (models.UniqueConstraint(fields=["need", "branch"], condition=Q(lifted_at=None), name="one_open_refusal"),)

    def __str__(self) -> str:
        return f"{self.branch} × {self.need}"


class RoundQuerySet(models.QuerySet["Round"]):
    def visible_to(self, actor: Person) -> "RoundQuerySet":
        """Rounds of the provinces whose offices or readers the actor belongs to; firms and banks read what concerns them one by one."""
        if actor.is_system:
            return self
        return self.filter(province__in=actor.provinces_overseen)


class Round(Provincial, Versioned):
    """推荐轮次. Takes the open needs of its scope and recommends; planned → frozen → solving → solved → published | void | failed."""

    class State(models.TextChoices):
        PLANNED = "planned", _("已计划")
        FROZEN = "frozen", _("已冻结")
        SOLVING = "solving", _("计算中")
        SOLVED = "solved", _("待发布")
        PUBLISHED = "published", _("已发布")
        VOID = "void", _("已作废")
        FAILED = "failed", _("失败")

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="rounds", verbose_name=_("政策项目"))
    number = models.CharField(_("轮次编号"), max_length=40)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级轮次"))
    reason = models.CharField(_("缘由"), max_length=200, blank=True)
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.PLANNED)
    planned_for = models.DateField(_("计划日期"))
    weights = models.ForeignKey(Weights, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("评分权重"))
    steps = models.PositiveIntegerField(_("搜索步数"), default=400_000)
    seed = models.PositiveIntegerField(_("随机种子"), default=0)
    time_limit_s = models.PositiveIntegerField(_("安全时限（秒）"), default=600)
    attempt = models.PositiveIntegerField(_("尝试次数"), default=0)
    lease_until = models.DateTimeField(_("租约到期"), null=True, blank=True)
    cancel_requested = models.BooleanField(_("请求取消"), default=False)
    progress = models.JSONField(_("进度"), default=dict, blank=True)
    needs = models.PositiveIntegerField(_("需求数"), default=0)
    options = models.PositiveIntegerField(_("候选数"), default=0)
    matched = models.PositiveIntegerField(_("推荐数"), default=0)
    value = models.BigIntegerField(_("得分"), null=True, blank=True)
    bound = models.BigIntegerField(_("上界"), null=True, blank=True)
    snapshot_sha256 = models.CharField(_("快照摘要"), max_length=64, blank=True)
    problem_sha256 = models.CharField(_("问题摘要"), max_length=64, blank=True)
    result_sha256 = models.CharField(_("结果摘要"), max_length=64, blank=True)
    failure = models.TextField(_("失败原因"), blank=True)
    frozen_at = models.DateTimeField(_("冻结时间"), null=True, blank=True)
    solved_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    seconds = models.DecimalField(_("计算用时（秒）"), max_digits=10, decimal_places=3, null=True, blank=True)
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("提请发布"))
    published_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("审定发布"))
    published_at = models.DateTimeField(_("发布时间"), null=True, blank=True)
    next_round_on = models.DateField(_("下一轮日期"), null=True, blank=True)

    objects = RoundQuerySet.as_manager()

    class Meta:
        verbose_name = _("推荐轮次")
        verbose_name_plural = _("推荐轮次")
        constraints = (
            models.UniqueConstraint(fields=["province", "number"], name="round_number_once"),
            models.UniqueConstraint(
                fields=["province", "programme"],
                condition=Q(parent=None, state__in=["frozen", "solving", "solved"]),
                name="one_open_parent_round",
            ),
            models.CheckConstraint(condition=Q(published_by=None) | ~Q(published_by=models.F("proposed_by")), name="round_two_people"),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def gap(self) -> float | None:
        """(bound − value) ÷ max(|bound|, 1), as published."""
        if self.value is None or self.bound is None:
            return None
        return (self.bound - self.value) / max(abs(self.bound), 1)


UNDER_WAY = (Round.State.FROZEN, Round.State.SOLVING, Round.State.SOLVED)  # between freezing and publishing


class RoundData(models.Model):
    """The bytes of a round: canonical header and arrays of the snapshot, and the stored result. Written once, never changed."""

    round = models.OneToOneField(Round, models.PROTECT, related_name="data", verbose_name=_("轮次"))
    header = models.BinaryField(_("快照文件头"))
    arrays = models.BinaryField(_("快照数组"))
    result = models.BinaryField(_("结果"), null=True)

    class Meta:
        verbose_name = _("轮次数据")
        verbose_name_plural = _("轮次数据")
        triggers = (
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="frozen_snapshot",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__header__df=pgtrigger.F("new__header"))
                | pgtrigger.Q(old__arrays__df=pgtrigger.F("new__arrays"))
                | pgtrigger.Q(old__result__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return str(self.round_id)


class RecommendationQuerySet(models.QuerySet["Recommendation"]):
    def visible_to(self, actor: Person) -> "RecommendationQuerySet":
        """Published ones of what the actor may see of either side; a bank sees only its own branch's."""
        if actor.is_system:
            return self
        published = Q(state__in=[Recommendation.State.PUBLISHED, Recommendation.State.STANDBY])
        own = Q(branch__organisation__in=actor.organisation_ids) & Q(state=Recommendation.State.PUBLISHED)
        firm = Q(need__firm__in=actor.organisation_ids) & published
        if actor.is_of_firms or actor.is_of_banks:
            return self.filter(firm if actor.is_of_firms else own)
        reader = published & Q(province__in=actor.provinces(Role.AUDITOR, Role.READER))
        office = passed_through(actor.unit_ids, "need__filing") | reader
        return self.filter(office if actor.is_of_units else own | firm | office)


class Recommendation(Provincial, Versioned):
    """What a round said of one need: rank 0 the lead, ranks 1 and 2 its standbys. Frozen when published."""

    class State(models.TextChoices):
        DRAFTED = "drafted", _("待发布")
        PUBLISHED = "published", _("已发布")
        STANDBY = "standby", _("候补")
        NO_ROOM = "no_room", _("预留未成")
        SPENT = "spent", _("候补未启用")
        VOID = "void", _("作废")

    round = models.ForeignKey(Round, models.PROTECT, related_name="recommendations", verbose_name=_("轮次"))
    need = models.ForeignKey(Need, models.PROTECT, related_name="recommendations", verbose_name=_("需求"))
    rank = models.PositiveSmallIntegerField(_("顺位"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="recommendations", verbose_name=_("银行机构"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("产品"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.DRAFTED)
    amount = models.DecimalField(_("金额（元）"), max_digits=18, decimal_places=2)
    rate_bp = models.PositiveIntegerField(_("产品利率（基点）"))
    cost_bp = models.IntegerField(_("贴息后综合成本（基点）"))
    stack = models.JSONField(_("贴息组合"), default=list, blank=True, help_text=_("预计享受的贴息政策版本"))
    subsidy_by_year = models.JSONField(_("预计贴息（按年）"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    value = models.BigIntegerField(_("得分"))
    terms = models.JSONField(_("各项得分"), default=dict)
    is_named = models.BooleanField(_("企业意向银行"), default=False)
    hold_key = models.CharField(_("预留业务键"), max_length=160, blank=True)
    explanation = models.JSONField(_("理由"), default=dict, blank=True, encoder=DjangoJSONEncoder)

    objects = RecommendationQuerySet.as_manager()

    class Meta:
        verbose_name = _("推荐")
        verbose_name_plural = _("推荐")
        constraints = (models.UniqueConstraint(fields=["round", "need", "rank"], name="recommendation_rank_once"),)
        indexes = (
            models.Index(fields=["branch", "state"], name="recommendation_branch"),
            models.Index(fields=["round", "-value", "need", "rank"], name="recommendation_best"),
        )

    def __str__(self) -> str:
        return f"{self.need} → {self.branch}"


class NonMatchQuerySet(models.QuerySet["NonMatch"]):
    def visible_to(self, actor: Person) -> "NonMatchQuerySet":
        """Of published rounds to the firm itself; to the offices of its chain and the province's readers, of every round."""
        if actor.is_system:
            return self
        firm = Q(need__firm__in=actor.organisation_ids, round__state=Round.State.PUBLISHED)
        office = passed_through(actor.unit_ids, "need__filing") | Q(province__in=actor.provinces(Role.AUDITOR, Role.READER))
        return self.filter(office if actor.is_of_units else firm | office)


class NonMatch(Provincial):
    """Why a round recommended nothing for a need: the first failing rule of each bank, or the full limits with their prices."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="non_matches", verbose_name=_("轮次"))
    need = models.ForeignKey(Need, models.PROTECT, related_name="non_matches", verbose_name=_("需求"))
    code = models.CharField(_("主要原因"), max_length=40)
    explanation = models.JSONField(_("说明"), default=dict, encoder=DjangoJSONEncoder)
    smallest = models.JSONField(
        _("最小改动"), default=dict, db_default={}, blank=True, help_text=_("按需查找：提高哪项额度多少，本需求即可获得推荐")
    )

    objects = NonMatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("未获推荐说明")
        verbose_name_plural = _("未获推荐说明")
        constraints = (models.UniqueConstraint(fields=["round", "need"], name="non_match_once"),)
        indexes = (models.Index(fields=["round", "code", "need"], name="non_match_by_reason"),)

    def __str__(self) -> str:
        return f"{self.need} {self.code}"


class ScenarioQuerySet(models.QuerySet["Scenario"]):
    def visible_to(self, actor: Person) -> "ScenarioQuerySet":
        """As the rounds they ask about: the province's offices and readers. A scenario binds nobody, and no firm or bank sees it."""
        return self if actor.is_system else self.filter(round__in=Round.objects.visible_to(actor).order_by().values("pk"))


class Scenario(Provincial, Versioned):
    """情景测算: what a solved round would have been with other limits, weights or floors. It commits nothing and recommends nothing."""

    class State(models.TextChoices):
        ASKED = "asked", _("测算中")
        SOLVED = "solved", _("已完成")
        FAILED = "failed", _("失败")
        CANCELLED = "cancelled", _("已取消")

    round = models.ForeignKey(Round, models.PROTECT, related_name="scenarios", verbose_name=_("基准轮次"))
    name = models.CharField(_("名称"), max_length=100)
    overrides = models.JSONField(_("调整"), default=dict)
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.ASKED)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("测算人"))
    asked_at = models.DateTimeField(_("提出时间"))
    time_limit_s = models.DecimalField(_("求解时限（秒）"), max_digits=6, decimal_places=2)
    lease_until = models.DateTimeField(_("租约到期"), null=True, blank=True)
    progress = models.JSONField(_("进度"), default=dict, blank=True)
    failure = models.TextField(_("失败原因"), blank=True)
    report = models.JSONField(_("差异报告"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    result = models.BinaryField(_("结果"), null=True)
    result_sha256 = models.CharField(_("结果摘要"), max_length=64, blank=True)
    solved_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    seconds = models.DecimalField(_("计算用时（秒）"), max_digits=10, decimal_places=3, null=True, blank=True)

    objects = ScenarioQuerySet.as_manager()

    class Meta:
        verbose_name = _("情景测算")
        verbose_name_plural = _("情景测算")
        indexes = (models.Index(fields=["round", "id"], name="scenario_round"),)

    def __str__(self) -> str:
        return self.name
