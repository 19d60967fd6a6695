"""Deals at each stage, reached by the steps themselves."""

import datetime as dt
from decimal import Decimal

from common.models import AuditEvent
from deals import bank_review, deal_steps, drawdowns, invitations
from deals.models import Deal, Invitation
from ledger import accounts
from ledger.accounts import Hold
from matching.models import Recommendation, Round
from projects.models import Need
from tests import factories
from tests.factories import NOW, TODAY, WAN

AMOUNT = Decimal(2000) * WAN
DAY = dt.timedelta(days=1)
CONTRACT = {"contract_no": "HT-1", "contract_on": TODAY, "rate_bp": 285, "term_months": 60}


def invited(world, cast, *branches, at=NOW, owner=None, amount=AMOUNT, **need):
    """A filing just listed, with an invitation to each branch, by branch code."""
    filing = factories.filing(
        world, owner or cast.firm, state="reported", branches=branches or ("ICBC-WH", "CCB-WH"), amount=amount, **need
    )
    invitations.list_filing(filing, by=cast.zhao, at=at, seen=filing.version, list_number="2026-01")
    return {row.branch.code: row for row in Invitation.objects.filter(filing=filing).select_related("branch").order_by("rank")}


def officer(world, cast, branch):
    return {"ICBC-WH": cast.bai, "CCB-WH": cast.an, "HBB-WH": cast.mo_bank}[branch.code]


def accepted(world, cast, invitation, *, at=NOW, amount=None):
    invitation.refresh_from_db()
    by = officer(world, cast, invitation.branch)
    return bank_review.accept(invitation, by=by, at=at, seen=invitation.version, amount=amount)


def intent(world, cast, branch="ICBC-WH", **options):
    return accepted(world, cast, invited(world, cast, branch, **options)[branch])


def confirmed(world, cast, branch="ICBC-WH", **options):
    deal = intent(world, cast, branch, **options)
    return deal_steps.confirm(deal, by=cast.lin, at=NOW, seen=deal.version)


def approved(world, cast, branch="ICBC-WH", *, approved_amount=None, **options):
    deal = confirmed(world, cast, branch, **options)
    by = officer(world, cast, deal.branch)
    deal_steps.start_diligence(deal, by=by, at=NOW, seen=deal.version)
    terms = {"amount": approved_amount or deal.amount, "rate_bp": 285, "term_months": 60}
    return deal_steps.approve_credit(deal, by=by, at=NOW, seen=deal.version, **terms)


def signed(world, cast, branch="ICBC-WH", *, at=NOW, **changed):
    deal = approved(world, cast, branch)
    terms = CONTRACT | {"amount": deal.approved_amount} | changed
    return deal_steps.sign(deal, by=officer(world, cast, deal.branch), at=at, seen=deal.version, **terms)


def drawn(world, cast, deal, *, at=NOW, **changed):
    facts = {
        "slip_no": "JJ-1",
        "drawn_on": TODAY,
        "amount": deal.signed_amount,
        "payee": "武汉示例机床有限公司",
        "paid_to_supplier_on": TODAY,
    }
    return drawdowns.draw(deal, by=officer(world, cast, deal.branch), at=at, seen=deal.version, **(facts | changed))


def published(world, cast, need, *branches, at=NOW, amount=None):
    """A round that recommended these branches for the need, the first as lead with its hold, and its letter sent."""
    round_, _leads = publication(world, cast, [need], branches, at=at, amount=amount)
    return invitations._invite_leads(round_.recommendations.filter(rank=0), by=cast.sun, at=at)[0]


def publication(world, cast, needs, branches, *, at=NOW, amount=None):
    round_ = Round.objects.create(
        programme=world.programme,
        number=f"R-{Round.objects.count() + 1}",
        state="published",
        planned_for=at.date(),
        frozen_at=at - DAY,
        published_at=at,
        province=factories.HUBEI,
    )
    leads = []
    for need in needs:
        for rank, code in enumerate(branches):
            row = Recommendation.objects.create(
                round=round_,
                need=need,
                rank=rank,
                branch=world.branches[code],
                product=world.products[f"{code.split('-')[0]}-P1"],
                state="standby" if rank else "published",
                amount=amount or need.amount,
                rate_bp=285,
                cost_bp=135,
                value=1,
                province=factories.HUBEI,
            )
            if rank == 0:
                row.hold_key = f"recommendation:{row.pk}:hold"
                row.save(update_fields=["hold_key"])
                account = world.appetites[code].account_id
                accounts.hold(Hold(account, row.amount, row.hold_key), by=cast.system, at=at)
                leads.append(row)
    return round_, leads


def open_need(world, cast, *, owner=None, **need):
    """A listed need that named no bank."""
    filing = factories.filing(world, owner or cast.firm, branches=(), **need)
    return Need.objects.select_related("filing__firm").get(filing=filing)


def balance(world, branch):
    """(held, posted) of the branch's appetite."""
    account = world.appetites[branch].account
    account.refresh_from_db()
    return account.held, account.posted


def verbs(obj):
    """The audited verbs of an object in order."""
    rows = AuditEvent.objects.filter(subject=obj._meta.label_lower, subject_id=obj.pk).order_by("id")
    return list(rows.values_list("verb", flat=True))


def fresh(row):
    row = type(row).objects.get(pk=row.pk)
    if isinstance(row, Deal | Invitation):
        row.branch = type(row.branch).objects.select_related("organisation", "bank").get(pk=row.branch_id)
    return row
