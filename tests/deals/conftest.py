"""Loans and claims that many tests begin from, made once (`tests.kept`)."""

import pytest

from tests.deals import claim_cases
from tests.deals.recovery import courses
from tests.deals.subsidies import example


@pytest.fixture
def kept_loan(states, kept_world, kept_cast):
    return states.add(example.loan, kept_world, kept_cast)


@pytest.fixture
def loan(kept_loan, db):
    """The worked example, signed and paid out."""
    return kept_loan()


@pytest.fixture
def kept_paid(states, kept_world, kept_cast):
    return states.add(courses.paid, kept_world, kept_cast)


@pytest.fixture
def paid(kept_paid, db):
    """A loan whose first two quarters the province has paid."""
    return kept_paid()


@pytest.fixture
def kept_two(states, kept_world, kept_cast):
    return states.add(claim_cases.two_reviewed, kept_world, kept_cast)


@pytest.fixture
def two_reviewed(kept_two, db):
    """Two reviewed claims of two loans of the firm, 25,555.56 each."""
    return kept_two()


@pytest.fixture
def kept_seated_one(states, kept_world, kept_seats):
    return states.add(claim_cases.reviewed, kept_world, kept_seats)


@pytest.fixture
def seated_one(kept_seated_one, db):
    """One reviewed claim, and everybody with a desk in the admin."""
    return kept_seated_one()


@pytest.fixture
def kept_seated_two(states, kept_world, kept_seats):
    return states.add(claim_cases.two_reviewed, kept_world, kept_seats)


@pytest.fixture
def seated_two(kept_seated_two, db):
    return kept_seated_two()
