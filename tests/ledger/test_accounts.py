"""Every movement, what it refuses, and that a limit binds promises but never facts."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from common.errors import Conflict
from ledger import accounts
from ledger.accounts import OVER_APPETITE, BelowCommitted, Hold, NoRoom, Post, Reverse, WrongAmount
from ledger.models import Entry, LedgerAccount
from organisations.actors import system
from tests.factories import NOW

BY = system(NOW)
LATER = NOW + dt.timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank():
    return account("bank", 1000)


@pytest.fixture
def branch(bank):
    return account("branch", 600, parent=bank)


def account(code, limit, parent=None):
    row = accounts.open_account(kind="appetite", code=code, name=code, province="420000", parent=parent)
    if limit is not None:
        accounts.set_limit(row.pk, Decimal(limit), business_key=f"{code}:limit", by=BY, at=NOW)
    return row


def written(row, key):
    return Entry.objects.filter(account=row, business_key=key).first()


def hold(row, amount, key="h"):
    accounts.hold(Hold(row.pk, Decimal(amount), key), by=BY, at=NOW)
    return written(row, key)


def post(row, amount, key="p", **how):
    accounts.post(row.pk, Decimal(amount), business_key=key, by=BY, at=NOW, **how)
    return written(row, key)


def release(row, key="h", business_key="r"):
    accounts.release(row.pk, hold_key=key, business_key=business_key, by=BY, at=NOW)
    return written(row, business_key)


def set_limit(row, limit, key="doc"):
    accounts.set_limit(row.pk, limit, business_key=key, by=BY, at=NOW)
    return written(row, key)


def change_limit(row, amount, key="doc"):
    accounts.change_limit(row.pk, Decimal(amount), business_key=key, by=BY, at=NOW)
    return written(row, key)


def reverse(row, amount, key="v"):
    accounts.reverse(row.pk, Decimal(amount), business_key=key, by=BY, at=NOW)
    return written(row, key)


def balance(row):
    row.refresh_from_db()
    return row.limit, row.held, row.posted


def test_open_account_is_made_once(branch):
    again = accounts.open_account(kind="appetite", code="branch", name="other", province="420000")

    assert again == branch
    assert again.name == "branch"


def test_limit_is_declared_changed_and_withdrawn(branch):
    entry = set_limit(branch, None, "none")

    assert (entry.kind, entry.amount, entry.limit_after) == ("limit", -600, None)
    assert balance(branch) == (None, 0, 0)


def test_limit_key_sent_twice_counts_once(branch):
    first = change_limit(branch, 100)
    second = change_limit(branch, 100)
    third = set_limit(branch, Decimal(5))

    assert first == second == third
    assert balance(branch) == (700, 0, 0)


def test_change_limit_starts_from_nothing_where_none_was_declared():
    row = account("open", None)

    accounts.change_limit(row.pk, Decimal(50), business_key="doc", by=BY, at=NOW)

    assert balance(row) == (50, 0, 0)


def test_limit_is_not_cut_below_what_is_promised_and_done(branch):
    hold(branch, 300)

    with pytest.raises(BelowCommitted, match=r"合计 0\.03 万元"):
        accounts.set_limit(branch.pk, Decimal("299.99"), business_key="cut", by=BY, at=NOW)

    assert balance(branch) == (600, 300, 0)
    accounts.set_limit(branch.pk, Decimal(300), business_key="cut", by=BY, at=NOW)
    assert balance(branch) == (300, 300, 0)


def test_hold_moves_child_and_parent(bank, branch):
    entry = hold(branch, 100)

    assert (balance(branch), balance(bank)) == ((600, 100, 0), (1000, 100, 0))
    assert (entry.account, entry.seq, entry.held_after) == (branch, 2, 100)


def test_hold_is_refused_where_the_child_is_full(bank, branch):
    with pytest.raises(NoRoom) as refusal:
        hold(branch, "600.01")

    assert (refusal.value.account, refusal.value.free, refusal.value.code) == (branch, 600, "no_room")
    assert refusal.value.remedy
    assert (balance(branch), balance(bank)) == ((600, 0, 0), (1000, 0, 0))


def test_hold_is_refused_where_the_parent_is_full(bank, branch):
    other = account("other", 900, parent=bank)
    hold(other, 700)

    with pytest.raises(NoRoom) as refusal:
        hold(branch, 301)

    assert refusal.value.account == bank


def test_hold_without_declared_limit_is_not_checked():
    row = account("open", None)

    hold(row, 10**12)

    assert balance(row) == (None, 10**12, 0)


def test_hold_many_writes_what_fits_in_order(bank, branch):
    requests = [Hold(branch.pk, Decimal(400), "a"), Hold(branch.pk, Decimal(300), "b"), Hold(branch.pk, Decimal(200), "c")]

    refused = accounts.hold_many(requests, by=BY, at=NOW)

    assert list(refused) == ["b"]
    assert [entry.business_key for entry in accounts.statement(branch.pk)] == ["branch:limit", "a", "c"]
    assert balance(branch) == balance_of(600, 600, 0)
    assert balance(bank) == balance_of(1000, 600, 0)


def balance_of(*numbers):
    return tuple(map(Decimal, numbers))


def test_hold_many_repeated_answers_the_same(branch):
    requests = [Hold(branch.pk, Decimal(400), "a"), Hold(branch.pk, Decimal(400), "a")]

    refused = [accounts.hold_many(requests, by=BY, at=NOW) for _twice in range(2)]

    assert refused == [{}, {}]
    assert balance(branch) == balance_of(600, 400, 0)


def test_nothing_to_move_writes_nothing():
    assert accounts.lock([]) == {}
    assert accounts.hold_many([], by=BY, at=NOW) == {}

    accounts.release_many([], by=BY, at=NOW)

    assert not Entry.objects.exists()


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "NaN"])
def test_amount_that_is_no_money_is_refused(branch, amount):
    with pytest.raises(WrongAmount):
        hold(branch, amount)


def test_post_in_parts_then_release_the_rest(bank, branch):
    hold(branch, 500)

    post(branch, 200, "p1", hold_key="h")
    post(branch, 150, "p2", hold_key="h")
    rest = release(branch)

    assert (rest.amount, rest.from_hold) == (150, 150)
    assert (balance(branch), balance(bank)) == ((600, 0, 350), (1000, 0, 350))
    assert release(branch, business_key="again") is None
    assert release(branch) == rest


def test_post_twice_counts_once(branch):
    hold(branch, 500)

    assert post(branch, 200, hold_key="h") == post(branch, 200, hold_key="h")
    assert balance(branch) == (600, 300, 200)


def test_post_beyond_the_hold_is_refused(branch):
    hold(branch, 100)

    with pytest.raises(WrongAmount, match=r"预留余额 0\.01 万元"):
        post(branch, 101, hold_key="h")


def test_post_without_hold_respects_the_limit(branch):
    post(branch, 600)

    with pytest.raises(NoRoom):
        post(branch, 1, "p2")
    assert balance(branch) == (600, 0, 600)


def test_fact_raises_every_limit_that_lacks_room(bank, branch):
    hold(branch, 500)

    entry = post(branch, 1100, hold_key="h", fact=True)

    raises = Entry.objects.filter(flag=OVER_APPETITE).order_by("account_id")
    assert [(row.account, row.amount) for row in raises] == [(bank, 100), (branch, 500)]
    assert (entry.from_hold, entry.posted_after, entry.limit_after) == (500, 1100, 1100)
    assert (balance(branch), balance(bank)) == ((1100, 0, 1100), (1100, 0, 1100))


def test_fact_with_room_raises_nothing(branch):
    post(branch, 600, fact=True)

    assert not Entry.objects.filter(flag=OVER_APPETITE).exists()


def test_fact_after_the_hold_was_released_posts_in_full(branch):
    hold(branch, 100)
    release(branch)

    post(branch, 100, hold_key="h", fact=True)

    assert balance(branch) == (600, 0, 100)


def test_unknown_hold_is_a_conflict(branch):
    with pytest.raises(Conflict) as refusal:
        release(branch, key="nobody")

    assert refusal.value.code == "no_hold"


def test_one_refused_post_refuses_them_all(branch):
    with pytest.raises(NoRoom):
        accounts.post_many([Post(branch.pk, Decimal(500), "a"), Post(branch.pk, Decimal(500), "b")], by=BY, at=NOW)

    assert balance(branch) == (600, 0, 0)


def test_two_posts_of_one_call_share_the_hold(branch):
    hold(branch, 500)

    accounts.post_many([Post(branch.pk, Decimal(300), "a", "h"), Post(branch.pk, Decimal(200), "b", "h")], by=BY, at=NOW)

    assert balance(branch) == (600, 0, 500)


def test_second_post_of_one_call_finds_what_the_first_has_left(branch):
    hold(branch, 500)

    with pytest.raises(WrongAmount):
        accounts.post_many([Post(branch.pk, Decimal(300), "a", "h"), Post(branch.pk, Decimal(300), "b", "h")], by=BY, at=NOW)

    assert balance(branch) == (600, 500, 0)


def test_reverse_takes_back_what_was_posted(bank, branch):
    post(branch, 500)

    first = reverse(branch, 200)
    again = reverse(branch, 200)

    assert first == again
    assert (balance(branch), balance(bank)) == ((600, 0, 300), (1000, 0, 300))


def test_reverse_more_than_posted_is_refused(branch):
    post(branch, 100)

    with pytest.raises(WrongAmount, match=r"已用金额 0\.01 万元"):
        accounts.reverse_many([Reverse(branch.pk, Decimal(101), "v")], by=BY, at=NOW)


def test_room_counts_ancestors_in(bank, branch):
    hold(account("other", 900, parent=bank), 700)

    with transaction.atomic():
        assert accounts.room(branch.pk) == 300
        assert accounts.room(account("open", None).pk) is None


def test_statement_and_balance_of_a_past_moment(branch):
    accounts.hold(Hold(branch.pk, Decimal(100), "h"), by=BY, at=LATER, note="推荐")

    assert accounts.balance_at(branch.pk, NOW) == (600, 0, 0)
    assert accounts.balance_at(branch.pk, LATER) == (600, 100, 0)
    assert accounts.balance_at(branch.pk, NOW - dt.timedelta(days=1)) == (None, 0, 0)
    assert [entry.kind for entry in accounts.statement(branch.pk)] == ["limit", "hold"]
    assert [entry.note for entry in accounts.statement(branch.pk, since=LATER)] == ["推荐"]
    assert [entry.kind for entry in accounts.statement(branch.pk, until=NOW)] == ["limit"]


def test_one_movement_is_one_read_and_one_write_whatever_the_number(bank, django_assert_max_num_queries):
    rows = [account(f"branch-{n}", 600, parent=bank) for n in range(30)]

    with django_assert_max_num_queries(6):
        accounts.hold_many([Hold(row.pk, Decimal(10), f"h{row.pk}") for row in rows], by=BY, at=NOW)
    with django_assert_max_num_queries(7):
        accounts.post_many([Post(row.pk, Decimal(10), f"p{row.pk}", f"h{row.pk}") for row in rows], by=BY, at=NOW, fact=True)

    assert balance(bank) == (1000, 0, 300)


def test_entries_are_never_changed_or_deleted(branch):
    entry = hold(branch, 100)

    for change in (lambda: Entry.objects.update(amount=1), entry.delete):
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            change()


def test_database_bounds_the_balance_itself(branch):
    with pytest.raises(IntegrityError, match="within_limit"), transaction.atomic():
        LedgerAccount.objects.filter(pk=branch.pk).update(held=601)


def test_many_limits_are_declared_in_one_go_and_once(bank, branch):
    limits = {bank.pk: (Decimal(2000), "bank:again"), branch.pk: (None, "branch:again")}

    accounts.set_limit_many(limits, by=BY, at=NOW)
    accounts.set_limit_many(limits, by=BY, at=LATER)

    assert [LedgerAccount.objects.get(pk=row.pk).limit for row in (bank, branch)] == [2000, None]
    assert (written(bank, "bank:again").amount, written(branch, "branch:again").amount) == (1000, -600)
    assert Entry.objects.filter(business_key__endswith=":again").count() == 2


def test_accounts_and_entries_say_what_they_are(bank):
    assert (str(bank), str(written(bank, "bank:limit"))) == ("bank", f"{bank.pk}#1 limit 1000.00")
