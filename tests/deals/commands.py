"""Every command that moves money, each ready to be sent: what faults, repetitions and races are tried on.

A command is prepared by the steps themselves and handed over as a call that can be made again and again, with the versions looked at
before it was first made, as a browser or a bank's machine sends the same request again.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from common.models import AuditEvent
from deals import bank_review, deal_steps, direct, drawdowns, interest, invitations, signing
from deals.models import Deal, Drawdown, Invitation
from deals.subsidies import accrual, claims
from deals.subsidies.models import AccrualLine, SubsidyClaim
from ledger import accounts
from ledger.models import Entry, LedgerAccount
from lenders import appetite
from schemes import budgets
from tests import people
from tests.deals import cases, claim_cases
from tests.deals.claim_cases import JULY
from tests.factories import NOW, TODAY, WAN

Send = Callable[[], Any]
COUNTED = (Deal, Invitation, Drawdown, AccrualLine, SubsidyClaim)


class Books:
    """What the books show from a moment on: movements, balances, audited steps, states. Ids, which differ each time, are left out."""

    def __init__(self) -> None:
        self._balances = _balances()
        self._newest = {model: model.objects.aggregate(newest=Max("pk"))["newest"] or 0 for model in (Entry, AuditEvent)}
        self.untouched = self.shown()

    def shown(self) -> Counter[Any]:
        found: Counter[Any] = Counter()
        for entry in Entry.objects.filter(pk__gt=self._newest[Entry]).select_related("account"):
            found["entry", _plain(entry.account.code), entry.kind, entry.amount, _plain(entry.business_key), entry.flag] += 1
        for subject, verb in AuditEvent.objects.filter(pk__gt=self._newest[AuditEvent]).values_list("subject", "verb"):
            found["event", subject, verb] += 1
        for code, (limit, held, posted) in _balances().items():
            before = self._balances.get(code, (None, 0, 0))
            if (limit, held, posted) != before:
                found["balance", _plain(code), limit, held - before[1], posted - before[2]] += 1
        for model in COUNTED:
            for state in model.objects.values_list(
                "kind" if model is AccrualLine else "state" if model is not Drawdown else "slip_no", flat=True
            ):
                found["row", model.__name__, state] += 1
        return found


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside has not happened."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _balances() -> dict[str, tuple[Any, ...]]:
    return {row.code: (row.limit, row.held, row.posted) for row in LedgerAccount.objects.order_by("pk")}


def _plain(text: str) -> str:
    return re.sub(r"\d+", "#", text)


def accept(world, cast) -> Send:
    row = cases.invited(world, cast, "ICBC-WH")["ICBC-WH"]
    return lambda: bank_review.accept(Invitation.objects.get(pk=row.pk), by=cast.bai, at=NOW, seen=row.version)


def accept_recommended(world, cast) -> Send:
    row = _recommended(world, cast)
    return lambda: bank_review.accept(Invitation.objects.get(pk=row.pk), by=cast.bai, at=NOW, seen=row.version)


def decline_recommended(world, cast) -> Send:
    row = _recommended(world, cast)
    return lambda: bank_review.decline(Invitation.objects.get(pk=row.pk), by=cast.bai, at=NOW, seen=row.version, code="own_funds")


def expire_recommended(world, cast) -> Send:
    row = cases.published(world, cast, cases.open_need(world, cast), "ICBC-WH", "CCB-WH")
    late = row.expires_at + dt.timedelta(days=1)
    return lambda: invitations.expire_many([Invitation.objects.get(pk=row.pk)], at=late)


def confirm(world, cast) -> Send:
    letters = cases.invited(world, cast, "ICBC-WH", "CCB-WH")
    deal, _rival = (cases.accepted(world, cast, letters[code]) for code in ("ICBC-WH", "CCB-WH"))
    seen = cases.fresh(deal).version
    return lambda: deal_steps.confirm(cases.fresh(deal), by=cast.lin, at=NOW, seen=seen)


def approve_credit(world, cast) -> Send:
    deal = cases.confirmed(world, cast)
    deal_steps.start_diligence(deal, by=cast.bai, at=NOW, seen=deal.version)
    seen, terms = deal.version, {"amount": deal.amount, "rate_bp": 285, "term_months": 60}
    return lambda: deal_steps.approve_credit(cases.fresh(deal), by=cast.bai, at=NOW, seen=seen, **terms)


def withdraw(world, cast) -> Send:
    deal = cases.approved(world, cast)
    return lambda: deal_steps.withdraw(cases.fresh(deal), by=cast.lin, at=NOW, seen=deal.version, note="不再贷款")


def sign(world, cast) -> Send:
    deal = cases.approved(world, cast)
    terms = cases.CONTRACT | {"amount": deal.approved_amount}
    return lambda: signing.sign(cases.fresh(deal), by=cast.bai, at=NOW, seen=deal.version, **terms)


def register_direct(world, cast) -> Send:
    need = cases.open_need(world, cast)
    return lambda: direct.register_direct(need, world["ICBC-WH"], by=cast.bai, at=NOW, amount=cases.AMOUNT, **cases.CONTRACT)


def confirm_direct_beyond_the_appetite(world, cast) -> Send:
    deal = register_direct(world, cast)()
    for account in (world.appetites["ICBC-WH"].account, world.appetites["ICBC-WH"].account.parent):
        accounts.set_limit(account.pk, 100 * WAN, business_key="cut", by=cast.system, at=NOW)
    return lambda: direct.confirm_direct(cases.fresh(deal), by=cast.lin, at=NOW, seen=deal.version)


def draw(world, cast) -> Send:
    deal = cases.signed(world, cast)
    facts = {"slip_no": "JJ-7", "drawn_on": TODAY, "amount": cases.AMOUNT, "payee": "武汉示例机床有限公司", "paid_to_supplier_on": TODAY}
    return lambda: drawdowns.draw(cases.fresh(deal), by=cast.bai, at=NOW, seen=deal.version, **facts)


def close_drawing(world, cast) -> Send:
    deal = cases.drawn(world, cast, cases.signed(world, cast), amount=cases.AMOUNT / 2)
    deal = Deal.objects.get(pk=getattr(deal, "deal_id", deal.pk))
    return lambda: drawdowns.close_drawing(cases.fresh(deal), by=cast.bai, at=NOW, seen=deal.version, note="设备减少")


def repay_part(world, cast) -> Send:
    deal = cases.signed(world, cast)
    cases.drawn(world, cast, deal)
    row = Drawdown.objects.get(deal=deal)
    return lambda: drawdowns.repay(row, by=cast.bai, at=NOW, on=TODAY, amount=100 * WAN, slip_no="HK-1")


def receive_interest(world, cast) -> Send:
    deal = cases.signed(world, cast)
    cases.drawn(world, cast, deal)
    facts = {"period_start": TODAY, "period_end": dt.date(2026, 3, 20), "paid_on": dt.date(2026, 3, 20), "amount": Decimal("30083.33")}
    return lambda: interest.record_receipt(cases.fresh(deal), slip_no="FX-7", by=cast.bai, at=JULY, **facts)


def accrue(world, cast) -> Send:
    deal = cases.signed(world, cast)
    cases.drawn(world, cast, deal)
    return lambda: accrual.accrue(cases.fresh(deal), until=JULY.date(), by=cast.system, at=JULY)


def file_claim(world, cast) -> Send:
    row = claim_cases.claims(world, cast)["HB-ADDON"][0]
    return lambda: claims.file(_claim(row), by=cast.lin, at=JULY, seen=row.version)


def approve_claim(world, cast) -> Send:
    row = claim_cases.reviewed(world, cast)[0]
    return lambda: claims.approve(_claim(row), by=cast.qian, at=JULY, seen=row.version)


def settle_claim(world, cast) -> Send:
    row = claim_cases.reviewed(world, cast)[0]
    claims.approve(row, by=cast.qian, at=JULY, seen=row.version)
    paid = row.arranged - Decimal("0.01")
    return lambda: claims.settle(_claim(row), by=cast.qian, at=JULY, seen=row.version, document_no="鄂财〔2026〕1号", paid=paid)


def declare_appetite(world, cast) -> Send:
    row = world.appetites["ICBC-WH"]
    terms = {"programme": world.programme, "period": row.period, "valid_from": row.valid_from, "valid_to": row.valid_to}
    branch, by = world.branches["ICBC-WH"], people.member(world["ICBC-WH"].organisation, "branch_manager")
    return lambda: appetite.declare(branch.bank, branch, limit=90_000 * WAN, by=by, at=NOW, **terms)


def add_budget_document(world, cast) -> Send:
    facts = {"fiscal_year": 2026, "number": "鄂财建〔2026〕7号", "amount": 500 * WAN, "issued_on": TODAY}
    return lambda: budgets.add_document(world.addon.scheme, by=cast.qian, at=NOW, **facts)


def _recommended(world, cast) -> Invitation:
    row = cases.published(world, cast, cases.open_need(world, cast), "ICBC-WH", "CCB-WH")
    invitations.consent(row, by=cast.lin, at=NOW, seen=row.version)
    return row


def _claim(row: SubsidyClaim) -> SubsidyClaim:
    return SubsidyClaim.objects.get(pk=row.pk)


COMMANDS = (
    accept,
    accept_recommended,
    decline_recommended,
    expire_recommended,
    confirm,
    approve_credit,
    withdraw,
    sign,
    register_direct,
    confirm_direct_beyond_the_appetite,
    draw,
    close_drawing,
    repay_part,
    receive_interest,
    accrue,
    file_claim,
    approve_claim,
    settle_claim,
    declare_appetite,
    add_budget_document,
)
