"""What is reviewed: a project's passage through one track and batch, and the form as it stood at each submission."""

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from organisations.actors import Person
from organisations.models import Batch, Organisation, Programme, Role
from organisations.searching import pairs_of
from projects.models.consultation import Consultation
from projects.models.disclosure import Disclosure
from projects.models.project import Project
from projects.models.review import ReviewStep, passed_through


class FilingQuerySet(models.QuerySet["Filing"]):
    def visible_to(self, actor: Person) -> "FilingQuerySet":
        """Own filings of a firm; what a unit's chain carries to it, or it is asked about; what a bank was told; a province's, to its readers."""
        if actor.is_system:
            return self
        own, submitted = Q(firm__in=actor.organisation_ids), ~Q(state=Filing.State.DRAFT)
        told = Disclosure.objects.filter(organisation__in=actor.organisation_ids, scope=Disclosure.Scope.FILE).current(at=actor.at)
        if actor.is_of_firms:
            return self.filter(own)
        if actor.is_of_banks:
            return self.filter(submitted, pk__in=told.values("filing"))
        in_chain = passed_through(actor.unit_ids)
        disclosed = Exists(told.filter(filing=OuterRef("pk")))
        asked = Exists(Consultation.objects.filter(filing=OuterRef("pk"), to_unit__in=actor.unit_ids, state=Consultation.State.OPEN))
        seen = in_chain | Q(asked) | Q(disclosed) | Q(province__in=actor.provinces(Role.AUDITOR, Role.READER))
        return self.filter(own | (submitted & seen))

    def telling_banks_to(self, actor: Person) -> "FilingQuerySet":
        """Those of which `actor` may know every bank that the firm named: its own, its chain's, its province's to read."""
        if actor.is_system:
            return self
        own = Q(firm__in=actor.organisation_ids)
        return self.filter(own | passed_through(actor.unit_ids) | Q(province__in=actor.provinces(Role.AUDITOR, Role.READER)))

    def with_progress(self) -> "FilingQuerySet":
        """What lists and buttons read, so that a page costs the same number of queries for any number of rows; steps in their order."""
        steps = ReviewStep.objects.select_related("unit__organisation").order_by("position")
        return self.select_related(
            "firm__firm", "project__region", "project__industry", "current_step__unit__organisation", "current_step__assignee", "batch"
        ).prefetch_related(Prefetch("steps", steps))


class Filing(Provincial, Versioned):
    """One project's passage through one track and batch. Ends listed, not listed, refused, withdrawn, removed or retired."""

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        IN_REVIEW = "in_review", _("审核中")
        RETURNED = "returned", _("已退回修改")
        IN_POOL = "in_pool", _("已入储备库")
        HELD = "held", _("暂缓上报")
        REPORTED = "reported", _("已上报")
        LISTED = "listed", _("已列入备选项目清单")
        NOT_LISTED = "not_listed", _("未列入清单")
        NOT_ACCEPTED = "not_accepted", _("不予受理")
        REFUSED = "refused", _("审核不通过")
        WITHDRAWN = "withdrawn", _("企业撤回")
        REMOVED = "removed", _("移出清单")
        RETIRED = "retired", _("到期退库")

    LIVE = ("in_review", "returned", "in_pool", "held", "reported", "listed")

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
    units = ArrayField(
        models.BigIntegerField(), default=list, editable=False, verbose_name=_("经手单位")
    )  # written by `review.UNITS_FOLLOW`
    list_number = models.CharField(_("清单批次"), max_length=60, blank=True)
    listed_on = models.DateField(_("列入日期"), null=True, blank=True)
    opening_as_of = models.DateField(_("期初截至"), null=True, blank=True, help_text=_("存量项目：未经系统审核，由期初导入"))

    objects = FilingQuerySet.as_manager()

    class Meta:
        verbose_name = _("申报")
        verbose_name_plural = _("申报")
        constraints = (
            models.UniqueConstraint(
                fields=["project", "track"],
                condition=Q(state__in=["in_review", "returned", "in_pool", "held", "reported", "listed"]),
                name="one_live_filing_per_project_and_track",
            ),
            models.CheckConstraint(condition=Q(state__in=["draft", "withdrawn"]) | ~Q(project=None), name="submitted_has_project"),
        )
        indexes = (
            models.Index(fields=["state", "province"], name="filing_state"),
            models.Index(fields=["current_step"], condition=Q(state="in_review"), name="filing_inbox"),
            models.Index(F("submitted_at").desc(nulls_last=True), F("id").desc(), name="filing_latest"),
            GinIndex(fields=["units"], name="filing_units"),
            models.Index(fields=["batch"], include=["units"], condition=Q(state__in=["in_review", "in_pool"]), name="filing_waiting"),
            GinIndex(pairs_of("title"), name="filing_words"),
            # Counts read these alone, never the rows with their forms.
            models.Index(fields=["state", "id"], include=["firm", "units", "province"], name="filing_counted"),
        )

    def __str__(self) -> str:
        return self.title or str(_("未命名申报"))

    @property
    def filed_on(self) -> dt.date | None:
        """The day of its first submission."""
        return timezone.localdate(self.submitted_at) if self.submitted_at else None

    @property
    def assignee_id(self) -> int | None:
        """Who is named for the stage where it lies."""
        return self.current_step.assignee_id if self.current_step else None


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
