"""Named banks at once, others by consent, at most three at a time, standbys by themselves."""

import datetime as dt

import pytest

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import Deadline
from common.workdays import SHANGHAI
from deals import bank_review, deal_steps, invitations, tasks
from deals.bulk import succeeded
from deals.models import Deal, Invitation
from ledger.accounts import Hold, hold
from matching.models import Recommendation, Refusal
from projects.models import Disclosure, Filing
from tests import factories
from tests.deals import cases
from tests.deals.cases import AMOUNT, DAY
from tests.factories import NOW


def disclosed(filing, branch):
    """(scope, basis) the branch sees of the filing now."""
    rows = Disclosure.objects.filter(filing=filing, organisation=branch.organisation, withdrawn_at=None).order_by("id")
    return list(rows.values_list("scope", "basis"))


def clocks(obj):
    rows = Deadline.objects.filter(subject=obj._meta.label_lower, subject_id=obj.pk, closed_at=None).order_by("kind")
    return list(rows.values_list("kind", "organisation_id"))


# listing


def test_listing_invites_every_named_bank_at_once(world, cast):
    rows = cases.invited(world, cast)

    icbc, ccb = rows["ICBC-WH"], rows["CCB-WH"]
    assert [(row.rank, row.origin, row.state) for row in (icbc, ccb)] == [(1, "named", "open"), (2, "named", "open")]
    assert icbc.contact_due_at == dt.datetime(2026, 3, 5, 23, 59, 59, tzinfo=SHANGHAI)  # three working days
    assert icbc.expires_at == dt.datetime(2026, 4, 1, 23, 59, 59, tzinfo=SHANGHAI)  # thirty calendar days
    assert disclosed(icbc.filing, world["ICBC-WH"]) == [("file", "named")]
    assert clocks(icbc) == [("contact", world["ICBC-WH"].organisation_id)]
    assert cases.verbs(icbc) == ["invite"]
    assert cases.balance(world, "ICBC-WH") == (0, 0)


def test_listing_is_the_ministrys_answer_entered_by_the_office(world, cast):
    filing = factories.filing(world, cast.firm, state="reported")

    with pytest.raises(NotAllowed):
        invitations.list_filing(filing, by=cast.chen, at=NOW, seen=filing.version, list_number="2026-01")

    assert not Invitation.objects.exists()
    assert not Disclosure.objects.exists()


def test_list_many_costs_the_same_for_any_number(world, cast, django_assert_max_num_queries):
    filings = factories.filings(world, factories.firms(world, 30), state="reported")

    with django_assert_max_num_queries(32):
        results = invitations.list_many(filings, by=cast.zhao, at=NOW, list_number="2026-01")

    assert len(succeeded(results)) == 30
    assert Invitation.objects.filter(state="open").count() == 60


def test_other_banks_see_nothing(world, cast):
    rows = cases.invited(world, cast, "ICBC-WH")

    assert list(Invitation.objects.visible_to(cast.bai)) == [rows["ICBC-WH"]]
    assert not Invitation.objects.visible_to(cast.mo_bank).exists()
    assert not Filing.objects.visible_to(cast.mo_bank).exists()
    assert Filing.objects.visible_to(cast.bai).exists()


# consent


def test_recommended_bank_waits_for_consent_behind_an_outline(world, cast):
    need = cases.open_need(world, cast)

    row = cases.published(world, cast, need, "CCB-WH")

    assert (row.state, row.origin, row.rank) == ("awaiting_consent", "recommended", 0)
    assert disclosed(need.filing, world["CCB-WH"]) == [("outline", "consent")]
    assert clocks(row) == [("consent", cast.firm.pk)]
    assert not Invitation.objects.visible_to(cast.an).exists()
    assert not Filing.objects.visible_to(cast.an).exists()
    with pytest.raises(Conflict):
        invitations.view(row, by=cast.an, at=NOW, seen=row.version)


def test_consent_opens_the_file_and_starts_the_banks_clock(world, cast):
    row = cases.published(world, cast, cases.open_need(world, cast), "CCB-WH")

    invitations.consent(row, by=cast.lin, at=NOW + DAY, seen=row.version)

    assert row.state == "open"
    assert ("file", "consent") in disclosed(row.filing, world["CCB-WH"])
    assert clocks(row) == [("contact", world["CCB-WH"].organisation_id)]
    assert Invitation.objects.visible_to(cast.an).get() == row


@pytest.mark.parametrize("who", ["an", "mo_firm", "zhao", "system"])
def test_nobody_consents_for_the_firm(world, cast, who):
    row = cases.published(world, cast, cases.open_need(world, cast), "CCB-WH")

    with pytest.raises(NotAllowed):
        invitations.consent(row, by=getattr(cast, who), at=NOW, seen=row.version)


def test_bank_the_firm_named_or_agreed_to_before_is_open_at_once(world, cast):
    named = factories.filing(world, cast.firm, branches=("ICBC-WH",)).needs.get()
    agreed = cases.open_need(world, cast)
    Disclosure.objects.create(
        filing=agreed.filing,
        organisation=world["CCB-WH"].organisation,
        scope="file",
        basis="consent",
        valid_from=NOW - DAY,
        province=factories.HUBEI,
    )

    assert cases.published(world, cast, named, "ICBC-WH").state == "open"
    assert cases.published(world, cast, agreed, "CCB-WH").state == "open"


def test_withholding_frees_the_hold_and_offers_the_standby(world, cast):
    row = cases.published(world, cast, cases.open_need(world, cast), "CCB-WH", "ICBC-WH")
    assert cases.balance(world, "CCB-WH") == (AMOUNT, 0)

    invitations.withhold(row, by=cast.lin, at=NOW, seen=row.version)

    standby = Invitation.objects.get(branch=world["ICBC-WH"])
    assert (row.state, standby.state, standby.rank) == ("withheld", "awaiting_consent", 1)
    assert (cases.balance(world, "CCB-WH"), cases.balance(world, "ICBC-WH")) == ((0, 0), (AMOUNT, 0))
    assert standby.recommendation.hold_key == f"recommendation:{standby.recommendation_id}:hold"
    assert disclosed(row.filing, world["CCB-WH"]) == []


def test_consent_can_be_taken_back_before_the_bank_answers(world, cast):
    row = cases.published(world, cast, cases.open_need(world, cast), "CCB-WH")
    invitations.consent(row, by=cast.lin, at=NOW, seen=row.version)

    invitations.withhold(row, by=cast.lin, at=NOW, seen=row.version)

    assert disclosed(row.filing, world["CCB-WH"]) == []
    assert not Filing.objects.visible_to(cast.an).exists()
    assert cases.balance(world, "CCB-WH") == (0, 0)


# viewing


def test_viewing_is_the_first_contact(world, cast):
    row = cases.invited(world, cast, "ICBC-WH")["ICBC-WH"]

    invitations.view(row, by=cast.bai, at=NOW + DAY, seen=row.version)

    assert (row.state, row.viewed_at) == ("viewed", NOW + DAY)
    assert clocks(row) == []
    with pytest.raises(Stale):
        invitations.view(row, by=cast.bai, at=NOW, seen=0)


# declining


def test_declining_tells_the_reason_and_offers_the_standby(world, cast):
    row = cases.published(world, cast, cases.open_need(world, cast), "CCB-WH", "ICBC-WH")
    invitations.consent(row, by=cast.lin, at=NOW, seen=row.version)

    bank_review.decline(row, by=cast.an, at=NOW, seen=row.version, code="collateral_short")

    assert (row.state, row.decline_code.code) == ("declined", "collateral_short")
    assert Refusal.objects.get().branch == world["CCB-WH"]
    assert cases.balance(world, "CCB-WH") == (0, 0)
    assert Invitation.objects.live().get().branch == world["ICBC-WH"]
    assert not Filing.objects.visible_to(cast.an).exists()


def test_standby_without_room_is_passed_over(world, cast):
    need = cases.open_need(world, cast, amount=AMOUNT)
    row = cases.published(world, cast, need, "CCB-WH", "ICBC-WH", "HBB-WH")
    full = world.appetites["ICBC-WH"].account
    hold(Hold(full.pk, full.limit - AMOUNT + 1, "other"), by=cast.system, at=NOW)

    invitations.withhold(row, by=cast.lin, at=NOW, seen=row.version)

    states = dict(Recommendation.objects.values_list("branch__code", "state"))
    assert states == {"CCB-WH": "published", "ICBC-WH": "no_room", "HBB-WH": "published"}
    assert Invitation.objects.live().get().branch == world["HBB-WH"]


def test_no_standby_left_leaves_the_need_free(world, cast):
    row = cases.published(world, cast, cases.open_need(world, cast), "CCB-WH")

    invitations.withhold(row, by=cast.lin, at=NOW, seen=row.version)

    assert invitations.offer_standby(row.need, at=NOW) is None
    assert not Invitation.objects.live().exists()


def test_standby_is_not_offered_while_the_lead_is_looking(world, cast):
    need = factories.filing(world, cast.firm, branches=("ICBC-WH",), state="reported", asks_for_suggestions=True)
    invitations.list_filing(need, by=cast.zhao, at=NOW, seen=need.version, list_number="1")
    named = Invitation.objects.get()
    lead = cases.published(world, cast, named.need, "CCB-WH", "HBB-WH")

    bank_review.decline(named, by=cast.bai, at=NOW, seen=named.version, code="own_funds")

    assert list(Invitation.objects.live()) == [lead]


def test_unknown_reason_is_refused(world, cast):
    row = cases.invited(world, cast, "ICBC-WH")["ICBC-WH"]

    with pytest.raises(Invalid) as refusal:
        bank_review.decline(row, by=cast.bai, at=NOW, seen=row.version, code="mood")

    assert refusal.value.problems[0].field == "code"
    assert cases.fresh(row).state == "open"


def test_declining_an_accepted_invitation_ends_the_offer_too(world, cast):
    deal = cases.intent(world, cast)
    row = cases.fresh(deal.invitation)

    bank_review.decline(row, by=cast.bai, at=NOW, seen=row.version, code="own_funds")

    assert (row.state, cases.fresh(deal).state) == ("declined", "declined")


def test_a_confirmed_deal_is_declined_as_a_deal(world, cast):
    deal = cases.confirmed(world, cast)
    row = cases.fresh(deal.invitation)

    with pytest.raises(Conflict) as refusal:
        bank_review.decline(row, by=cast.bai, at=NOW, seen=row.version, code="own_funds")
    bank_review.decline(deal, by=cast.bai, at=NOW, seen=deal.version, code="own_funds")

    assert refusal.value.code == "deal_confirmed"
    assert (deal.state, cases.fresh(row).state, Refusal.objects.count()) == ("declined", "declined", 1)
    assert cases.balance(world, "ICBC-WH") == (0, 0)


# expiry


def test_expiry_frees_the_hold_and_offers_the_standby_once(world, cast):
    row = cases.published(world, cast, cases.open_need(world, cast), "CCB-WH", "ICBC-WH")
    later = NOW + 11 * DAY

    assert tasks.expire_due(at=NOW + 9 * DAY) == 0
    assert tasks.expire_due(at=later) == 1
    assert tasks.expire_due(at=later) == 0

    assert cases.fresh(row).state == "expired"
    assert Invitation.objects.live().get().branch == world["ICBC-WH"]
    assert (cases.balance(world, "CCB-WH"), cases.balance(world, "ICBC-WH")) == ((0, 0), (AMOUNT, 0))


def test_late_acceptance_is_possible_while_the_firm_is_free(world, cast):
    row = cases.invited(world, cast, "ICBC-WH")["ICBC-WH"]
    tasks.expire_due(at=NOW + 40 * DAY)

    deal = cases.accepted(world, cast, row, at=NOW + 41 * DAY)

    assert (deal.state, deal.hold_key) == ("intent", "")
    assert cases.fresh(row).state == "accepted"


def test_bank_that_was_never_let_in_accepts_nothing_late_and_sees_nothing(world, cast):
    letter = cases.published(world, cast, cases.open_need(world, cast), "ICBC-WH")
    tasks.expire_due(at=NOW + 40 * DAY)
    letter.refresh_from_db()

    with pytest.raises(Invalid) as refusal:
        bank_review.accept(letter, by=cast.bai, at=NOW + 41 * DAY, seen=letter.version)

    assert (letter.state, refusal.value.problems[0].code) == ("expired", "no_consent")
    assert not Invitation.objects.visible_to(cast.bai).exists()
    assert Invitation.objects.visible_to(cast.lin).get() == letter


def test_late_acceptance_ends_when_the_firm_has_chosen(world, cast):
    rows = cases.invited(world, cast)
    tasks.expire_due(at=NOW + 40 * DAY)
    deal = cases.accepted(world, cast, rows["CCB-WH"], at=NOW + 41 * DAY)
    deal_steps.confirm(deal, by=cast.lin, at=NOW + 41 * DAY, seen=deal.version)

    with pytest.raises(Conflict) as refusal:
        cases.accepted(world, cast, rows["ICBC-WH"], at=NOW + 42 * DAY)
    assert refusal.value.code == "need_settled"


def test_late_acceptance_waits_while_three_banks_look(world, cast):
    need = cases.invited(world, cast, "ICBC-WH", asks_for_suggestions=True)["ICBC-WH"].need
    row = Invitation.objects.get()
    tasks.expire_due(at=NOW + 40 * DAY)
    for code in ("ICBC-HB", "CCB-WH", "HBB-WH"):
        Invitation.objects.create(
            need=need, filing=need.filing, branch=world[code], origin="second_docking", state="open", sent_at=NOW, province=factories.HUBEI
        )

    with pytest.raises(Conflict) as refusal:
        cases.accepted(world, cast, row, at=NOW + 41 * DAY)

    assert refusal.value.code == "too_many_looking"


# intent


@pytest.mark.parametrize("amount", [0, AMOUNT + 1])
def test_intent_stays_within_the_need(world, cast, amount):
    row = cases.invited(world, cast, "ICBC-WH")["ICBC-WH"]

    with pytest.raises(Invalid) as refusal:
        cases.accepted(world, cast, row, amount=amount)

    assert refusal.value.problems[0].field == "amount"
    assert (cases.fresh(row).state, Deal.objects.count()) == ("open", 0)


def test_intent_takes_over_the_rounds_promise(world, cast):
    row = cases.published(world, cast, factories.filing(world, cast.firm, branches=("CCB-WH",)).needs.get(), "CCB-WH")

    deal = cases.accepted(world, cast, row, amount=AMOUNT / 2)

    assert (deal.account, deal.hold_key) == (world.appetites["CCB-WH"].account, f"deal:{deal.pk}:hold")
    assert cases.balance(world, "CCB-WH") == (AMOUNT / 2, 0)
    assert cases.verbs(deal) == ["begin"]
    assert Deadline.objects.get(subject="deals.deal", closed_at=None).kind == "choice"


def test_accept_many_answers_row_by_row(world, cast):
    rows = [cases.invited(world, cast, "ICBC-WH", owner=owner)["ICBC-WH"] for owner in factories.firms(world, 3)]

    results = bank_review.accept_many(rows, by=cast.bai, at=NOW, amounts={rows[1].pk: AMOUNT + 1})

    refused = [result for result in results if result.error]
    assert [result.obj for result in refused] == [rows[1]]
    assert Deal.objects.filter(state="intent").count() == 2


# the filing ends


def test_withdrawing_the_filing_ends_all_business(world, cast):
    rows = cases.invited(world, cast)
    deal = cases.accepted(world, cast, rows["ICBC-WH"])
    filing = Filing.objects.get()

    invitations.withdraw_filing(filing, by=cast.lin, at=NOW, seen=filing.version, note="改用自有资金")

    assert set(Invitation.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert cases.fresh(deal).state == "withdrawn"
    assert not Disclosure.objects.filter(withdrawn_at=None).exists()
    assert not Deadline.objects.filter(closed_at=None).exists()


def test_what_is_signed_is_not_withdrawn(world, cast):
    cases.signed(world, cast)
    filing = Filing.objects.get()

    with pytest.raises(Conflict) as refusal:
        invitations.withdraw_filing(filing, by=cast.lin, at=NOW, seen=filing.version, note="改用自有资金")

    assert refusal.value.code == "signed"


def test_removal_from_the_list_leaves_signed_loans_alone(world, cast):
    deal = cases.signed(world, cast)
    filing = Filing.objects.get()

    invitations.remove_filing(filing, by=cast.zhao, at=NOW, seen=filing.version, note="审计发现")

    assert (cases.fresh(deal).state, cases.fresh(deal.invitation).state) == ("signed", "accepted")
    assert Filing.objects.visible_to(cast.bai).exists()
