"""会商: another unit is asked for its opinion of a case, and sees the case for that only."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import Provincial, Versioned
from organisations.actors import Person
from organisations.models import Role, Unit
from projects.models.review import passed_through


class ConsultationQuerySet(models.QuerySet["Consultation"]):
    def visible_to(self, actor: Person) -> "ConsultationQuerySet":
        """The asked unit its own; the units of the case's chain, and the province's readers, all of it. The firm and banks never."""
        if actor.is_system:
            return self
        asked, chain = Q(to_unit__in=actor.unit_ids), passed_through(actor.unit_ids, "filing")
        return self.filter(asked | chain | Q(province__in=actor.provinces(Role.AUDITOR, Role.READER)))

    def overdue(self, *, at: dt.datetime) -> "ConsultationQuerySet":
        return self.filter(state=Consultation.State.OPEN, due_at__lt=at)


class Consultation(Provincial, Versioned):
    class State(models.TextChoices):
        OPEN = "open", _("等待答复")
        ANSWERED = "answered", _("已答复")
        RECALLED = "recalled", _("已收回")

    class Opinion(models.TextChoices):
        AGREES = "agrees", _("无异议")
        WITH_REMARKS = "with_remarks", _("有修改意见")
        OBJECTS = "objects", _("不同意")

    filing = models.ForeignKey("Filing", models.PROTECT, related_name="consultations", verbose_name=_("申报"))
    from_unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", verbose_name=_("征求单位"))
    to_unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", verbose_name=_("被征求单位"))
    question = models.TextField(_("征求事项"))
    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.OPEN)
    asked_at = models.DateTimeField(_("发出时间"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("发出人"))
    due_at = models.DateTimeField(_("答复期限"))
    opinion = models.CharField(_("意见"), max_length=20, choices=Opinion, blank=True)
    answer = models.TextField(_("意见内容"), blank=True)
    answered_at = models.DateTimeField(_("答复时间"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("答复人")
    )

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        verbose_name = _("会商")
        verbose_name_plural = _("会商")
        constraints = (
            models.UniqueConstraint(fields=["filing", "to_unit"], condition=Q(state="open"), name="one_open_consultation_of_a_unit"),
            models.CheckConstraint(condition=~Q(from_unit=models.F("to_unit")), name="consultation_of_another_unit"),
        )
        indexes = (
            models.Index(fields=["to_unit", "state"], name="consultation_to_unit"),
            models.Index(fields=["from_unit", "due_at"], condition=Q(state="open"), name="consultation_asked"),
        )

    def __str__(self) -> str:
        return f"{self.filing} → {self.to_unit}"
