"""Random sequences of movements against plain Python arithmetic."""

from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from ledger import accounts
from ledger.accounts import Hold, NoRoom, WrongAmount
from ledger.models import Entry, LedgerAccount
from organisations.actors import system
from tests.factories import NOW

BY = system(NOW)
AMOUNTS = st.integers(1, 60_000).map(lambda fen: Decimal(fen).scaleb(-2))
CHILDREN = st.sampled_from(["left", "right"])


class Plain:
    """One account in plain numbers: its limit, the open part of each hold, and what is done."""

    def __init__(self, limit):
        self.limit, self.holds, self.posted = limit, {}, Decimal(0)

    @property
    def used(self):
        return sum(self.holds.values(), Decimal(0)) + self.posted

    def has_room(self, amount):
        return self.limit is None or self.used + amount <= self.limit


class Movements(RuleBasedStateMachine):
    """A parent with two children; every movement of a child is the parent's too."""

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.plain = {"top": Plain(Decimal(900)), "left": Plain(Decimal(500)), "right": Plain(None)}
        self.rows, self.keys, self.serial = {}, {}, 0
        for name, plain in self.plain.items():
            self.rows[name] = accounts.open_account(kind="budget", code=name, name=name, province="420000", parent=self.rows.get("top"))
            accounts.set_limit(self.rows[name].pk, plain.limit, business_key=f"{name}:limit", by=BY, at=NOW)

    def teardown(self):
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    def key(self):
        self.serial += 1
        return f"key-{self.serial}"

    def line(self, name):
        return [self.plain[name], self.plain["top"]]

    def how(self):
        return {"business_key": self.key(), "by": BY, "at": NOW}

    @rule(name=CHILDREN, amount=AMOUNTS)
    def hold(self, name, amount):
        key = self.key()
        fits = all(plain.has_room(amount) for plain in self.line(name))
        try:
            accounts.hold(Hold(self.rows[name].pk, amount, key), by=BY, at=NOW)
        except NoRoom:
            assert not fits
            return
        assert fits
        self.keys[key] = name
        for plain in self.line(name):
            plain.holds[key] = amount

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), amount=AMOUNTS, fact=st.booleans())
    def post_held(self, data, amount, fact):
        key = data.draw(st.sampled_from(sorted(self.keys)))
        name = self.keys[key]
        left = self.plain[name].holds[key]
        try:
            accounts.post(self.rows[name].pk, amount, hold_key=key, fact=fact, **self.how())
        except WrongAmount:
            assert not fact
            assert amount > left
            return
        for plain in self.line(name):
            plain.holds[key] -= min(left, amount)
            self._done(plain, amount, fact=fact)

    @rule(name=CHILDREN, amount=AMOUNTS, fact=st.booleans())
    def post_at_once(self, name, amount, fact):
        fits = all(plain.has_room(amount) for plain in self.line(name))
        try:
            accounts.post(self.rows[name].pk, amount, fact=fact, **self.how())
        except NoRoom:
            assert not fact
            assert not fits
            return
        for plain in self.line(name):
            self._done(plain, amount, fact=fact)

    def _done(self, plain, amount, *, fact):
        plain.posted += amount
        if plain.limit is not None and plain.used > plain.limit:
            assert fact
            plain.limit = plain.used

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def release(self, data):
        key = data.draw(st.sampled_from(sorted(self.keys)))
        name = self.keys[key]
        how = self.how()
        accounts.release(self.rows[name].pk, hold_key=key, **how)
        entry = Entry.objects.filter(account=self.rows[name], business_key=how["business_key"]).first()
        left = self.plain[name].holds[key]
        assert (entry.amount if entry else 0) == left
        for plain in self.line(name):
            plain.holds[key] = Decimal(0)

    @rule(name=CHILDREN, amount=AMOUNTS)
    def reverse(self, name, amount):
        enough = self.plain[name].posted >= amount
        try:
            accounts.reverse(self.rows[name].pk, amount, **self.how())
        except WrongAmount:
            assert not enough
            return
        assert enough
        for plain in self.line(name):
            plain.posted -= amount

    @rule(name=st.sampled_from(["top", "left", "right"]), limit=st.none() | st.integers(0, 1500).map(Decimal))
    def set_limit(self, name, limit):
        plain = self.plain[name]
        try:
            accounts.set_limit(self.rows[name].pk, limit, **self.how())
        except NoRoom:
            assert limit < plain.used
            return
        assert limit is None or limit >= plain.used
        plain.limit = limit

    @invariant()
    def balances_agree(self):
        found = {row.code: (row.limit, row.held, row.posted) for row in LedgerAccount.objects.order_by("pk")}
        assert found == {name: (plain.limit, sum(plain.holds.values()), plain.posted) for name, plain in self.plain.items()}

    @invariant()
    def last_entry_tells_the_balance(self):
        for row in LedgerAccount.objects.order_by("pk"):
            last = Entry.objects.filter(account=row).order_by("seq").last()
            assert (last.seq, last.limit_after, last.held_after, last.posted_after) == (row.last_seq, row.limit, row.held, row.posted)


@pytest.mark.django_db
def test_any_sequence_of_movements_agrees_with_plain_arithmetic():
    run_state_machine_as_test(Movements, settings=settings(max_examples=15, stateful_step_count=20, deadline=None))
