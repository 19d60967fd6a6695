"""The unhappy branches, each by the person who takes it, and what is left afterwards."""

import pytest

from deals import bank_review, invariants, invitations, rematch, tasks
from deals.models import Invitation
from ledger.models import LedgerAccount
from matching import solving
from matching.models import Recommendation, Refusal, Round
from projects import drafting, review
from projects.models import Disclosure, Filing
from tests.journeys.walk import at, banker, climb, lead_of, listed, published, submitted

OPEN = {"intended_banks": [], "asks_for_suggestions": True, "open_to_other_banks": True}


def _held():
    return sum(account.held for account in LedgerAccount.objects.filter(kind="appetite", parent__isnull=False).order_by("pk"))


def test_returned_case_is_mended_and_goes_on_where_it_was(world, cast):
    filing = submitted(world, cast)
    climb(filing, cast, moment=at(3, 3), until="city")
    review.return_step(filing, by=cast.wang, at=at(3, 4), seen=filing.version, note="建设内容未写明设备", fields=["content"])

    mended = drafting.save_form(
        filing, form=filing.form | {"content": "购置数控加工中心四十台。"}, by=cast.lin, at=at(3, 5), seen=filing.version
    )
    review.resubmit(mended, by=cast.lin, at=at(3, 5), seen=mended.version)

    assert (mended.state, mended.returns, mended.versions.count()) == (Filing.State.IN_REVIEW, 1, 2)
    assert climb(mended, cast, moment=at(3, 6)) == ["city"] * 3 + ["province"] * 3


def test_refused_case_ends_and_no_bank_ever_sees_it(world, cast):
    filing = submitted(world, cast)

    review.refuse(filing, by=cast.chen, at=at(3, 3), seen=filing.version, note="属限制类")

    assert filing.state == Filing.State.REFUSED
    assert not Disclosure.objects.filter(filing=filing).exists()


def test_withdrawn_listed_case_takes_its_invitations_along(world, cast):
    filing = listed(world, cast)
    assert Invitation.objects.live().filter(filing=filing).count() == 2

    invitations.withdraw_filing(filing, by=cast.lin, at=at(4, 2), seen=filing.version, note="投资计划调整")

    assert filing.state == Filing.State.WITHDRAWN
    assert set(Invitation.objects.filter(filing=filing).values_list("state", flat=True)) == {Invitation.State.WITHDRAWN}


def test_declined_lead_frees_its_promise_and_calls_the_standby(world, cast):
    filing = listed(world, cast, **OPEN)
    published(world, cast)
    lead = lead_of(filing)
    invitations.consent(lead, by=cast.lin, at=at(4, 8), seen=lead.version)

    bank_review.decline(lead, by=banker(cast, lead), at=at(4, 9), seen=lead.version, code="weak_cash_flow", note="现金流不足")

    following = lead_of(filing)
    assert Refusal.objects.filter(need=lead.need, branch=lead.branch, code="weak_cash_flow").count() == 1
    assert following.branch_id != lead.branch_id
    assert following.state == Invitation.State.AWAITING_CONSENT
    assert _held() == following.recommendation.amount
    assert list(invariants.breaches()) == []


def test_consent_withheld_shows_the_bank_nothing(world, cast):
    filing = listed(world, cast, **OPEN)
    published(world, cast)
    lead = lead_of(filing)

    invitations.withhold(lead, by=cast.lin, at=at(4, 8), seen=lead.version)

    bank = banker(cast, lead)
    assert not Filing.objects.visible_to(bank).filter(pk=filing.pk).exists()
    assert not Invitation.objects.visible_to(bank).filter(pk=lead.pk).exists()


def test_expired_everywhere_the_need_seeks_again_in_a_child_round(world, cast):
    filing = listed(world, cast, **OPEN)
    parent = published(world, cast)
    branches = set()
    for day in (at(6, 1), at(7, 20), at(9, 1)):
        live = Invitation.objects.live().filter(filing=filing).select_related("branch").first()
        if live is not None:
            branches.add(live.branch_id)
        tasks.expire_due(at=day)
    assert len(branches) == Recommendation.objects.filter(round=parent).count()
    assert not Invitation.objects.live().filter(filing=filing).exists()
    assert _held() == 0

    child = rematch.start(parent, reason="逾期未答复", by=cast.zhao, at=at(9, 2))
    solving.solve(child, at=at(9, 2))
    child.refresh_from_db()
    rematch.publish(child, at=at(9, 2))

    assert Round.objects.get(pk=child.pk).state == Round.State.PUBLISHED
    assert lead_of(filing).recommendation.round_id == child.pk


@pytest.mark.parametrize("who", ["mo_county", "mo_firm", "mo_bank"])
def test_a_stranger_meets_nothing_of_it(world, cast, who):
    filing = submitted(world, cast)

    assert not Filing.objects.visible_to(getattr(cast, who)).filter(pk=filing.pk).exists()
