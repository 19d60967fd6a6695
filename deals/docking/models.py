"""What follows when a need's banks have all ended: its second docking, the four-party meetings on it, and each office's list of the week."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from organisations.actors import Person
from organisations.models import Organisation, Role, Unit
from projects.models import Filing, Need, passed_through


class DockingQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Person) -> "DockingQuerySet":
        """The firm, the units of the case and the province's readers. No bank: whom else the firm asked is none of its business."""
        if actor.is_system:
            return self
        office = passed_through(actor.unit_ids, "filing") | Q(province__in=actor.provinces(Role.AUDITOR, Role.READER))
        return self.filter(office if actor.is_of_units else office | Q(filing__firm__in=actor.organisation_ids))

    def open(self) -> "DockingQuerySet":
        """Somebody still has to do something."""
        return self.filter(state__in=SecondDocking.OPEN)


class SecondDocking(Provincial, Versioned):
    """二次对接: one need whose banks have all ended, from the first list to a bank that takes it, or to its rest. One row a need."""

    class State(models.TextChoices):
        ADJUSTING = "adjusting", _("待企业调整")
        SEEKING = "seeking", _("再次对接中")
        MEETING_DUE = "meeting_due", _("待安排四方会商")
        CONVENED = "convened", _("已定四方会商")
        PARKED = "parked", _("暂停对接")
        SETTLED = "settled", _("已有银行对接")
        ENDED = "ended", _("已终止")

    OPEN = (State.ADJUSTING, State.SEEKING, State.MEETING_DUE, State.CONVENED)
    RESTING = (State.MEETING_DUE, State.CONVENED, State.PARKED)  # the need enters no round

    need = models.OneToOneField(Need, models.PROTECT, related_name="docking", verbose_name=_("融资需求"))
    filing = models.ForeignKey(Filing, models.PROTECT, related_name="dockings", verbose_name=_("申报"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="dockings", verbose_name=_("办理单位"))
    state = models.CharField(_("状态"), max_length=20, choices=State)
    rest_of = models.ForeignKey(
        "deals.Deal",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("余额所自"),
        help_text=_("部分批复后由企业要求再对接余额"),
    )
    rounds_used = models.PositiveSmallIntegerField(_("已再对接轮数"), default=0)
    rounds_allowed = models.PositiveSmallIntegerField(_("可再对接轮数"))
    seeks_round = models.BooleanField(_("等待推荐轮次"), default=False)
    begun_at = models.DateTimeField(_("列入时间"))
    since = models.DateTimeField(_("本环节自"))

    objects = DockingQuerySet.as_manager()

    class Meta:
        app_label = "deals"
        verbose_name = _("二次对接")
        verbose_name_plural = _("二次对接")
        constraints = (models.CheckConstraint(condition=Q(rounds_used__lte=F("rounds_allowed")), name="docking_rounds_within_allowed"),)
        indexes = (models.Index(fields=["state", "since", "id"], name="docking_by_state"),)

    def __str__(self) -> str:
        return str(self.need)

    @property
    def firm(self) -> Organisation:
        return self.filing.firm

    @property
    def is_of_rest(self) -> bool:
        """A bank approved a part; the firm asks for the rest."""
        return self.rest_of_id is not None

    @property
    def rounds_left(self) -> int:
        return self.rounds_allowed - self.rounds_used


class FourPartyMeeting(Provincial):
    """四方会商: who calls it, when, and what came of it."""

    class Outcome(models.TextChoices):
        OPEN = "open", _("待召开")
        AGREED = "agreed", _("同意再对接")
        PARKED = "parked", _("暂停对接")
        DROPPED = "dropped", _("不再需要")

    docking = models.ForeignKey(SecondDocking, models.PROTECT, related_name="meetings", verbose_name=_("二次对接"))
    number = models.PositiveSmallIntegerField(_("次数"))
    owner = models.CharField(_("牵头人"), max_length=100)
    meeting_on = models.DateField(_("会商日期"))
    parties = models.CharField(_("参会各方"), max_length=300, blank=True)
    held_on = models.DateField(_("召开日期"), null=True, blank=True)
    outcome = models.CharField(_("结果"), max_length=20, choices=Outcome, default=Outcome.OPEN)
    summary = models.TextField(_("会商意见"), blank=True)

    class Meta:
        app_label = "deals"
        verbose_name = _("四方会商")
        verbose_name_plural = _("四方会商")
        constraints = (
            models.UniqueConstraint(fields=["docking", "number"], name="meeting_number_once"),
            models.UniqueConstraint(fields=["docking"], condition=Q(outcome="open"), name="one_open_meeting"),
            models.CheckConstraint(
                condition=Q(outcome__in=["open", "dropped"]) | Q(held_on__isnull=False) & ~Q(summary=""), name="meeting_held_with_result"
            ),
        )

    def __str__(self) -> str:
        return f"{self.docking} {self.meeting_on}"


class DockingListQuerySet(models.QuerySet["DockingList"]):
    def visible_to(self, actor: Person) -> "DockingListQuerySet":
        """The office whose list it is, its province's offices of industry and of development and reform, readers."""
        if actor.is_system:
            return self
        provinces = actor.office_provinces(Unit.Line.INDUSTRY, Unit.Line.NDRC) | actor.provinces(Role.AUDITOR, Role.READER)
        return self.filter(Q(unit__in=actor.unit_ids) | Q(province__in=provinces))


class DockingList(Provincial):
    """二次对接周清单: what stood open at one office when its week began. Written once."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="docking_lists", verbose_name=_("办理单位"))
    week = models.DateField(_("周（周一）"))
    listed_at = models.DateTimeField(_("列出时间"))

    objects = DockingListQuerySet.as_manager()

    class Meta:
        app_label = "deals"
        verbose_name = _("二次对接周清单")
        verbose_name_plural = _("二次对接周清单")
        constraints = (models.UniqueConstraint(fields=["unit", "week"], name="docking_list_once_a_week"),)

    def __str__(self) -> str:
        return f"{self.unit} {self.week}"


class ListedDocking(Provincial):
    """One line of a week's list, as it stood then."""

    list = models.ForeignKey(DockingList, models.CASCADE, related_name="rows", verbose_name=_("周清单"))
    docking = models.ForeignKey(SecondDocking, models.PROTECT, related_name="listed", verbose_name=_("二次对接"))
    state = models.CharField(_("状态"), max_length=20, choices=SecondDocking.State)
    since = models.DateTimeField(_("本环节自"))
    left = models.DecimalField(_("尚待对接（元）"), max_digits=18, decimal_places=2)

    class Meta:
        app_label = "deals"
        verbose_name = _("周清单明细")
        verbose_name_plural = _("周清单明细")
        constraints = (models.UniqueConstraint(fields=["list", "docking"], name="docking_listed_once"),)

    def __str__(self) -> str:
        return f"{self.list} {self.docking}"
