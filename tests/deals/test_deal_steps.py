"""From the firm's choice to the signed contract: one offer wins, appetite binds the choice and never the contract."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import Deadline
from deals import deal_steps, invitations
from deals.bulk import succeeded
from deals.holds import BankFull
from deals.models import Deal, Invitation, RatePeriod
from ledger.accounts import Hold, hold, set_limit
from ledger.models import Entry
from matching.models import Recommendation
from projects.models import Filing
from tests import factories, people
from tests.deals import cases
from tests.deals.cases import AMOUNT, CONTRACT
from tests.factories import NOW, TODAY


def fill(world, cast, branch, *, leaving):
    """Leave only so much of a branch's appetite."""
    account = world.appetites[branch].account
    hold(Hold(account.pk, account.limit - leaving, f"other:{branch}"), by=cast.system, at=NOW)


def deadlines():
    return list(Deadline.objects.filter(subject="deals.deal", closed_at=None).values_list("kind", flat=True))


# choosing


def test_choosing_lapses_the_others_and_makes_the_promise(world, cast):
    rows = cases.invited(world, cast)
    mine, other = (cases.accepted(world, cast, rows[code]) for code in ("ICBC-WH", "CCB-WH"))

    deal_steps.confirm(mine, by=cast.lin, at=NOW, seen=mine.version)

    assert (mine.state, mine.confirmed_at, mine.account) == ("confirmed", NOW, world.appetites["ICBC-WH"].account)
    assert (cases.fresh(other).state, cases.fresh(rows["CCB-WH"]).state) == ("lapsed", "lapsed")
    assert (cases.balance(world, "ICBC-WH"), cases.balance(world, "CCB-WH")) == ((AMOUNT, 0), (0, 0))
    assert (cases.verbs(mine), cases.verbs(other)) == (["begin", "confirm"], ["begin", "lapse"])
    assert deadlines() == []
    assert Filing.objects.visible_to(cast.bai).exists()
    assert not Filing.objects.visible_to(cast.an).exists()


def test_choice_beyond_the_appetite_is_refused_with_the_remedy(world, cast):
    deal = cases.intent(world, cast)
    fill(world, cast, "ICBC-WH", leaving=AMOUNT - 1)

    with pytest.raises(BankFull) as refusal:
        deal_steps.confirm(deal, by=cast.lin, at=NOW, seen=deal.version)

    assert (refusal.value.code, bool(refusal.value.remedy)) == ("no_room", True)
    assert f"{AMOUNT - 1}" not in str(refusal.value)
    assert cases.fresh(deal).state == "intent"


def test_choice_is_not_checked_where_no_limit_is_declared(world, cast):
    for appetite in (world.appetites["ICBC-WH"].account, world.appetites["ICBC-WH"].account.parent):
        set_limit(appetite.pk, None, business_key="none", by=cast.system, at=NOW)

    deal = cases.confirmed(world, cast, amount=AMOUNT * 1000)

    assert (deal.state, cases.balance(world, "ICBC-WH")) == ("confirmed", (AMOUNT * 1000, 0))


def test_branch_without_appetite_may_be_chosen_and_sign(world, cast):
    manager = people.member(world["ICBC-HB"].organisation, "account_manager")
    row = cases.invited(world, cast, "ICBC-HB")["ICBC-HB"]
    from deals import bank_review

    deal = bank_review.accept(row, by=manager, at=NOW, seen=row.version)
    deal_steps.confirm(deal, by=cast.lin, at=NOW, seen=deal.version)
    deal_steps.start_diligence(deal, by=manager, at=NOW, seen=deal.version)
    deal_steps.approve_credit(deal, by=manager, at=NOW, seen=deal.version, amount=AMOUNT, rate_bp=285, term_months=60)
    deal_steps.sign(deal, by=manager, at=NOW, seen=deal.version, amount=AMOUNT, **CONTRACT)

    assert (deal.state, deal.account, Entry.objects.filter(kind="post").exists()) == ("signed", None, False)


def test_second_choice_is_told_which_bank_was_chosen(world, cast):
    rows = cases.invited(world, cast)
    first, second = (cases.accepted(world, cast, rows[code]) for code in ("ICBC-WH", "CCB-WH"))
    deal_steps.confirm(first, by=cast.lin, at=NOW, seen=first.version)

    with pytest.raises(Conflict, match="工商银行武汉分行") as refusal:
        deal_steps.confirm(second, by=cast.lin, at=NOW, seen=second.version)

    assert refusal.value.code == "already_chosen"


@pytest.mark.parametrize("who", ["bai", "mo_firm", "zhao", "system"])
def test_nobody_chooses_for_the_firm(world, cast, who):
    deal = cases.intent(world, cast)

    with pytest.raises(NotAllowed):
        deal_steps.confirm(deal, by=getattr(cast, who), at=NOW, seen=deal.version)

    assert cases.balance(world, "ICBC-WH") == (0, 0)


def test_of_two_choices_at_once_one_wins(transactional_db):
    world = factories.province()
    cast = people.cast(world)
    rows = cases.invited(world, cast)
    deals = [cases.accepted(world, cast, rows[code]) for code in ("ICBC-WH", "CCB-WH")]
    barrier = Barrier(2)

    def choose(deal):
        try:
            barrier.wait()
            return deal_steps.confirm(deal, by=cast.lin, at=NOW, seen=deal.version).state
        except Conflict as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(choose, deals))

    assert answers == ["already_chosen", "confirmed"]
    held = sorted(cases.balance(world, code) for code in ("ICBC-WH", "CCB-WH"))
    assert held == [(0, 0), (AMOUNT, 0)]


def test_two_firms_for_a_banks_last_room_at_once(transactional_db):
    world = factories.province()
    cast = people.cast(world)
    deals = [
        cases.accepted(world, cast, cases.invited(world, cast, "ICBC-WH", owner=owner)["ICBC-WH"]) for owner in (cast.firm, cast.other_firm)
    ]
    fill(world, cast, "ICBC-WH", leaving=AMOUNT)
    barrier = Barrier(2)

    def choose(pair):
        deal, by = pair
        try:
            barrier.wait()
            return deal_steps.confirm(deal, by=by, at=NOW, seen=deal.version).state
        except Conflict as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(choose, zip(deals, (cast.lin, cast.mo_firm), strict=True)))

    assert answers == ["confirmed", "no_room"]


# the firm steps back


def test_stepping_back_frees_the_promise_and_calls_the_standby(world, cast):
    lead = cases.published(world, cast, factories.filing(world, cast.firm, branches=("ICBC-WH", "CCB-WH")).needs.get(), "ICBC-WH", "CCB-WH")
    deal = cases.accepted(world, cast, lead)
    deal_steps.confirm(deal, by=cast.lin, at=NOW, seen=deal.version)

    deal_steps.withdraw(deal, by=cast.lin, at=NOW, seen=deal.version, note="改选")

    assert (deal.state, cases.fresh(lead).state) == ("withdrawn", "withdrawn")
    assert (cases.balance(world, "ICBC-WH"), cases.balance(world, "CCB-WH")) == ((0, 0), (AMOUNT, 0))
    assert Invitation.objects.live().get().branch == world["CCB-WH"]


def test_stepping_back_needs_a_reason(world, cast):
    deal = cases.confirmed(world, cast)

    with pytest.raises(Invalid) as refusal:
        deal_steps.withdraw(deal, by=cast.lin, at=NOW, seen=deal.version)

    assert refusal.value.problems[0].field == "note"
    assert cases.balance(world, "ICBC-WH") == (AMOUNT, 0)


# the bank's work


def test_decision_clock_runs_from_complete_materials_to_the_approval(world, cast):
    deal = cases.confirmed(world, cast)

    deal_steps.start_diligence(deal, by=cast.bai, at=NOW, seen=deal.version)
    assert deadlines() == ["decision"]
    deal_steps.report_up(deal, by=cast.bai, at=NOW, seen=deal.version, expected_on=dt.date(2026, 5, 8))
    assert Deadline.objects.get(kind="decision").due_at.astimezone(NOW.tzinfo).date() == dt.date(2026, 5, 8)
    deal_steps.approve_credit(deal, by=cast.bai, at=NOW, seen=deal.version, amount=AMOUNT, rate_bp=290, term_months=36)

    assert (deal.state, deal.approved_rate_bp, deadlines()) == ("credit_approved", 290, [])


def test_expected_day_lies_ahead(world, cast):
    deal = cases.confirmed(world, cast)
    deal_steps.start_diligence(deal, by=cast.bai, at=NOW, seen=deal.version)

    with pytest.raises(Invalid) as refusal:
        deal_steps.report_up(deal, by=cast.bai, at=NOW, seen=deal.version, expected_on=TODAY - dt.timedelta(days=1))

    assert refusal.value.problems[0].field == "expected_on"


def test_approval_stays_within_the_need(world, cast):
    deal = cases.confirmed(world, cast)
    deal_steps.start_diligence(deal, by=cast.bai, at=NOW, seen=deal.version)

    with pytest.raises(Invalid) as refusal:
        deal_steps.approve_credit(deal, by=cast.bai, at=NOW, seen=deal.version, amount=AMOUNT + 1, rate_bp=285, term_months=0)

    assert [problem.field for problem in refusal.value.problems] == ["amount", "term_months"]


# signing


def test_signing_for_less_posts_and_frees_the_rest(world, cast):
    deal = cases.signed(world, cast, amount=AMOUNT / 4)

    assert (deal.state, deal.signed_amount, deal.contract_no) == ("signed", AMOUNT / 4, "HT-1")
    assert cases.balance(world, "ICBC-WH") == (0, AMOUNT / 4)
    assert RatePeriod.objects.get(deal=deal).rate_bp == 285


def test_the_same_contract_again_changes_nothing(world, cast):
    deal = cases.signed(world, cast)
    before = cases.verbs(deal)

    again = deal_steps.sign(deal, by=cast.bai, at=NOW, seen=0, amount=AMOUNT, **CONTRACT)

    assert (again.pk, again.version, cases.verbs(deal)) == (deal.pk, deal.version, before)
    assert cases.balance(world, "ICBC-WH") == (0, AMOUNT)


def test_another_contract_for_a_signed_deal_is_refused(world, cast):
    deal = cases.signed(world, cast)

    with pytest.raises(Stale):
        deal_steps.sign(deal, by=cast.bai, at=NOW, seen=0, amount=AMOUNT, **CONTRACT | {"contract_no": "HT-2"})
    with pytest.raises(Conflict):
        deal_steps.sign(deal, by=cast.bai, at=NOW, seen=deal.version, amount=AMOUNT, **CONTRACT | {"contract_no": "HT-2"})


def test_a_contract_is_a_fact_beyond_the_appetite(world, cast):
    deal = cases.approved(world, cast)
    account = world.appetites["ICBC-WH"].account
    Deal.objects.filter(pk=deal.pk).update(hold_key="")
    deal.hold_key = ""
    from ledger.accounts import release

    release(account.pk, hold_key=f"deal:{deal.pk}:hold", business_key="gone", by=cast.system, at=NOW)
    fill(world, cast, "ICBC-WH", leaving=1)

    deal_steps.sign(deal, by=cast.bai, at=NOW, seen=deal.version, amount=AMOUNT, **CONTRACT)

    raised = Entry.objects.get(account=account, flag="over_appetite")
    assert (deal.state, raised.amount, raised.business_key) == ("signed", AMOUNT - 1, f"deal:{deal.pk}:sign:raise")


def test_what_cannot_be_signed_is_named(world, cast):
    deal = cases.approved(world, cast)

    with pytest.raises(Invalid) as refusal:
        deal_steps.sign(
            deal,
            by=cast.bai,
            at=NOW,
            seen=deal.version,
            contract_no=" ",
            contract_on=TODAY + dt.timedelta(days=1),
            amount=AMOUNT + 1,
            rate_bp=285,
            term_months=0,
        )

    assert [problem.field for problem in refusal.value.problems] == ["contract_no", "contract_on", "amount", "term_months"]
    assert all(problem.remedy for problem in refusal.value.problems)
    assert cases.balance(world, "ICBC-WH") == (AMOUNT, 0)


def test_one_contract_number_is_one_loan(world, cast):
    cases.signed(world, cast)
    other = cases.invited(world, cast, "ICBC-WH", owner=cast.other_firm)["ICBC-WH"]
    deal = cases.accepted(world, cast, other)
    deal_steps.confirm(deal, by=cast.mo_firm, at=NOW, seen=deal.version)
    deal_steps.start_diligence(deal, by=cast.bai, at=NOW, seen=deal.version)
    deal_steps.approve_credit(deal, by=cast.bai, at=NOW, seen=deal.version, amount=AMOUNT, rate_bp=285, term_months=60)

    with pytest.raises(Invalid) as refusal:
        deal_steps.sign(deal, by=cast.bai, at=NOW, seen=deal.version, amount=AMOUNT, **CONTRACT)

    assert refusal.value.problems[0].code == "used"


def test_signing_spends_the_standbys(world, cast):
    lead = cases.published(world, cast, factories.filing(world, cast.firm, branches=("ICBC-WH",)).needs.get(), "ICBC-WH", "CCB-WH")
    deal = cases.accepted(world, cast, lead)
    deal_steps.confirm(deal, by=cast.lin, at=NOW, seen=deal.version)
    deal_steps.start_diligence(deal, by=cast.bai, at=NOW, seen=deal.version)
    deal_steps.approve_credit(deal, by=cast.bai, at=NOW, seen=deal.version, amount=AMOUNT, rate_bp=285, term_months=60)

    deal_steps.sign(deal, by=cast.bai, at=NOW, seen=deal.version, amount=AMOUNT, **CONTRACT)

    assert Recommendation.objects.get(rank=1).state == "spent"
    assert cases.balance(world, "ICBC-WH") == (0, AMOUNT)


def test_steps_by_lists_cost_the_same_for_any_number(world, cast, django_assert_max_num_queries):
    owners = factories.firms(world, 12)
    filings = factories.filings(world, owners, state="reported", branches=("ICBC-WH",))
    invitations.list_many(filings, by=cast.zhao, at=NOW, list_number="1")
    from deals import bank_review

    letters = list(Invitation.objects.order_by("pk"))
    with django_assert_max_num_queries(26):
        deals = succeeded(bank_review.accept_many(letters, by=cast.bai, at=NOW))
    firms = {deal.pk: people.member(deal.firm, "firm_owner") for deal in deals}
    assert len(succeeded(deal_steps.confirm_many(deals, by=firms, at=NOW))) == 12
    with django_assert_max_num_queries(12):
        deal_steps.start_diligence_many(deals, by=cast.bai, at=NOW)
    terms = {deal.pk: {"amount": AMOUNT, "rate_bp": 285, "term_months": 60} for deal in deals}
    with django_assert_max_num_queries(14):
        deal_steps.approve_credit_many(deals, by=cast.bai, at=NOW, terms=terms)
    contracts = {deal.pk: CONTRACT | {"contract_no": f"HT-{deal.pk}", "amount": AMOUNT} for deal in deals}
    with django_assert_max_num_queries(40):
        signed = succeeded(deal_steps.sign_many(deals, by=cast.bai, at=NOW, contracts=contracts))

    assert len(signed) == 12
    assert cases.balance(world, "ICBC-WH") == (0, 12 * AMOUNT)


# direct deals


def register(world, need, by, **changed):
    terms = CONTRACT | {"amount": AMOUNT} | changed
    return deal_steps.register_direct(need, world["CCB-WH"], by=by, at=NOW, **terms)


@pytest.mark.parametrize(("first", "second"), [("an", "lin"), ("lin", "an")])
def test_one_side_registers_the_other_confirms(world, cast, first, second):
    row = cases.invited(world, cast, "ICBC-WH", "CCB-WH")["CCB-WH"]
    deal = register(world, row.need, getattr(cast, first))
    assert (deal.state, cases.balance(world, "CCB-WH")) == ("intent", (0, 0))

    with pytest.raises(NotAllowed):
        deal_steps.confirm_direct(deal, by=getattr(cast, first), at=NOW, seen=deal.version)
    deal_steps.confirm_direct(deal, by=getattr(cast, second), at=NOW, seen=deal.version)

    assert (deal.state, deal.origin, cases.balance(world, "CCB-WH")) == ("signed", "direct", (0, AMOUNT))
    assert set(Invitation.objects.values_list("state", flat=True)) == {"lapsed"}
    assert cases.verbs(deal) == ["register_direct", "confirm_direct"]
    assert Filing.objects.visible_to(cast.an).exists()


def test_the_same_contract_registered_again_is_the_same_deal(world, cast):
    need = cases.open_need(world, cast)

    assert register(world, need, cast.an) == register(world, need, cast.lin)
    with pytest.raises(Conflict) as refusal:
        register(world, need, cast.an, rate_bp=300)

    assert refusal.value.code == "other_facts"
    assert Deal.objects.count() == 1


def test_strangers_register_nothing(world, cast):
    need = cases.open_need(world, cast)

    for by in (cast.bai, cast.mo_firm, cast.zhao, cast.system):
        with pytest.raises(NotAllowed):
            register(world, need, by)


def test_direct_deal_is_not_chosen_like_an_offer(world, cast):
    deal = register(world, cases.open_need(world, cast), cast.an)

    with pytest.raises(NotAllowed):
        deal_steps.confirm(deal, by=cast.lin, at=NOW, seen=deal.version)


def test_direct_deal_needs_a_listed_project_and_a_free_pair(world, cast):
    deal = cases.intent(world, cast, "CCB-WH")
    unlisted = factories.filing(world, cast.firm, state="in_pool").needs.get()

    for need, code in ((deal.need, "already_under_way"), (unlisted, "not_listed")):
        with pytest.raises(Conflict) as refusal:
            register(world, need, cast.an)
        assert refusal.value.code == code


def test_direct_deal_stays_within_the_need(world, cast):
    with pytest.raises(Invalid) as refusal:
        register(world, cases.open_need(world, cast), cast.an, amount=AMOUNT + 1, contract_on=TODAY + dt.timedelta(days=1))

    assert [problem.field for problem in refusal.value.problems] == ["contract_on", "amount"]


def test_amount_left_follows_from_deals(world, cast):
    from deals import needs

    deal = cases.approved(world, cast, approved_amount=AMOUNT / 2)

    assert needs.left([deal.need]) == {deal.need_id: AMOUNT / 2}
    assert needs.taken_of(deal) == Decimal(AMOUNT) / 2
