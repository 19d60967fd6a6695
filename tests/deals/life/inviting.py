"""Letters to banks: agreed to by the firm, answered by the bank."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from deals.actions import INVITATION_ACTIONS
from deals.models import Invitation
from deals.states import INVITATION_STEPS
from tests.deals.life.going import Going
from tests.deals.life.lots import HALF, mostly, row_of, verb_of

BY_FIRM = {"consent", "withhold"}


class Inviting(Going):
    @precondition(lambda self: Invitation.objects.exists())
    @rule(data=st.data())
    def invitation_step(self, data):
        row = data.draw(row_of(Invitation.objects.select_related("branch", "filing")))
        verb = data.draw(verb_of({verb: step for verb, step in INVITATION_STEPS.items() if verb in INVITATION_ACTIONS}, row.state))
        right = self.firm_of(row.filing) if verb in BY_FIRM else self.bank_of(row)
        if verb == "answer":
            right = (*self.firm_of(row.filing), *self.bank_of(row), "system")
        extra = {"note": "理由"}
        if verb == "accept":
            extra["amount"] = data.draw(st.sampled_from([None, row.need.amount, row.need.amount * HALF, row.need.amount + 1]))
        elif verb == "decline":
            extra["code"] = "collateral_short"
        elif verb == "ask":
            extra["waiting_for"] = "报表"
        self.go(INVITATION_ACTIONS[verb], row, data.draw(mostly(right)), right, verb, **extra)

    def next_of_invitation(self):
        waiting = Invitation.objects.filter(state__in=["awaiting_consent", "open", "viewed"])
        for row in waiting.select_related("branch", "filing").order_by("pk"):
            verb = "consent" if row.state == "awaiting_consent" else "accept"
            yield row, verb, self.firm_of(row.filing) if verb == "consent" else self.bank_of(row), INVITATION_ACTIONS[verb], {}
