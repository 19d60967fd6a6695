"""Appetite and budgets rise and fall."""

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import rule

from deals.clocks import day
from ledger import accounts
from lenders.appetite import declare
from schemes.budgets import add_document
from tests.deals.life.going import BANKS, Going
from tests.factories import WAN


class Limits(Going):
    @rule(
        code=st.sampled_from(sorted(BANKS)),
        amount=st.sampled_from([0, 500, 2000, 4000, None]),
        name=st.sampled_from(["an", "bai", "system"]),
    )
    def declare_appetite(self, code, amount, name):
        """Of a branch, by whoever may or may not."""
        appetite = self.world.appetites[code]
        right = ("an", "system") if code == "CCB-WH" else ("mo_bank", "system") if code == "HBB-WH" else ("system",)
        facts = {
            "programme": self.world.programme,
            "period": appetite.period,
            "valid_from": appetite.valid_from,
            "valid_to": appetite.valid_to,
            "limit": None if amount is None else amount * WAN,
            "case_load": appetite.case_load,
        }
        branch = self.world.branches[code]
        self.go(lambda _row, seen, **how: declare(branch.bank, branch, **how), appetite, name, right, "declare", **facts)

    @rule(
        year=st.sampled_from([2026, 2027]),
        amount=st.sampled_from([-20_000, -1000, 5000, 40_000]),
        name=st.sampled_from(["qian", "zhao", "lin"]),
    )
    def budget_moves(self, year, amount, name):
        budget = self.world.budgets[year]
        if amount > 0:
            facts = {"fiscal_year": year, "number": self.number("文"), "amount": Decimal(amount), "issued_on": day(self.at)}
            scheme = self.world.addon.scheme
            self.go(lambda _row, seen, **how: add_document(scheme, **how), budget, name, ("qian",), "budget", **facts)
        else:
            key = self.number("cut")
            self.go(
                lambda _row, seen, **how: accounts.change_limit(budget.account_id, Decimal(amount), business_key=key, **how),
                budget, "system", ("system",), "cut",
            )  # fmt: skip
