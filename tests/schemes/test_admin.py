"""A budget rises by a document and by nothing else."""

import pytest

from schemes.models import BudgetDocument
from tests import people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(settings):
    settings.FIXED_NOW = "2026-03-02T10:30:00"


@pytest.fixture
def as_(seated):
    return lambda name: people.signed_in(seated, name)


def test_finance_registers_a_document_and_the_limit_rises(as_, world):
    budget = world.budgets[2026]
    address = f"/admin/schemes/budget/{budget.pk}/"
    (button,) = as_("qian").get(f"{address}change/").context["actions_detail"]
    sent = {"seen": button["path"].partition("seen=")[2], "number": "鄂财〔2026〕9号", "amount": "500", "issued_on": "2026-03-01"}

    answer = as_("qian").post(f"{address}do/document/", sent)

    assert answer.status_code == 302
    budget.account.refresh_from_db()
    assert budget.account.limit == 15_000_000
    assert BudgetDocument.objects.filter(number="鄂财〔2026〕9号").count() == 1


def test_line_department_reads_the_budget_and_cannot_raise_it(as_, world):
    budget = world.budgets[2026]
    address = f"/admin/schemes/budget/{budget.pk}/"

    assert as_("zhao").get(f"{address}change/").context["actions_detail"] == []
    as_("zhao").post(f"{address}do/document/", {"number": "x", "amount": "1", "issued_on": "2026-03-01"})
    budget.account.refresh_from_db()
    assert budget.account.limit == 10_000_000
