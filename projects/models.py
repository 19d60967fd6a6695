"""WHAT IS ASKED FOR: the project, its passage through one track (a filing, which is reviewed), and the needs that rounds match.

While a filing is a draft its form is kept exactly as typed (`Filing.form`); `projects.application` reads it into typed rows at
submit, so that nothing a person typed is ever lost to a rule.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from lenders.models import Branch, Security
from organisations.actors import Person
from organisations.models import Batch, Industry, Organisation, Programme, Region, Role, Unit


@pghistory.track()
class Project(Provincial):
    """The real thing: known by its project code and the firm's USCC, whatever tracks it is filed in."""

    class Action(models.TextChoices):
        ADVANCED = "advanced_equipment", _("先进设备更新")
        DIGITAL = "digital", _("数字化转型")
        GREEN = "green", _("绿色装备推广")
        SAFETY = "safety", _("本质安全水平提升")

    firm = models.ForeignKey(Organisation, models.PROTECT, related_name="projects", verbose_name=_("企业"))
    name = models.CharField(_("项目名称"), max_length=200)
    code = models.CharField(_("项目代码"), max_length=24, blank=True)
    region = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("建设地点"))
    zone = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("开发区"))
    industry = models.ForeignKey(Industry, models.PROTECT, related_name="+", verbose_name=_("行业"))
    action = models.CharField(_("申报方向"), max_length=30, choices=Action)
    content = models.TextField(_("建设内容"))
    loan_purpose = models.TextField(_("贷款用途"))
    starts_on = models.DateField(_("开工日期"))
    completes_on = models.DateField(_("竣工日期"))
    total_investment = models.DecimalField(_("总投资（元）"), max_digits=18, decimal_places=2)
    equipment_investment = models.DecimalField(_("设备投资（元）"), max_digits=18, decimal_places=2)
    own_capital = models.DecimalField(_("自有资金（元）"), max_digits=18, decimal_places=2)
    invested = models.DecimalField(_("已完成投资（元）"), max_digits=18, decimal_places=2, default=0)

    class Meta:
        verbose_name = _("项目")
        verbose_name_plural = _("项目")
        constraints = (
            models.UniqueConstraint(fields=["firm", "code"], condition=~Q(code=""), name="one_project_per_code_and_firm"),
            models.CheckConstraint(condition=Q(equipment_investment__lte=models.F("total_investment")), name="equipment_within_total"),
        )

    def __str__(self) -> str:
        return self.name


class EquipmentItem(Provincial):
    project = models.ForeignKey(Project, models.CASCADE, related_name="equipment", verbose_name=_("项目"))
    position = models.PositiveSmallIntegerField(_("序号"))
    replaces = models.CharField(_("拟淘汰设备"), max_length=200, blank=True)
    name = models.CharField(_("设备名称"), max_length=200)
    model = models.CharField(_("型号"), max_length=100, blank=True)
    unit_price = models.DecimalField(_("单价（元）"), max_digits=18, decimal_places=2)
    quantity = models.PositiveIntegerField(_("数量"))
    amount = models.DecimalField(_("金额（元）"), max_digits=18, decimal_places=2)
    supplier = models.CharField(_("供应商"), max_length=200, blank=True)
    supplier_uscc = models.CharField(_("供应商统一社会信用代码"), max_length=18, blank=True)
    is_software = models.BooleanField(_("软件"), default=False)

    class Meta:
        verbose_name = _("设备清单")
        verbose_name_plural = _("设备清单")
        constraints = (models.UniqueConstraint(fields=["project", "position"], name="equipment_position_once"),)

    def __str__(self) -> str:
        return self.name


def passed_through(units: Iterable[int], filing: str) -> Exists:
    """Whether the filing that `filing` names in the outer query goes, or went, through one of these units."""
    return Exists(ReviewStep.objects.filter(filing=OuterRef(filing), unit__in=units))


class FilingQuerySet(models.QuerySet["Filing"]):
    def visible_to(self, actor: Person) -> "FilingQuerySet":
        """Own filings of a firm; what a unit's chain carries to it; what has been disclosed to a bank; a province's, to its readers."""
        if actor.is_system:
            return self
        submitted = ~Q(state=Filing.State.DRAFT)
        in_chain = passed_through(actor.unit_ids, "pk")
        told = Disclosure.objects.filter(filing=OuterRef("pk"), organisation__in=actor.organisation_ids, scope=Disclosure.Scope.FILE)
        disclosed = Exists(told.current(at=actor.at))
        readers = actor.provinces(Role.AUDITOR, Role.READER)
        return self.filter(Q(firm__in=actor.organisation_ids) | (submitted & (in_chain | Q(disclosed) | Q(province__in=readers))))

    def with_progress(self) -> "FilingQuerySet":
        """What lists and buttons read, so that a page costs the same number of queries for any number of rows."""
        return self.select_related(
            "firm__firm", "project__region", "project__industry", "current_step__unit__organisation", "batch"
        ).prefetch_related("steps__unit__organisation")


class Filing(Provincial, Versioned):
    """One project's passage through one track and batch. Ends listed, not listed, refused, withdrawn, removed or retired."""

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        IN_REVIEW = "in_review", _("审核中")
        RETURNED = "returned", _("已退回修改")
        IN_POOL = "in_pool", _("已入储备库")
        REPORTED = "reported", _("已上报")
        LISTED = "listed", _("已列入备选项目清单")
        NOT_LISTED = "not_listed", _("未列入清单")
        NOT_ACCEPTED = "not_accepted", _("不予受理")
        REFUSED = "refused", _("审核不通过")
        WITHDRAWN = "withdrawn", _("企业撤回")
        REMOVED = "removed", _("移出清单")
        RETIRED = "retired", _("到期退库")

    firm = models.ForeignKey(Organisation, models.PROTECT, related_name="filings", verbose_name=_("企业"))
    project = models.ForeignKey(Project, models.PROTECT, null=True, blank=True, related_name="filings", verbose_name=_("项目"))
    programme = models.ForeignKey(Programme, models.PROTECT, related_name="+", verbose_name=_("政策项目"))
    track = models.CharField(_("渠道"), max_length=20, choices=Batch.Track, default=Batch.Track.INDUSTRY)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="filings", verbose_name=_("批次"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.DRAFT)
    title = models.CharField(_("项目名称"), max_length=200, blank=True)
    form = models.JSONField(_("申报表"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    form_saved_at = models.DateTimeField(_("保存时间"), null=True, blank=True)
    open_fields = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("可修改字段"))
    current_step = models.ForeignKey("ReviewStep", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("当前环节"))
    submitted_at = models.DateTimeField(_("提交时间"), null=True, blank=True)
    returns = models.PositiveSmallIntegerField(_("退回次数"), default=0)
    list_number = models.CharField(_("清单批次"), max_length=60, blank=True)
    listed_on = models.DateField(_("列入日期"), null=True, blank=True)

    objects = FilingQuerySet.as_manager()

    class Meta:
        verbose_name = _("申报")
        verbose_name_plural = _("申报")
        constraints = (
            models.UniqueConstraint(
                fields=["project", "track"],
                condition=Q(state__in=["in_review", "returned", "in_pool", "reported", "listed"]),
                name="one_live_filing_per_project_and_track",
            ),
            models.CheckConstraint(condition=Q(state__in=["draft", "withdrawn"]) | ~Q(project=None), name="submitted_has_project"),
        )
        indexes = (
            models.Index(fields=["state", "province"], name="filing_state"),
            models.Index(fields=["current_step"], condition=Q(state="in_review"), name="filing_inbox"),
        )

    def __str__(self) -> str:
        return self.title or str(_("未命名申报"))


class FilingVersion(Provincial):
    """The form as it stood at one submission. Never changed."""

    filing = models.ForeignKey(Filing, models.PROTECT, related_name="versions", verbose_name=_("申报"))
    number = models.PositiveSmallIntegerField(_("版次"))
    form = models.JSONField(_("申报表"), encoder=DjangoJSONEncoder)
    sha256 = models.CharField(_("摘要"), max_length=64)
    submitted_at = models.DateTimeField(_("提交时间"))

    class Meta:
        verbose_name = _("申报版次")
        verbose_name_plural = _("申报版次")
        constraints = (models.UniqueConstraint(fields=["filing", "number"], name="filing_version_once"),)

    def __str__(self) -> str:
        return f"{self.filing} v{self.number}"


class ReviewStep(Provincial):
    """One stage of one unit on the way of one filing, copied from the chain when it was submitted."""

    class Stage(models.TextChoices):
        HANDLER = "handler", _("经办")
        CHECKER = "checker", _("复核")
        SIGNER = "signer", _("签发")

    filing = models.ForeignKey(Filing, models.CASCADE, related_name="steps", verbose_name=_("申报"))
    position = models.PositiveSmallIntegerField(_("顺序"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="steps", verbose_name=_("单位"))
    stage = models.CharField(_("环节"), max_length=20, choices=Stage)
    working_days = models.PositiveSmallIntegerField(_("时限（工作日）"))
    started_at = models.DateTimeField(_("收件"), null=True, blank=True)
    due_at = models.DateTimeField(_("到期"), null=True, blank=True)
    passed_at = models.DateTimeField(_("办结"), null=True, blank=True)
    passed_by = models.ForeignKey("organisations.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("办理人"))
    opinion = models.TextField(_("意见"), blank=True)

    class Meta:
        verbose_name = _("审核环节")
        verbose_name_plural = _("审核环节")
        constraints = (models.UniqueConstraint(fields=["filing", "position"], name="review_step_position_once"),)
        indexes = (models.Index(fields=["unit", "filing"], name="review_step_unit"),)

    def __str__(self) -> str:
        return f"{self.unit} {self.get_stage_display()}"


FILE_KINDS = (
    ("filing_paper", _("备案（核准）文件")),
    ("permit", _("前期手续")),
    ("statement", _("财务报表")),
    ("pledge", _("承诺书")),
    ("licence", _("营业执照")),
    ("other", _("其他材料")),
)


class ProjectFile(Provincial):
    filing = models.ForeignKey(Filing, models.PROTECT, related_name="files", verbose_name=_("申报"))
    kind = models.CharField(_("材料类别"), max_length=40)
    name = models.CharField(_("文件名"), max_length=200)
    content = models.FileField(_("文件"), upload_to="filings/%Y/%m/")
    size = models.PositiveIntegerField(_("大小（字节）"))
    sha256 = models.CharField(_("摘要"), max_length=64)
    uploaded_at = models.DateTimeField(_("上传时间"))

    class Meta:
        verbose_name = _("申报材料")
        verbose_name_plural = _("申报材料")
        constraints = (models.UniqueConstraint(fields=["filing", "sha256"], name="file_content_once"),)

    @property
    def kind_label(self) -> Any:
        return dict(FILE_KINDS).get(self.kind, self.kind)

    def __str__(self) -> str:
        return self.name


class NeedQuerySet(models.QuerySet["Need"]):
    def visible_to(self, actor: Person) -> "NeedQuerySet":
        return self.filter(filing__in=Filing.objects.visible_to(actor).order_by().values("pk"))


class Need(Provincial, Versioned):
    """An amount of one project asked for in one year: what a round matches. What is left of it is a query in deals."""

    filing = models.ForeignKey(Filing, models.PROTECT, related_name="needs", verbose_name=_("申报"))
    project = models.ForeignKey(Project, models.PROTECT, related_name="needs", verbose_name=_("项目"))
    firm = models.ForeignKey(Organisation, models.PROTECT, related_name="needs", verbose_name=_("企业"))
    year = models.PositiveSmallIntegerField(_("年度"))
    amount = models.DecimalField(_("融资需求（元）"), max_digits=18, decimal_places=2)
    term_months = models.PositiveSmallIntegerField(_("期限（月）"))
    rate_cap_bp = models.PositiveIntegerField(_("期望利率上限（基点）"), null=True, blank=True)
    securities = ArrayField(models.CharField(max_length=20, choices=Security), verbose_name=_("担保方式"))
    open_to_other_banks = models.BooleanField(_("愿向其他银行公开需求"), default=False)
    asks_for_suggestions = models.BooleanField(_("请求推荐其他银行"), default=False)
    parked_reason = models.CharField(_("暂停对接原因"), max_length=200, blank=True)

    objects = NeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("融资需求")
        verbose_name_plural = _("融资需求")
        constraints = (
            models.UniqueConstraint(fields=["filing", "year"], name="need_once_a_year"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="need_amount_positive"),
        )

    def __str__(self) -> str:
        return f"{self.project} {self.year}"


class IntendedBank(Provincial):
    """意向银行: a branch the firm itself named, in its own order; at most three."""

    need = models.ForeignKey(Need, models.CASCADE, related_name="intended_banks", verbose_name=_("需求"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", verbose_name=_("银行机构"))
    rank = models.PositiveSmallIntegerField(_("顺序"))

    class Meta:
        verbose_name = _("意向银行")
        verbose_name_plural = _("意向银行")
        constraints = (
            models.UniqueConstraint(fields=["need", "rank"], name="intended_rank_once"),
            models.UniqueConstraint(fields=["need", "branch"], name="intended_branch_once"),
        )

    def __str__(self) -> str:
        return f"{self.rank} {self.branch}"


class DisclosureQuerySet(models.QuerySet["Disclosure"]):
    def current(self, *, at: dt.datetime) -> "DisclosureQuerySet":
        """Disclosures in force at that moment."""
        return self.filter(withdrawn_at=None, valid_from__lte=at).filter(Q(valid_until=None) | Q(valid_until__gt=at))


class Disclosure(Provincial):
    """That an organisation may see a filing, on what basis and until when: also the record of the firm's consent."""

    class Scope(models.TextChoices):
        OUTLINE = "outline", _("仅行业、金额区间、县域")
        FILE = "file", _("申报全文")

    class Basis(models.TextChoices):
        NAMED = "named", _("企业自主填报")
        CONSENT = "consent", _("企业同意")
        DEAL = "deal", _("已对接")

    filing = models.ForeignKey(Filing, models.PROTECT, related_name="disclosures", verbose_name=_("申报"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="disclosures", verbose_name=_("披露对象"))
    scope = models.CharField(_("范围"), max_length=20, choices=Scope)
    basis = models.CharField(_("依据"), max_length=20, choices=Basis)
    valid_from = models.DateTimeField(_("自"))
    valid_until = models.DateTimeField(_("至"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("撤回"), null=True, blank=True)

    objects = DisclosureQuerySet.as_manager()

    class Meta:
        verbose_name = _("信息披露")
        verbose_name_plural = _("信息披露")
        constraints = (
            models.UniqueConstraint(fields=["filing", "organisation", "scope"], condition=Q(withdrawn_at=None), name="one_open_disclosure"),
        )
        indexes = (models.Index(fields=["organisation", "filing"], name="disclosure_organisation"),)

    def __str__(self) -> str:
        return f"{self.filing} → {self.organisation}"
