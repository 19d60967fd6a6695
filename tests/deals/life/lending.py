"""Deals from a bank's intent to the last repayment, drawdowns and what becomes of them, rates fixed anew."""

import datetime as dt
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from deals import direct, drawdowns, interest
from deals.actions import DEAL_ACTIONS
from deals.clocks import day
from deals.models import Deal, Drawdown
from deals.states import BEFORE_SIGNING, DEAL_STEPS
from projects.models import Need
from tests.deals.life.going import BANKS, Going
from tests.deals.life.lots import FEN, HALF, mostly, row_of, to_fen, verb_of

NEXT = {
    "intent": "confirm",
    "confirmed": "start_diligence",
    "diligence": "approve_credit",
    "reported_up": "approve_credit",
    "credit_approved": "sign",
    "signed": "draw",
    "drawing": "draw",
}


class Lending(Going):
    @precondition(lambda self: Need.objects.filter(filing__state="listed").exists())
    @rule(data=st.data(), share=st.sampled_from([HALF, Decimal(1), Decimal("1.1")]))
    def register_direct(self, data, share):
        need = data.draw(row_of(Need.objects.filter(filing__state="listed").select_related("filing__firm")))
        code = data.draw(st.sampled_from(sorted(BANKS)))
        right = (*self.firm_of(need.filing), BANKS[code])
        name = data.draw(mostly(right))
        contract = self.contract(amount=need.amount * share)
        self.go(
            lambda _row, seen, **how: direct.register_direct(need, self.world.branches[code], **how),
            need,
            name,
            right,
            "direct",
            **contract,
        )

    @precondition(lambda self: Deal.objects.exists())
    @rule(data=st.data())
    def deal_step(self, data):
        row = data.draw(row_of(Deal.objects.select_related("branch", "filing", "need")))
        verb = data.draw(verb_of({verb: step for verb, step in DEAL_STEPS.items() if verb in DEAL_ACTIONS}, row.state))
        right = self.right_of(row, verb)
        self.go(DEAL_ACTIONS[verb], row, data.draw(mostly(right)), right, verb, **self.facts(data, row, verb))

    def right_of(self, row, verb):
        firm, bank = self.firm_of(row.filing), self.bank_of(row)
        if verb == "answer":
            return (*firm, *bank, "system")
        if verb == "confirm_direct":
            return () if row.origin != "direct" else bank if row.registered_by_id == row.firm_id else firm
        if verb == "withdraw":
            return (*firm, "system")
        if verb == "move":
            return firm
        if verb == "confirm":
            return firm if row.origin != "direct" else ()
        return bank

    def facts(self, data, row, verb):
        today = day(self.at)
        if verb == "approve_credit":
            amount = data.draw(st.sampled_from([row.amount, row.amount * HALF, row.need.amount, row.need.amount + 1]))
            return {"amount": amount, "rate_bp": data.draw(st.sampled_from([285, 40])), "term_months": data.draw(st.sampled_from([12, 60]))}
        if verb == "sign":
            most = row.approved_amount or row.amount
            return self.contract(amount=data.draw(st.sampled_from([most, most * HALF, most + 1])))
        if verb == "draw":
            return self.slip(data, row)
        new = {"contract_no": self.number("HT"), "contract_on": today, "rate_bp": 270, "term_months": 24}
        owed = sum((drawdowns.balance(drawn) for drawn in row.drawdowns.all()), Decimal(0))
        plain = {
            "extend": {"agreement_no": self.number("ZQ"), "agreed_on": today, "months": 6},
            "refinance": {"on": today, "slip_no": self.number("JX"), **new},
            "move": {"branch": data.draw(st.sampled_from(sorted(BANKS))), "amount": owed or row.amount, **new},
            "repay": {"on": today, "slip_no": self.number("JQ")},
            "report_up": {"expected_on": today + dt.timedelta(5)},
            "decline": {"code": "collateral_short"},
            "ask": {"waiting_for": "报表"},
        }
        return plain.get(verb, {"note": "理由"})

    def slip(self, data, row):
        """A drawdown of all that is left, of half, or of a fen too much; today or told late; paid on or not yet."""
        left = (row.signed_amount or row.amount) - sum(drawn.amount for drawn in row.drawdowns.all())
        amount = data.draw(st.sampled_from([left, to_fen(left * HALF), left + FEN]))
        today = day(self.at)
        on = max(row.contract_on or today, today - dt.timedelta(data.draw(st.sampled_from([0, 20, 120]))))
        return {
            "slip_no": self.number("JJ"),
            "drawn_on": on,
            "amount": amount,
            "equipment_amount": data.draw(st.sampled_from([None, to_fen(amount * HALF)])),
            "payee": "示例机床",
            "paid_to_supplier_on": data.draw(st.sampled_from([None, on, today])),
        }

    @precondition(lambda self: Drawdown.objects.exists())
    @rule(data=st.data(), verb=st.sampled_from(["repay", "refund", "pay_supplier"]), share=st.sampled_from(["0.3", "1", "1.2"]))
    def drawdown_fact(self, data, verb, share):
        row = data.draw(row_of(Drawdown.objects.select_related("deal__branch", "deal__filing")))
        right = self.bank_of(row.deal)
        on = max(row.drawn_on, day(self.at) - dt.timedelta(data.draw(st.sampled_from([0, 15, 90]))))
        if verb == "pay_supplier":
            self.go(drawdowns.pay_supplier, row, data.draw(mostly(right)), right, verb, paid_on=on)
            return
        amount = to_fen(drawdowns.balance(row) * Decimal(share))
        facts = {"on": on, "amount": amount, "slip_no": self.number("HK")}
        call = getattr(drawdowns, verb)
        self.go(lambda _row, seen, **how: call(row, **how), row, data.draw(mostly(right)), right, verb, **facts)

    @precondition(lambda self: Drawdown.objects.exists())
    @rule(data=st.data(), rate_bp=st.integers(20, 400))
    def rate_changes(self, data, rate_bp):
        row = data.draw(row_of(Deal.objects.filter(drawdowns__isnull=False).select_related("branch").distinct()))
        right = self.bank_of(row)
        facts = {"valid_from": day(self.at), "rate_bp": rate_bp}
        self.go(lambda _row, seen, **how: interest.change_rate(row, **how), row, data.draw(mostly(right)), right, "change_rate", **facts)

    def next_of_deal(self):
        running = Deal.objects.filter(state__in=[*BEFORE_SIGNING, "signed", "drawing"])
        for row in running.select_related("branch", "filing", "need").order_by("pk"):
            verb = NEXT[row.state] if row.origin != "direct" or row.state != "intent" else "confirm_direct"
            facts = {
                "approve_credit": {"amount": row.amount, "rate_bp": 285, "term_months": 24},
                "sign": self.contract(amount=row.approved_amount),
                "draw": {"slip_no": self.number("JJ"), "payee": "示例机床", "amount": to_fen((row.signed_amount or row.amount) * HALF)}
                | dict.fromkeys(("drawn_on", "paid_to_supplier_on"), day(self.at)),
            }
            yield row, verb, self.right_of(row, verb), DEAL_ACTIONS[verb], facts.get(verb, {})
