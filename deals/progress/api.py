"""Progress reports and the months that close."""

from typing import ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotFound
from common.steps import Param
from deals.models import ProgressReport, ReportingMonth
from deals.progress import steps
from deals.progress.states import ANY, MONTH_STEPS, REPORT_STEPS
from organisations.entering import read
from organisations.models import Unit
from organisations.resources import IDEMPOTENCY_KEY, Presented, Resource, body_of, entry, once
from projects.models import Filing

NEW = (
    Param("filing", "integer", _("申报编号")),
    Param("kind", "choice", _("类型"), choices=lambda: ProgressReport.Kind.choices),
    Param("period_start", "date", _("期间起（周一或一日）")),
    *ANY,
)


class ProgressReportShown(Presented):
    unit = serializers.SlugRelatedField("code", read_only=True)

    class Meta:
        model = ProgressReport
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "version",
            "state",
            "state_label",
            "filing",
            "unit",
            "kind",
            "period_start",
            "contacted",
            "stage",
            "approved",
            "signed",
            "drawn",
            "paid",
            "problem",
            "help_asked",
            "invested",
            "physical_percent",
            "milestone",
            "is_unchanged",
            "correction",
            "reported_at",
            "province",
            "actions",
        )
        read_only_fields = fields


class ProgressReports(Resource):
    """调度报表. What is not sent is as the deals and the report before say."""

    kind, model = "progress-reports", ProgressReport
    serializer_class = ProgressReportShown
    filterset_fields = ("kind", "period_start", "filing", "problem", "stage")
    steps, actions = REPORT_STEPS, {"correct": steps.correct}
    begins_with = ("report",)

    @classmethod
    def loaded(cls, rows: QuerySet[ProgressReport]) -> QuerySet[ProgressReport]:
        return rows.select_related("unit__organisation", "filing__firm", "filing__project__region")

    @extend_schema(request=entry("ProgressReportIn", NEW), responses={201: ProgressReportShown}, parameters=[IDEMPOTENCY_KEY])
    def create(self, request: Request) -> Response:
        """Report one project's week or month."""
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        values = read(NEW, body_of(request))
        filing = Filing.objects.visible_to(self.actor).filter(pk=values.pop("filing")).first()
        unit = Unit.objects.filter(steps__filing=filing, steps__position=1).first() if filing else None
        if filing is None or unit is None:
            raise NotFound
        made = steps.report(filing, unit=unit, by=self.actor, at=self.actor.at, **values)
        return self.made(made.pk)


class ReportingMonthShown(Presented):
    class Meta:
        model = ReportingMonth
        fields: ClassVar[tuple[str, ...]] = ("id", "version", "state", "state_label", "month", "closed_at", "province", "actions")
        read_only_fields = fields


class ReportingMonths(Resource):
    """报送月份."""

    kind, model = "reporting-months", ReportingMonth
    serializer_class = ReportingMonthShown
    filterset_fields = ("state", "month", "province")
    steps, actions = MONTH_STEPS, {"close": steps.close}
