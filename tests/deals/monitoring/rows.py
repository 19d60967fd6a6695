"""A province where every need came some way: which way is drawn by lot, and told beside it."""

import datetime as dt
import random
from decimal import Decimal

from deals.models import Repayment
from deals.monitoring.sql import STAGES
from tests import factories
from tests.factories import HUBEI, TODAY, WAN
from tests.portal import cases

LONG_AGO = TODAY - dt.timedelta(days=90)
REGIONS = {"420111": "ICBC-WH", "420115": "CCB-WH", "429004": "CCB-XT"}


def need(world, stage, *, region="420111", amount=1000, branch="", **facts):
    """A need of so many 万元 that came as far as `stage`."""
    place, branch, amount = STAGES.index(stage), branch or REGIONS[region], Decimal(amount) * WAN
    filing = factories.filing(
        world,
        factories.firm(world, region=region),
        state="listed" if place else "in_pool",
        region=region,
        branches=(branch,),
        amount=amount,
    )
    if place >= STAGES.index("invited"):
        cases.invitation(world, filing, branch, state="open" if place == STAGES.index("invited") else "accepted", viewed_at=None)
    if place >= STAGES.index("intent"):
        state = {"intent": "diligence", "approved": "credit_approved", "signed": "signed"}.get(stage, "drawing")
        loan(world, filing, branch, stage, state, amount, **facts)
    return filing


def loan(world, filing, branch, stage, state, amount, *, repaid=0):
    """Signed for 9/10 of the need, drawn for 8/10, of which half is paid to the supplier."""
    place = STAGES.index(stage)
    terms = {"approved_amount": amount, "signed_amount": amount * 9 / 10} if place >= STAGES.index("signed") else {}
    deal = cases.deal(world, filing, branch, state=state, **terms)
    if place < STAGES.index("drawn"):
        return
    half = amount * 4 / 10
    paid_on = {"drawn": None, "paid": TODAY, "outstanding": LONG_AGO}[stage]
    first = cases.drawdown(deal, 1, half, drawn_on=LONG_AGO, paid_to_supplier_on=paid_on)
    cases.drawdown(deal, 2, half, drawn_on=TODAY, paid_to_supplier_on=None)
    if repaid:
        Repayment.objects.create(drawdown=first, on=TODAY, amount=Decimal(repaid) * WAN, slip_no="HK-1", province=HUBEI)


def by_lot(world, seed, number=18):
    """(region, branch, stage) of each need made."""
    lot = random.Random(seed)
    made = []
    for _each in range(number):
        region, stage = lot.choice(list(REGIONS)), lot.choice(STAGES)
        need(world, stage, region=region, amount=lot.randrange(100, 5000, 100))
        made.append((region, REGIONS[region], stage))
    return made
