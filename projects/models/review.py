"""The way of one filing through the units."""

from collections.abc import Iterable

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial
from organisations.models import Unit

# `Filing.units` follows the steps, whoever writes them: what an office may see is asked of every row of every list, and must cost nothing.
UNITS_FOLLOW = pgtrigger.Trigger(
    name="units_follow",
    level=pgtrigger.Statement,
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    referencing=pgtrigger.Referencing(new="added"),
    func="""
        UPDATE projects_filing SET units = ARRAY(SELECT DISTINCT unnest(units || way.added) ORDER BY 1)
        FROM (SELECT filing_id, array_agg(DISTINCT unit_id) AS added FROM added GROUP BY filing_id) AS way
        WHERE projects_filing.id = way.filing_id;
        RETURN NULL;
    """,
)


class ReviewStep(Provincial):
    """One stage of one unit on the way of one filing, copied from the chain when it was submitted."""

    class Stage(models.TextChoices):
        HANDLER = "handler", _("经办")
        CHECKER = "checker", _("复核")
        SIGNER = "signer", _("签发")

    filing = models.ForeignKey("Filing", models.CASCADE, related_name="steps", verbose_name=_("申报"))
    position = models.PositiveSmallIntegerField(_("顺序"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="steps", verbose_name=_("单位"))
    stage = models.CharField(_("环节"), max_length=20, choices=Stage)
    working_days = models.PositiveSmallIntegerField(_("时限（工作日）"))
    started_at = models.DateTimeField(_("收件"), null=True, blank=True)
    due_at = models.DateTimeField(_("到期"), null=True, blank=True)
    passed_at = models.DateTimeField(_("办结"), null=True, blank=True)
    passed_by = models.ForeignKey("organisations.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("办理人"))
    passed_for = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("代何人办理")
    )
    opinion = models.TextField(_("意见"), blank=True)
    returns = models.PositiveSmallIntegerField(_("退回次数"), default=0)
    assignee = models.ForeignKey("organisations.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("承办人"))

    class Meta:
        verbose_name = _("审核环节")
        verbose_name_plural = _("审核环节")
        constraints = (models.UniqueConstraint(fields=["filing", "position"], name="review_step_position_once"),)
        indexes = (
            models.Index(fields=["unit", "filing"], name="review_step_unit"),
            models.Index(fields=["unit", "filing"], condition=Q(position=1), name="review_step_first"),
            models.Index(
                fields=["unit", "stage", "due_at"], condition=Q(passed_at=None, started_at__isnull=False), name="review_step_here"
            ),
        )
        triggers = (
            UNITS_FOLLOW,
            pgtrigger.Protect(
                name="way_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__unit__df=pgtrigger.F("new__unit")) | pgtrigger.Q(old__filing__df=pgtrigger.F("new__filing")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.unit} {self.get_stage_display()}"

    @property
    def passed_as(self) -> str:
        """The officer's name as papers give it."""
        return f"{self.passed_by}代 {self.passed_for} 办理" if self.passed_for else str(self.passed_by or "")


def passed_through(units: Iterable[int], filing: str = "") -> Q:
    """Whether the filing at that path, or the row itself, goes or went through one of these units."""
    path = f"{filing}__units" if filing else "units"
    return Q(**{f"{path}__overlap": sorted(units)}) if units else Q(pk__in=[])
