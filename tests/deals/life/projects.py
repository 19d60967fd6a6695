"""Projects come and go, and time passes."""

import datetime as dt

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from deals import invitations, tasks
from deals.clocks import day
from ledger import accounts
from projects.models import Filing
from tests.deals import cases
from tests.deals.life.going import BANKS, Going, fingerprint
from tests.deals.life.lots import mostly, row_of
from tests.factories import WAN


class Projects(Going):
    @precondition(lambda self: Filing.objects.count() < 5)
    @rule(
        banks=st.lists(st.sampled_from(sorted(BANKS)), min_size=1, max_size=3, unique=True),
        amount=st.sampled_from([500, 1000, 2000]),
        other=st.booleans(),
    )
    def list_project(self, banks, amount, other):
        owner = self.cast.other_firm if other else self.cast.firm
        cases.invited(self.world, self.cast, *banks, at=self.at, owner=owner, amount=amount * WAN)

    @precondition(lambda self: Filing.objects.count() < 6)
    @rule(banks=st.permutations(sorted(BANKS)), number=st.integers(1, 3), amount=st.sampled_from([500, 1000, 2000]))
    def recommend(self, banks, number, amount):
        need = cases.open_need(self.world, self.cast, amount=amount * WAN)
        free = accounts.room(self.world.appetites[banks[0]].account_id)
        if free is None or free >= need.amount:
            cases.published(self.world, self.cast, need, *banks[:number], at=self.at)

    @rule(days=st.sampled_from([1, 4, 16, 31, 100]))
    def time_passes(self, days):
        self.at += dt.timedelta(days)
        tasks.expire_due(at=self.at)
        tasks.accrue_due(until=day(self.at), at=self.at)
        before = fingerprint()
        assert tasks.expire_due(at=self.at) == 0
        assert tasks.accrue_due(until=day(self.at), at=self.at) == 0
        assert fingerprint() == before

    @precondition(lambda self: Filing.objects.filter(state="listed").exists())
    @rule(data=st.data(), removed=st.booleans())
    def project_goes(self, data, removed):
        if data.draw(st.integers(0, 3)):
            return
        filing = data.draw(row_of(Filing.objects.filter(state="listed")))
        if removed:
            name = data.draw(mostly(("zhao", "sun")))
            self.go(invitations.remove_filing, filing, name, ("zhao", "sun"), "remove", note="不再符合条件")
        else:
            own = (*self.firm_of(filing), "system")
            self.go(invitations.withdraw_filing, filing, data.draw(mostly(own)), own, "withdraw_filing", note="企业放弃")
