"""Second docking: whose banks have all ended is listed, asks again, meets, rests and comes back."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from deals import tasks
from deals.clocks import day
from deals.docking import beginning
from deals.docking.states import DOCKING_STEPS
from deals.docking.steps import DOCKING_ACTIONS
from deals.models import SecondDocking
from projects.models import Need
from tests.deals.life.going import BANKS, Going, fingerprint
from tests.deals.life.lots import mostly, row_of, verb_of

OFFICE = ("chen",)
BY_FIRM = {"ask", "join", "leave", "pause"}


def begin(need, *, seen, **how):
    return beginning.begin(need, **how)


class Docking(Going):
    @rule()
    def banks_have_ended(self):
        tasks.dock_due(at=self.at)
        before = fingerprint()
        assert tasks.dock_due(at=self.at) == 0
        assert fingerprint() == before

    @precondition(lambda self: Need.objects.exists())
    @rule(data=st.data())
    def somebody_begins(self, data):
        need = data.draw(row_of(Need.objects.select_related("filing")))
        right = (*self.firm_of(need.filing), *OFFICE)
        self.go(begin, need, data.draw(mostly(right)), right, "begin")

    @precondition(lambda self: SecondDocking.objects.exclude(state="ended").exists())
    @rule(data=st.data())
    def docking_step(self, data):
        row = data.draw(row_of(SecondDocking.objects.exclude(state="ended").select_related("filing")))
        verb = data.draw(verb_of({verb: DOCKING_STEPS[verb] for verb in DOCKING_ACTIONS}, row.state))
        right = self.right_of_docking(row, verb)
        self.go(DOCKING_ACTIONS[verb], row, data.draw(mostly(right)), right, verb, **self.facts_of(verb, data))

    docking_step_again = docking_step

    def right_of_docking(self, row, verb):
        own = self.firm_of(row.filing)
        return (*own, *OFFICE) if verb == "resume" else own if verb in BY_FIRM else OFFICE

    def facts_of(self, verb, data):
        held = {"held_on": day(self.at), "summary": "意见"}
        if verb == "ask":
            first, second = data.draw(st.permutations(sorted(BANKS)))[:2]
            return {
                "first": first,
                "second": data.draw(st.sampled_from([second, ""])),
                "why": data.draw(st.sampled_from(["已追加抵押", ""])),
            }
        return {
            "convene": {"owner": "王局长", "meeting_on": day(self.at)},
            "agree": held,
            "park": held | {"reason": "订单不足"},
            "pause": {"reason": "暂缓"},
            "resume": {"note": "情况有变"},
        }.get(verb, {})
