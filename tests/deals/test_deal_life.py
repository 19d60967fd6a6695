"""Lives of deals in any order of steps, by the right people and the wrong ones, with every invariant asked after each step.

What is refused has changed nothing, what is sent again neither; nobody gets through with another's step; the appetite of each branch and
the budget of each year are recounted from deals and claims in plain Python beside the checks of `deals.invariants`.
"""

import contextlib
import datetime as dt
import os
from collections import Counter
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from common.errors import DomainError
from deals import bank_review, deal_steps, direct, drawdowns, interest, invitations, tasks, waiting
from deals.clocks import day
from deals.invariants import CHECKS
from deals.loans import loans
from deals.models import AccrualLine, Deal, Drawdown, InterestReceipt, Invitation, SubsidyClaim
from deals.states import BEFORE_SIGNING, DEAL_STEPS, INVITATION_STEPS
from deals.subsidies import claims
from deals.subsidies.states import STEPS_OF_CHANNEL
from ledger import accounts
from ledger.models import Entry, LedgerAccount
from lenders.appetite import declare
from projects.models import Filing, Need
from schemes.budgets import add_document
from tests import people
from tests.deals import cases
from tests.factories import NOW, WAN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_prepared")]
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
    "lenders_appetite": "version",
    "schemes_budgetdocument": "amount",
}
BANKS = {"ICBC-WH": "bai", "CCB-WH": "an", "HBB-WH": "mo_bank"}
EVERYBODY = ("lin", "su", "mo_firm", "bai", "an", "mo_bank", "zhao", "sun", "qian", "feng", "tan", "wang", "chen", "mo_county", "system")
OFFICES = {"review": ("zhao", "sun"), "approve": ("qian", "feng"), "refuse": ("qian", "feng"), "settle": ("qian", "feng")}
UNSIGNED = tuple(BEFORE_SIGNING)
NEXT = {
    "intent": "confirm",
    "confirmed": "start_diligence",
    "diligence": "approve_credit",
    "reported_up": "approve_credit",
    "credit_approved": "sign",
    "signed": "draw",
    "drawing": "draw",
}
BY_FIRM = {"confirm", "withdraw", "consent", "withhold", "file"}
HALF, FEN = Decimal("0.5"), Decimal("0.01")


class Life(RuleBasedStateMachine):
    """A province where two firms, three branches and the offices go on as they please, while time runs."""

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
        cases.invited(world, cast, "ICBC-WH", "CCB-WH", amount=1000 * WAN)
        cases.published(world, cast, cases.open_need(world, cast, amount=500 * WAN), "CCB-WH", "HBB-WH")

    def limits(self, world):
        """Little enough of everything that it runs short."""
        for code, amount in (("ICBC-WH", 3000), ("CCB-WH", 2500), ("HBB-WH", 2000)):
            accounts.set_limit(world.appetites[code].account_id, amount * WAN, business_key=f"short:{code}", by=self.cast.system, at=NOW)
        for year, amount in ((2026, 30_000), (2027, 100_000), (2028, 0)):
            accounts.set_limit(world.budgets[year].account_id, Decimal(amount), business_key=f"short:{year}", by=self.cast.system, at=NOW)

    def teardown(self):
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    # projects and time

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
            own = self.firm_of(filing)
            self.go(invitations.withdraw_filing, filing, data.draw(mostly(own)), own, "withdraw_filing", note="企业放弃")

    # what goes well

    @rule(data=st.data())
    def goes_on(self, data):
        """Something takes its next step by whoever is to take it, as in most lives; the other rules are for what goes astray."""
        ways = [way for kind in (self.next_of_invitation, self.next_of_deal, self.next_of_claim) for way in kind()]
        if ways:
            row, verb, right, call, facts = data.draw(st.sampled_from(ways))
            self.go(call, row, data.draw(st.sampled_from(right)), right, verb, **facts)

    goes_on_again = goes_on_further = goes_on_and_on = goes_on

    def next_of_invitation(self):
        for row in Invitation.objects.filter(state__in=["awaiting_consent", "open", "viewed"]).select_related("branch", "filing"):
            verb = "consent" if row.state == "awaiting_consent" else "accept"
            yield row, verb, self.firm_of(row.filing) if verb == "consent" else self.bank_of(row), INVITATION_CALLS[verb], {}

    def next_of_deal(self):
        for row in Deal.objects.filter(state__in=[*UNSIGNED, "signed", "drawing"]).select_related("branch", "filing", "need"):
            verb = NEXT[row.state] if row.origin != "direct" or row.state != "intent" else "confirm_direct"
            facts = {
                "approve_credit": {"amount": row.amount, "rate_bp": 285, "term_months": 24},
                "sign": self.contract(amount=row.approved_amount),
                "draw": {"slip_no": self.number("JJ"), "payee": "示例机床", "amount": to_fen((row.signed_amount or row.amount) * HALF)}
                | dict.fromkeys(("drawn_on", "paid_to_supplier_on"), day(self.at)),
            }
            yield row, verb, self.right_of(row, verb), DEAL_CALLS[verb], facts.get(verb, {})

    def next_of_claim(self):
        for row in SubsidyClaim.objects.exclude(state__in=["settled", "refused"]).select_related("deal__branch", "deal__filing", "scheme"):
            first = "evidence" if row.scheme.channel == "bank_net" else "file"
            verb = {"forecast": first, "approved": "settle", "reviewed": "approve"}.get(row.state, "review")
            facts = {"document_no": "鄂财金示〔2026〕1号"} if verb == "settle" else {}
            yield row, verb, self.deciders(row, verb), CLAIM_CALLS[verb], facts
            if row.state == "forecast":
                right = (*self.bank_of(row.deal), *self.firm_of(row.deal.filing))
                yield row.deal, "receipt", right, self.receive, self.slip_of_interest(row, Decimal(1))

    def receive(self, deal, *, seen, **how):
        return interest.record_receipt(deal, **how)

    def slip_of_interest(self, claim, share):
        gross, _net = interest.Figures(loans([claim.deal])).of(claim.deal_id, claim.period_start, claim.period_end)
        period = {"period_start": claim.period_start, "period_end": claim.period_end}
        return period | {"slip_no": self.number("FX"), "paid_on": day(self.at), "amount": to_fen(gross * share)}

    # invitations

    @precondition(lambda self: Invitation.objects.exists())
    @rule(data=st.data())
    def invitation_step(self, data):
        row = data.draw(row_of(Invitation.objects.select_related("branch", "filing")))
        verb = data.draw(verb_of({verb: step for verb, step in INVITATION_STEPS.items() if verb in INVITATION_CALLS}, row.state))
        right = self.firm_of(row.filing) if verb in BY_FIRM else self.bank_of(row)
        if verb == "answer":
            right = (*self.firm_of(row.filing), *self.bank_of(row), "system")
        extra = {"note": "理由"}
        if verb == "accept":
            extra["amount"] = data.draw(st.sampled_from([None, row.need.amount, row.need.amount * HALF, row.need.amount + 1]))
        elif verb == "decline":
            extra["code"] = "own_funds_short"
        elif verb == "ask":
            extra["waiting_for"] = "报表"
        self.go(INVITATION_CALLS[verb], row, data.draw(mostly(right)), right, verb, **extra)

    # deals

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
        verb = data.draw(verb_of({verb: step for verb, step in DEAL_STEPS.items() if verb in DEAL_CALLS}, row.state))
        right = self.right_of(row, verb)
        self.go(DEAL_CALLS[verb], row, data.draw(mostly(right)), right, verb, **self.facts(data, row, verb))

    def right_of(self, row, verb):
        firm, bank = self.firm_of(row.filing), self.bank_of(row)
        if verb == "answer":
            return (*firm, *bank, "system")
        if verb == "confirm_direct":
            return () if row.origin != "direct" else bank if row.registered_by_id == row.firm_id else firm
        if verb == "withdraw":
            return (*firm, "system")
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
        plain = {
            "repay": {"on": today, "slip_no": self.number("JQ")},
            "report_up": {"expected_on": today + dt.timedelta(5)},
            "decline": {"code": "own_funds_short"},
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

    # subsidies

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
        verb = data.draw(verb_of({verb: step for verb, step in table.items() if verb in CLAIM_CALLS}, row.state))
        right = self.deciders(row, verb)
        extra = {"note": "理由"}
        if verb in ("settle", "record"):
            extra["document_no"] = "鄂财金示〔2026〕1号"
        if verb == "settle":
            arranged = row.arranged or Decimal(0)
            extra["paid"] = data.draw(st.sampled_from([None, arranged, to_fen(arranged * HALF), arranged + 1]))
        if verb == "record":
            extra["amount"] = data.draw(st.sampled_from([row.eligible, row.eligible + 1, Decimal(0)]))
        if verb == "approve":
            extra["fiscal_year"] = data.draw(st.sampled_from([None, 2026, 2027, 2028]))
        self.go(CLAIM_CALLS[verb], row, data.draw(mostly(right)), right, verb, **extra)

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

    # appetite and budget

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

    # again

    @precondition(lambda self: self.last is not None)
    @rule()
    def same_again(self):
        """The last command that was done, sent once more word for word, changes nothing."""
        before = fingerprint()
        with contextlib.suppress(DomainError):
            self.last()
        assert fingerprint() == before

    # how every command is given

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
        Life.done[what] += 1

    def firm_of(self, filing):
        return ("lin", "su") if filing.firm_id == self.cast.firm.pk else ("mo_firm",) if filing.firm_id == self.cast.other_firm.pk else ()

    def bank_of(self, row):
        return (BANKS[row.branch.code],)

    def contract(self, *, amount):
        return {"contract_no": self.number("HT"), "contract_on": day(self.at), "amount": amount, "rate_bp": 285, "term_months": 36}

    def number(self, prefix):
        self.serial += 1
        return f"{prefix}-{self.serial}"

    # what always holds

    @invariant()
    def nothing_is_broken(self):
        Life.steps["taken"] += 1
        assert broken() == []

    @invariant()
    def appetite_is_what_the_deals_come_to(self):
        for code, appetite in self.world.appetites.items():
            held = posted = Decimal(0)
            for deal in Deal.objects.filter(account=appetite.account_id):
                if deal.state in UNSIGNED:
                    held += deal.amount
                elif deal.signed_amount is not None:
                    drawn = sum(row.amount for row in deal.drawdowns.all())
                    ended = deal.state in ("completed", "repaid") or was_closed(deal)
                    posted += drawn if ended else deal.signed_amount
            waiting_ = Invitation.objects.filter(
                state__in=["awaiting_consent", "open", "viewed"], branch__code=code, recommendation__isnull=False
            )
            held += sum(row.recommendation.amount for row in waiting_.select_related("recommendation") if row.recommendation.hold_key)
            account = LedgerAccount.objects.get(pk=appetite.account_id)
            assert (account.held, account.posted) == (held, posted), code

    @invariant()
    def claims_stay_within_their_budget(self):
        for year, budget in self.world.budgets.items():
            mine = SubsidyClaim.objects.filter(scheme=budget.scheme_id, fiscal_year=year)
            held = sum(row.arranged for row in mine if row.state == "approved")
            paid = sum(row.paid for row in mine if row.state == "settled")
            account = LedgerAccount.objects.get(pk=budget.account_id)
            assert (account.held, account.posted) == (held, paid)
            assert held + paid <= account.limit

    @invariant()
    def no_claim_is_above_the_interest_borne(self):
        for deal in Deal.objects.filter(claims__state__in=["filed", "evidenced", "reviewed", "approved", "settled"]).distinct():
            for end in set(deal.claims.values_list("period_end", flat=True)):
                rows = list(deal.claims.filter(period_end=end).exclude(state__in=["forecast", "refused"]))
                start = min((row.period_start for row in rows), default=end)
                slips = InterestReceipt.objects.filter(deal=deal, period_end__range=(start, end))
                gross = sum((slip.amount for slip in slips), Decimal(0))
                assert all(row.eligible <= row.requested for row in rows)
                if slips and not AccrualLine.objects.filter(claim__in=rows, version__scheme__channel="bank_net").exists():
                    assert sum(row.eligible for row in rows) <= gross


def was_closed(deal):
    return Entry.objects.filter(account=deal.account_id, business_key=f"deal:{deal.pk}:undrawn").exists()


def broken():
    """What `invariants.breaches` asks, planned once for all the steps: nearly all of its time on a small table is planning."""
    found = []
    with connection.cursor() as cursor:
        for number, check in enumerate(CHECKS):
            cursor.execute(f"EXECUTE check_{number}")
            found += [(check.rule, *row) for row in cursor.fetchall()]
    return found


@pytest.fixture
def _prepared(db):
    with connection.cursor() as cursor:
        for number, check in enumerate(CHECKS):
            cursor.execute(f"PREPARE check_{number} AS {check.sql}")
        yield
        cursor.execute("DEALLOCATE ALL")


def to_fen(amount):
    return amount.quantize(FEN)


def fingerprint():
    sums = (f"(SELECT COALESCE(SUM({what}), 0) + COUNT(*) FROM {table})" for table, what in TABLES.items())  # noqa: S608 -- constants
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(sums))
        return cursor.fetchone()


def row_of(rows):
    return st.sampled_from(list(rows.order_by("-pk")))


def verb_of(table, state):
    """Mostly one that its state allows."""
    fit = sorted(verb for verb, step in table.items() if state in step.source)
    return mostly(fit, others=sorted(table))


def mostly(right, others=EVERYBODY):
    """One of these, and now and then any."""
    return st.integers(0, 5).flatmap(lambda lot: st.sampled_from(list(right) if right and lot < 5 else list(others)))


INVITATION_CALLS = {
    "consent": invitations.consent,
    "withhold": invitations.withhold,
    "view": invitations.view,
    "ask": waiting.ask,
    "answer": waiting.answer,
    "accept": bank_review.accept,
    "decline": bank_review.decline,
}
DEAL_CALLS = {
    "confirm": deal_steps.confirm,
    "confirm_direct": deal_steps.confirm_direct,
    "start_diligence": deal_steps.start_diligence,
    "ask": waiting.ask,
    "answer": waiting.answer,
    "report_up": deal_steps.report_up,
    "approve_credit": deal_steps.approve_credit,
    "sign": deal_steps.sign,
    "draw": drawdowns.draw,
    "close_drawing": drawdowns.close_drawing,
    "repay": drawdowns.repay_all,
    "decline": bank_review.decline,
    "withdraw": deal_steps.withdraw,
}
CLAIM_CALLS = {
    "file": claims.file,
    "evidence": claims.evidence,
    "review": claims.review,
    "approve": claims.approve,
    "refuse": claims.refuse,
    "settle": claims.settle,
}


def live(world, cast, *, examples, steps, **how):
    Life.steps, Life.done = Counter(), Counter()
    run_state_machine_as_test(
        lambda: Life(world, cast),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
            database=None,
            **how,
        ),
    )


def test_any_order_of_steps_keeps_every_promise(world, cast):
    live(world, cast, examples=3, steps=25, derandomize=True)

    assert Life.steps["taken"] > 50


@pytest.mark.long
def test_five_thousand_steps_keep_every_promise(world, cast, record_property):
    lives = int(os.environ.get("FULCRUM_LIVES", "110"))  # fewer to look for something, more over night

    live(world, cast, examples=lives, steps=60)

    done = {what: number for what, number in Life.done.items() if not what.startswith("refused")}
    refused = sum(Life.done.values()) - sum(done.values())
    record_property("lives", f"{Life.steps['taken']:,} steps, {sum(done.values()):,} commands done, {refused:,} refused: {done}")
    assert Life.steps["taken"] >= 46 * lives
    assert lives < 100 or {*INVITATION_CALLS, *DEAL_CALLS, *CLAIM_CALLS} <= set(Life.done)
