"""The rows a person may see, with everything a page of them reads: the same number of queries for one row or fifty."""

from django.db.models import Count, Prefetch, QuerySet

from deals.models import Deal, DockingList, Drawdown, Invitation, ProgressReport, Recovery, ReportingMonth, SecondDocking, SubsidyClaim
from exchange.models import Export, Import
from lenders.models import Appetite
from matching.models import Recommendation, Round, Scenario
from organisations.actors import Person
from portal.access import provinces_of
from projects.models import AnswerRow, ChangeRequest, Filing, ForwardBatch, IntendedBank, MinistryAnswer, Need
from schemes.models import Budget

BANKS = Prefetch("intended_banks", IntendedBank.objects.select_related("branch__organisation").order_by("rank"))


def filings(by: Person) -> QuerySet[Filing]:
    return (
        Filing.objects.visible_to(by)
        .with_progress()
        .select_related("project__zone__organisation", "project__region__municipal", "programme")
        .prefetch_related(Prefetch("needs", Need.objects.order_by("year")))
    )


def forwards(by: Person) -> QuerySet[ForwardBatch]:
    return ForwardBatch.objects.visible_to(by).with_offices()


def answers(by: Person) -> QuerySet[MinistryAnswer]:
    return MinistryAnswer.objects.visible_to(by).select_related("programme", "entered_by")


def answer_rows(by: Person) -> QuerySet[AnswerRow]:
    return AnswerRow.objects.visible_to(by).select_related("answer", "filing")


def progress_reports(by: Person) -> QuerySet[ProgressReport]:
    return ProgressReport.objects.visible_to(by).select_related("filing__firm", "unit__organisation")


def reporting_months(by: Person) -> QuerySet[ReportingMonth]:
    return ReportingMonth.objects.visible_to(by)


def needs_of(filing: Filing) -> list[Need]:
    return list(Need.objects.filter(filing=filing).prefetch_related(BANKS).order_by("year"))


def invitations(by: Person) -> QuerySet[Invitation]:
    """What a bank is shown of the filing is decided by `portal.views.invitations`: the row itself tells only the outline."""
    return Invitation.objects.visible_to(by).select_related(
        "branch__organisation",
        "branch__bank",
        "filing__firm",
        "filing__project__region",
        "filing__project__industry",
        "need__project__region",
        "need__project__industry",
        "recommendation__product",
        "decline_code",
        "officer",
        "deal",
    )


def dockings(by: Person) -> QuerySet[SecondDocking]:
    """With the letters and offers, and the change that the firm has asked for, which tell whose move it is."""
    asked = ChangeRequest.objects.filter(state=ChangeRequest.State.ASKED).select_related("unit__organisation").order_by("pk")
    letters = Invitation.objects.live().select_related("branch__organisation", "filing__firm", "deal").order_by("pk")
    offers = Deal.objects.filter(state=Deal.State.INTENT).select_related("firm", "branch__organisation").order_by("pk")
    return (
        SecondDocking.objects.visible_to(by)
        .select_related("need", "filing__firm", "filing__project__region__municipal", "unit__organisation", "rest_of__branch__organisation")
        .prefetch_related(
            Prefetch("need__invitations", letters, to_attr="letters"),
            Prefetch("need__deals", offers, to_attr="offers"),
            Prefetch("filing__changes", asked, to_attr="asked_changes"),
        )
    )


def docking_lists(by: Person) -> QuerySet[DockingList]:
    return DockingList.objects.visible_to(by).select_related("unit__organisation").annotate(number=Count("rows"))


def deals(by: Person) -> QuerySet[Deal]:
    return (
        Deal.objects.visible_to(by)
        .select_related(
            "firm__firm",
            "branch__organisation",
            "branch__bank",
            "need",
            "filing__project__region",
            "invitation__recommendation",
            "decline_code",
            "officer",
        )
        .prefetch_related(Prefetch("drawdowns", Drawdown.objects.order_by("number")))
    )


def claims(by: Person) -> QuerySet[SubsidyClaim]:
    return SubsidyClaim.objects.visible_to(by).select_related(
        "scheme", "claimant", "deal__firm", "deal__branch__organisation", "deal__filing__project", "batch", "office__organisation"
    )


def recoveries(by: Person) -> QuerySet[Recovery]:
    return Recovery.objects.visible_to(by).select_related(
        "scheme", "deal__firm", "deal__filing", "deal__branch__organisation", "deal__branch__bank", "office__organisation", "drawdown"
    )


def rounds(by: Person) -> QuerySet[Round]:
    """Rounds are the provincial office's and its readers'; a firm or bank sees its own recommendation, never the round."""
    return Round.objects.visible_to(by).select_related("programme", "parent", "weights", "proposed_by", "published_by")


def scenarios(by: Person) -> QuerySet[Scenario]:
    return Scenario.objects.visible_to(by).select_related("round__programme", "asked_by").defer("result")


def recommendations(by: Person) -> QuerySet[Recommendation]:
    return Recommendation.objects.visible_to(by).select_related(
        "branch__organisation", "branch__bank", "product", "round", "need__filing__project", "need__firm"
    )


def appetites(by: Person) -> QuerySet[Appetite]:
    return Appetite.objects.visible_to(by).select_related("account", "bank__organisation", "branch__organisation", "programme")


def exports(by: Person) -> QuerySet[Export]:
    return Export.objects.visible_to(by).select_related("owner").defer("row_ids", "open_ids")


def imports(by: Person) -> QuerySet[Import]:
    return Import.objects.visible_to(by).select_related("owner")


def budgets(by: Person) -> QuerySet[Budget]:
    """Budgets are read by the province's offices and readers."""
    return Budget.objects.filter(province__in=provinces_of(by)).select_related("account", "scheme")
