"""A budget is opened at nothing and raised by documents, by the office whose money it is."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from schemes import budgets
from schemes.models import Budget, BudgetDocument
from tests.factories import NOW

ISSUED = dt.date(2026, 2, 10)


def add(scheme, by, amount=100, number="鄂财金示〔2029〕001号", **changed):
    facts = {"fiscal_year": 2029, "number": number, "amount": Decimal(amount), "issued_on": ISSUED, "by": by, "at": NOW} | changed
    return budgets.add_document(scheme, **facts)


def test_budget_opens_with_nothing_to_promise(world, cast):
    budget = budgets.open_budget(world.addon.scheme, fiscal_year=2029, by=cast.qian, at=NOW)
    again = budgets.open_budget(world.addon.scheme, fiscal_year=2029, by=cast.qian, at=NOW)

    budget.account.refresh_from_db()
    assert (again, budget.account.limit, budget.account.last_seq) == (budget, 0, 1)


def test_documents_raise_the_limit(world, cast):
    add(world.addon.scheme, cast.qian)
    document = add(world.addon.scheme, cast.qian, 50, number=" 鄂财金示〔2029〕002号 ")

    budget = Budget.objects.select_related("account").get(fiscal_year=2029)
    assert (document.number, budget.account.limit) == ("鄂财金示〔2029〕002号", 150)
    assert AuditEvent.objects.filter(subject="schemes.budgetdocument", verb="register").count() == 2


def test_the_same_document_counts_once(world, cast):
    first = add(world.addon.scheme, cast.qian)
    second = add(world.addon.scheme, cast.feng)

    assert first == second
    assert Budget.objects.get(fiscal_year=2029).account.limit == 100


def test_the_same_number_with_other_facts_is_a_conflict(world, cast):
    add(world.addon.scheme, cast.qian)

    with pytest.raises(Conflict, match="100"):
        add(world.addon.scheme, cast.qian, 101)

    assert Budget.objects.get(fiscal_year=2029).account.limit == 100


def test_every_mistake_is_named(world, cast):
    with pytest.raises(Invalid) as refusal:
        add(world.addon.scheme, cast.qian, 0, number=" ")

    assert [problem.field for problem in refusal.value.problems] == ["number", "amount"]
    assert not BudgetDocument.objects.filter(budget__fiscal_year=2029).exists()


@pytest.mark.parametrize("who", ["tan", "zhao", "bai", "lin"])
def test_other_offices_register_nothing(world, cast, who):
    with pytest.raises(NotAllowed):
        add(world.addon.scheme, getattr(cast, who))

    assert not Budget.objects.filter(fiscal_year=2029).exists()


def test_a_city_registers_its_own_scheme_only(world, cast):
    scheme = world.addon.scheme
    scheme.level, scheme.region = "city", world.regions["420100"]
    assert budgets.may_register(scheme, cast.tan)

    scheme.region = world.regions["420200"]
    assert not budgets.may_register(scheme, cast.tan)
    assert not budgets.may_register(scheme, cast.qian)


def test_central_money_is_registered_by_nobody_here(world, cast):
    assert not budgets.may_register(world.central.scheme, cast.qian)
    assert budgets.may_register(world.central.scheme, cast.system)
