"""How every command is given: by somebody, at a moment, and what is refused has written nothing."""

import contextlib
import datetime as dt
from collections import Counter
from decimal import Decimal

from django.db import connection, transaction
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from common.errors import DomainError
from deals import tasks
from deals.clocks import day
from ledger import accounts
from tests import people
from tests.deals import cases
from tests.deals.life.lots import EVERYBODY
from tests.factories import NOW, WAN

TABLES = {  # what a step may write; its sum tells whether it wrote
    "deals_deal": "version",
    "deals_invitation": "version",
    "deals_subsidyclaim": "version",
    "deals_drawdown": "version",
    "deals_repayment": "1",
    "deals_interestreceipt": "1",
    "deals_rateperiod": "1",
    "deals_accrualline": "amount",
    "common_auditevent": "1",
    "common_deadline": "1",
    "ledger_entry": "1",
    "ledger_ledgeraccount": 'held + posted + COALESCE("limit", -1)',
    "projects_disclosure": "1",
    "projects_filing": "version",
    "projects_need": "version",
    "deals_seconddocking": "version",
    "deals_fourpartymeeting": "1",
    "deals_dockinglist": "1",
    "lenders_appetite": "version",
    "schemes_budgetdocument": "amount",
}
BANKS = {"ICBC-WH": "bai", "CCB-WH": "an", "HBB-WH": "mo_bank"}


class Going(RuleBasedStateMachine):
    """A province that somebody gives commands in; the steps of the business are added to it."""

    steps: Counter = Counter()
    done: Counter = Counter()

    def __init__(self, world, cast):
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.world, self.cast, self.at = world, cast, NOW
        self.serial, self.last = 0, None
        self.people = {name: getattr(cast, name) for name in EVERYBODY} | {
            "second": people.member(world["FIN-420100"].organisation, "signer", name="second")
        }
        self.limits(world)
        self.lend(world, cast)
        cases.invited(world, cast, "ICBC-WH", "CCB-WH", at=self.at, amount=1000 * WAN)
        cases.published(world, cast, cases.open_need(world, cast, amount=500 * WAN), "CCB-WH", "HBB-WH", at=self.at)

    def lend(self, world, cast):
        """A loan of four months, so that interest and claims come on in every life."""
        cases.drawn(world, cast, cases.signed(world, cast))
        self.at += dt.timedelta(120)
        tasks.accrue_due(until=day(self.at), at=self.at)

    def limits(self, world):
        """Little enough of everything that it runs short."""
        for code, amount in (("ICBC-WH", 3000), ("CCB-WH", 2500), ("HBB-WH", 2000)):
            accounts.set_limit(world.appetites[code].account_id, amount * WAN, business_key=f"short:{code}", by=self.cast.system, at=NOW)
        for year, amount in ((2026, 30_000), (2027, 100_000), (2028, 0)):
            accounts.set_limit(world.budgets[year].account_id, Decimal(amount), business_key=f"short:{year}", by=self.cast.system, at=NOW)

    def teardown(self):
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @precondition(lambda self: self.last is not None)
    @rule()
    def same_again(self):
        """The last command that was done, sent once more word for word, changes nothing."""
        before = fingerprint()
        with contextlib.suppress(DomainError):
            self.last()
        assert fingerprint() == before

    def go(self, call, row, name, right, verb, **facts):
        """Take the step; who may not is refused, and whatever is refused has written nothing."""
        by, at, seen, before = self.people[name], self.at, getattr(row, "version", 0), fingerprint()
        kind = type(row)

        def again():
            return call(kind.objects.get(pk=row.pk), by=by, at=at, seen=seen, **facts)

        try:
            again()
        except DomainError:
            assert fingerprint() == before, f"{verb} by {name} was refused and left something behind"
            self.count(f"refused {verb}")
            return
        assert name in right, f"{verb} by {name} of a {kind.__name__} in {getattr(row, 'state', '')} was let through"
        self.count(verb)
        self.last = again

    def count(self, what):
        type(self).done[what] += 1

    def firm_of(self, filing):
        return ("lin", "su") if filing.firm_id == self.cast.firm.pk else ("mo_firm",) if filing.firm_id == self.cast.other_firm.pk else ()

    def bank_of(self, row):
        return (BANKS[row.branch.code],)

    def contract(self, *, amount):
        return {"contract_no": self.number("HT"), "contract_on": day(self.at), "amount": amount, "rate_bp": 285, "term_months": 36}

    def number(self, prefix):
        self.serial += 1
        return f"{prefix}-{self.serial}"


def fingerprint():
    sums = (f"(SELECT COALESCE(SUM({what}), 0) + COUNT(*) FROM {table})" for table, what in TABLES.items())  # noqa: S608 -- constants
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(sums))
        return cursor.fetchone()
