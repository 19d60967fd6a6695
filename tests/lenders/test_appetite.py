"""A bank declares what it is willing to lend; nobody else does it for the bank."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from ledger.accounts import BelowCommitted, Hold, hold
from lenders import appetite
from lenders.models import Appetite
from tests import people
from tests.factories import NOW

PERIOD = {"period": "2027H1", "valid_from": dt.date(2027, 1, 1), "valid_to": dt.date(2027, 6, 30)}


@pytest.fixture
def manager(world):
    return people.member(world["ICBC-WH"].organisation, "branch_manager")


def declare(world, by, limit, branch="ICBC-WH", **changed):
    terms = PERIOD | {"programme": world.programme, "limit": limit if limit is None else Decimal(limit), "by": by, "at": NOW} | changed
    return appetite.declare(world.branches[branch].bank, world.branches[branch], **terms)


def test_declare_opens_accounts_of_branch_and_bank(world, manager):
    row = declare(world, manager, 500, max_ticket=Decimal(50), case_load=9)

    bank = Appetite.objects.get(bank=world.banks["ICBC"], branch=None, period="2027H1")
    assert (row.account.limit, row.max_ticket, row.case_load, row.account.parent) == (500, 50, 9, bank.account)
    assert bank.account.limit is None
    event = AuditEvent.objects.get(subject="lenders.appetite", verb="declare")
    assert (event.subject_id, event.changes["limit"]) == (row.pk, [None, "500"])


def test_declaring_the_same_again_changes_nothing(world, manager):
    row = declare(world, manager, 500)

    again = declare(world, manager, 500)

    assert (again, again.version, again.account.last_seq) == (row, 1, 1)


def test_terms_change_without_the_limit(world, manager):
    declare(world, manager, 500)

    row = declare(world, manager, 500, case_load=3)

    assert (row.case_load, row.version, row.account.last_seq) == (3, 2, 1)


def test_provincial_branch_declares_for_bank_and_any_branch(world):
    province = people.member(world.banks["ICBC"].organisation, "bank_provincial")

    row = declare(world, province, 500)
    bank = appetite.declare(world.banks["ICBC"], programme=world.programme, limit=Decimal(800), by=province, at=NOW, **PERIOD)

    assert row.account.parent == bank.account
    assert bank.account.limit == 800


@pytest.mark.parametrize("who", ["bai", "an", "lin", "zhao"])
def test_nobody_else_declares(world, cast, who):
    with pytest.raises(NotAllowed):
        declare(world, getattr(cast, who), 500)

    assert not Appetite.objects.filter(period="2027H1").exists()


def test_every_mistake_is_named(world, cast):
    with pytest.raises(Invalid) as refusal:
        appetite.declare(
            world.banks["CCB"],
            world.branches["ICBC-WH"],
            programme=world.programme,
            limit=Decimal(-1),
            by=cast.system,
            at=NOW,
            **PERIOD | {"valid_to": dt.date(2026, 1, 1)},
        )

    assert [problem.field for problem in refusal.value.problems] == ["branch", "valid_to", "limit"]


def test_limit_is_not_cut_below_what_is_promised(world, manager):
    row = declare(world, manager, 500)
    hold(Hold(row.account_id, Decimal(300), "h"), by=manager, at=NOW)

    with pytest.raises(BelowCommitted):
        declare(world, manager, 299)

    assert declare(world, manager, 300).account.limit == 300


@pytest.mark.parametrize("limit", [499, None])
def test_limit_does_not_fall_while_a_round_is_computed(world, manager, limit):
    declare(world, manager, 500)

    with pytest.raises(Conflict) as refusal:
        declare(world, manager, limit, may_fall=False)

    assert refusal.value.code == "round_open"
    assert declare(world, manager, 501, may_fall=False).account.limit == 501


def test_appetite_is_found_by_day(world, manager, django_assert_num_queries):
    later = declare(world, manager, 500)
    branch, silent = world.branches["ICBC-WH"], world.branches["ICBC-HB"]

    with django_assert_num_queries(1):
        found = appetite.of_branches([branch.pk, silent.pk], programme_id=world.programme.pk, on=dt.date(2026, 5, 1))

    assert found == {branch.pk: world.appetites["ICBC-WH"]}
    assert appetite.account_of(branch, programme_id=world.programme.pk, on=dt.date(2027, 2, 1)) == later.account
    assert appetite.account_of(silent, programme_id=world.programme.pk, on=dt.date(2027, 2, 1)) is None
