"""What always holds, whoever did what in whatever order."""

from decimal import Decimal

from django.db import connection
from hypothesis.stateful import invariant

from deals.invariants import CHECKS
from deals.models import AccrualLine, Deal, InterestReceipt, Invitation, SubsidyClaim
from deals.states import BEFORE_SIGNING
from ledger.models import Entry, LedgerAccount
from tests.deals.life.going import Going


class Promises(Going):
    @invariant()
    def nothing_is_broken(self):
        type(self).steps["taken"] += 1
        found = broken()
        assert not found, found

    @invariant()
    def appetite_is_what_the_deals_come_to(self):
        for code, appetite in self.world.appetites.items():
            held = posted = Decimal(0)
            for deal in Deal.objects.filter(account=appetite.account_id):
                if deal.state in BEFORE_SIGNING:
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
                    assert sum(row.eligible for row in rows if not row.carried) <= gross
                    assert sum(row.paid or 0 for row in rows) <= gross


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
