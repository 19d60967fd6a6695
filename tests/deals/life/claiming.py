"""Interest paid, and the subsidies claimed for it."""

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from deals import interest
from deals.clocks import day
from deals.loans import loans
from deals.models import SubsidyClaim
from deals.subsidies import claims
from deals.subsidies.actions import CLAIM_ACTIONS
from deals.subsidies.states import STEPS_OF_CHANNEL
from tests.deals.life.going import Going
from tests.deals.life.lots import HALF, mostly, row_of, to_fen, verb_of

OFFICES = {"review": ("zhao", "sun"), "approve": ("qian", "feng"), "refuse": ("qian", "feng"), "settle": ("qian", "feng")}
TAKEN = {verb: act for verb, act in CLAIM_ACTIONS.items() if verb not in ("record", "cross_check")}


class Claiming(Going):
    @precondition(lambda self: SubsidyClaim.objects.filter(state="forecast").exists())
    @rule(data=st.data(), share=st.sampled_from(["1", "1", "0.2"]))
    def interest_is_paid(self, data, share):
        claim = data.draw(row_of(SubsidyClaim.objects.filter(state="forecast").select_related("deal__branch", "deal__filing")))
        right = (*self.bank_of(claim.deal), *self.firm_of(claim.deal.filing))
        facts = self.slip_of_interest(claim, Decimal(share))
        self.go(self.receive, claim.deal, data.draw(mostly(right)), right, "receipt", **facts)

    @precondition(lambda self: SubsidyClaim.objects.exists())
    @rule(data=st.data())
    def claim_step(self, data):
        row = data.draw(row_of(SubsidyClaim.objects.select_related("deal__branch", "deal__filing", "scheme")))
        table = STEPS_OF_CHANNEL[row.scheme.channel]
        verb = data.draw(verb_of({verb: step for verb, step in table.items() if verb in TAKEN}, row.state))
        right = self.deciders(row, verb)
        extra = {"note": "理由"}
        if verb == "settle":
            extra["document_no"] = "鄂财金示〔2026〕1号"
            arranged = row.arranged or Decimal(0)
            extra["paid"] = data.draw(st.sampled_from([None, arranged, to_fen(arranged * HALF), arranged + 1]))
        if verb == "approve":
            extra["fiscal_year"] = data.draw(st.sampled_from([None, 2026, 2027, 2028]))
        self.go(TAKEN[verb], row, data.draw(mostly(right)), right, verb, **extra)

    def deciders(self, row, verb):
        if verb == "file":
            return self.firm_of(row.deal.filing)
        if verb == "evidence":
            return self.bank_of(row.deal)
        if row.scheme.channel == "bank_net":
            return ("tan", "second")
        return OFFICES[verb]

    @precondition(lambda self: SubsidyClaim.objects.filter(state="reviewed", scheme__channel="firm_reimburse").count() > 1)
    @rule(name=st.sampled_from(["qian", "feng"]))
    def approve_together(self, name):
        rows = list(SubsidyClaim.objects.filter(state="reviewed", scheme__channel="firm_reimburse").order_by("pk"))
        results = claims.approve_many(rows, by=getattr(self.cast, name), at=self.at, fiscal_year=2026)
        self.count("approve_many" if any(result.error is None for result in results) else "refused approve_many")

    def next_of_claim(self):
        running = SubsidyClaim.objects.exclude(state__in=["settled", "refused"])
        for row in running.select_related("deal__branch", "deal__filing", "scheme").order_by("pk"):
            first = "evidence" if row.scheme.channel == "bank_net" else "file"
            verb = {"forecast": first, "approved": "settle", "reviewed": "approve"}.get(row.state, "review")
            facts = {"document_no": "鄂财金示〔2026〕1号"} if verb == "settle" else {}
            yield row, verb, self.deciders(row, verb), TAKEN[verb], facts
            if row.state == "forecast":
                right = (*self.bank_of(row.deal), *self.firm_of(row.deal.filing))
                yield row.deal, "receipt", right, self.receive, self.slip_of_interest(row, Decimal(1))

    def receive(self, deal, *, seen, **how):
        return interest.record_receipt(deal, **how)

    def slip_of_interest(self, claim, share):
        gross, _net = interest.Figures(loans([claim.deal])).of(claim.deal_id, claim.period_start, claim.period_end)
        period = {"period_start": claim.period_start, "period_end": claim.period_end}
        return period | {"slip_no": self.number("FX"), "paid_on": day(self.at), "amount": to_fen(gross * share)}
