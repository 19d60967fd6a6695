"""Walking a case through the real steps: who may take the next one is asked of the state tables, never assumed."""

import datetime as dt
from decimal import Decimal

from common.steps import allowed_verbs
from common.workdays import SHANGHAI
from deals import bank_review, commitments, deal_steps, invitations
from deals.models import Deal, Invitation
from matching import rounds, solving
from matching.models import Recommendation, Round
from projects import candidate_list, drafting, review
from projects.models import Filing
from projects.states import FILING_STEPS
from tests import factories

WAN = Decimal(10_000)
REVIEWERS = ("chen", "hu", "dong", "pan", "xu", "wang", "gao", "zhao", "sun")


def at(month: int, day: int, hour: int = 10) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, tzinfo=SHANGHAI)


def submitted(world, cast, *, on=None, **form) -> Filing:
    moment = on or at(3, 2)
    filing = drafting.start_filing(
        cast.firm, programme=world.programme, track="industry", by=cast.lin, at=moment, form=factories.form(**form)
    )
    return review.submit(filing, by=cast.lin, at=moment, seen=filing.version)


def reviewer_of(filing: Filing, cast):
    """Somebody of the cast whom the state table lets pass this case now."""
    review.load_steps([filing])
    return next(by for by in (getattr(cast, name) for name in REVIEWERS) if "pass" in allowed_verbs(FILING_STEPS, filing, by))


def climb(filing: Filing, cast, *, moment, until: str = "") -> list[str]:
    """Pass it step by step to the pool, or until it lies with a unit of that tier; the tiers it was passed in, in order."""
    tiers: list[str] = []
    while filing.state == Filing.State.IN_REVIEW:
        by = reviewer_of(filing, cast)
        kind = filing.current_step.unit.kind
        if kind == until:
            return tiers
        tiers.append(kind)
        review.pass_step(filing, by=by, at=moment, seen=filing.version, note="符合条件")
    return tiers


def listed(world, cast, **form) -> Filing:
    filing = submitted(world, cast, **form)
    climb(filing, cast, moment=at(3, 3))
    candidate_list.report(filing, by=cast.zhao, at=at(3, 20), seen=filing.version)
    invitations.list_filing(filing, by=cast.zhao, at=at(4, 1), seen=filing.version, list_number="2026-03")
    return filing


def published(world, cast, *, on=None) -> Round:
    """A round over whatever is open: frozen, really solved, proposed by one person and published by another."""
    moment = on or at(4, 7)
    planned = rounds.plan(world.programme, province="420000", planned_for=moment.date(), by=cast.zhao, at=moment)
    commitments.freeze(planned, by=cast.zhao, at=moment, seen=planned.version)
    solving.solve(planned, at=moment)
    planned.refresh_from_db()
    rounds.propose(planned, by=cast.zhao, at=moment, seen=planned.version)
    invitations.publish_round(planned, by=cast.sun, at=moment, seen=planned.version)
    planned.refresh_from_db()
    return planned


def banker(cast, row: Invitation | Deal | Recommendation):
    return {"ICBC-WH": cast.bai, "CCB-WH": cast.an, "HBB-WH": cast.mo_bank}[row.branch.code]


def lead_of(filing: Filing) -> Invitation:
    return Invitation.objects.select_related("branch", "filing", "need", "recommendation").get(
        filing=filing, state__in=Invitation.LIVE, recommendation__isnull=False
    )


def signed(invitation: Invitation, cast, *, start) -> Deal:
    """Consent if it is still asked for, then intent, choice, diligence, approval and contract, a day each."""
    days = iter(start + dt.timedelta(days=n) for n in range(10))
    if invitation.state == Invitation.State.AWAITING_CONSENT:
        invitations.consent(invitation, by=cast.lin, at=next(days), seen=invitation.version)
    bank = banker(cast, invitation)
    deal = bank_review.accept(invitation, by=bank, at=next(days), seen=invitation.version)
    deal = deal_steps.confirm(deal, by=cast.lin, at=next(days), seen=deal.version)
    deal = deal_steps.start_diligence(deal, by=bank, at=next(days), seen=deal.version)
    terms = {"amount": deal.amount, "rate_bp": 285, "term_months": 60}
    deal = deal_steps.approve_credit(deal, by=bank, at=next(days), seen=deal.version, **terms)
    day = next(days)
    return deal_steps.sign(deal, by=bank, at=day, seen=deal.version, contract_no=f"HT-{deal.pk}", contract_on=day.date(), **terms)
