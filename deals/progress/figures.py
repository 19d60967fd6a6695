"""What deals say of a project, to begin a report with: nothing is typed that the service knows."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from deals.models import Deal, Drawdown, Invitation, ProgressReport
from organisations.models import Unit
from projects.models import Filing, ReviewStep

D, K, Stage = Deal.State, ProgressReport.Kind, ProgressReport.Stage
SIGNED = (D.SIGNED, D.DRAWING, D.COMPLETED, D.REPAID)
STAGES: Mapping[str, str] = {
    D.CONFIRMED: Stage.CONTACTED,
    D.DILIGENCE: Stage.DILIGENCE,
    D.REPORTED_UP: Stage.DILIGENCE,
    D.CREDIT_APPROVED: Stage.APPROVED,
    D.SIGNED: Stage.SIGNED,
    D.DRAWING: Stage.DRAWING,
    D.COMPLETED: Stage.COMPLETED,
    D.REPAID: Stage.COMPLETED,
}
ORDER = list(Stage.values)
KEPT = ("problem", "help_asked", "physical_percent", "milestone")  # what only people know
ZERO = Decimal(0)


@dataclass
class Figures:
    contacted: bool = False
    stage: str = Stage.NOT_CONTACTED
    approved: Decimal = ZERO
    signed: Decimal = ZERO
    drawn: Decimal = ZERO
    paid: Decimal = ZERO


def due(unit: Unit, kind: str) -> QuerySet[Filing]:
    """The listed projects that this unit received, and so reports; weekly only while no loan is signed."""
    received = ReviewStep.objects.filter(filing=OuterRef("pk"), unit=unit, position=1)
    rows = Filing.objects.filter(Exists(received), state=Filing.State.LISTED).order_by("project__region__code", "pk")
    if kind == K.MONTHLY:
        return rows
    return rows.exclude(Exists(Deal.objects.filter(filing=OuterRef("pk"), state__in=SIGNED)))


def last_reports(filings: Iterable[Filing], kind: str, *, before: dt.date) -> dict[int, ProgressReport]:
    """Filing id → its newest report of that kind of an earlier period."""
    rows = ProgressReport.objects.filter(filing__in=list(filings), kind=kind, period_start__lt=before)
    return {row.filing_id: row for row in rows.order_by("filing", "-period_start").distinct("filing")}


def prefilled(filings: Sequence[Filing], kind: str, *, period_start: dt.date) -> dict[int, dict[str, Any]]:
    """Filing id → what a report would say if nobody typed anything: as before, or as the deals say where that is more."""
    known = of_deals(filings)
    before = last_reports(filings, kind, before=period_start)
    return {filing.pk: _begun(filing, known[filing.pk], before.get(filing.pk)) for filing in filings}


def of_deals(filings: Iterable[Filing]) -> dict[int, Figures]:
    """In three queries for any number."""
    found = {filing.pk: Figures() for filing in filings}
    contacted = Q(state__in=[Invitation.State.VIEWED, Invitation.State.ACCEPTED]) | Q(viewed_at__isnull=False)
    for pk in Invitation.objects.filter(contacted, filing__in=found).order_by().values_list("filing", flat=True).distinct():
        found[pk].contacted, found[pk].stage = True, Stage.CONTACTED
    for deal in Deal.objects.filter(filing__in=found, state__in=STAGES, succeeds=None).order_by("pk"):
        row = found[deal.filing_id]
        row.contacted = True
        row.stage = max(row.stage, STAGES[deal.state], key=ORDER.index)
        row.signed += (deal.signed_amount or ZERO) if deal.state in SIGNED else ZERO
        row.approved += deal.approved_amount or (deal.signed_amount if deal.state in SIGNED else None) or ZERO
    drawn = Drawdown.objects.filter(deal__filing__in=found, deal__state__in=SIGNED, deal__succeeds=None).order_by().values("deal__filing")
    paid = Sum("amount", filter=Q(paid_to_supplier_on__isnull=False))
    for pk, amount, to_suppliers in drawn.annotate(n=Sum("amount"), m=paid).values_list("deal__filing", "n", "m"):
        found[pk].drawn, found[pk].paid = amount, to_suppliers or ZERO
    return found


def _begun(filing: Filing, known: Figures, before: ProgressReport | None) -> dict[str, Any]:
    told = asdict(known) | {"invested": filing.project.invested, "problem": ProgressReport.Problem.NONE, "help_asked": "", "milestone": ""}
    told["physical_percent"] = None
    if before is None:
        return told
    told |= {name: getattr(before, name) for name in KEPT}
    told["contacted"] = known.contacted or before.contacted
    told["stage"] = max(known.stage, before.stage, key=ORDER.index)
    return told | {name: max(told[name], getattr(before, name)) for name in ProgressReport.CUMULATIVE}
