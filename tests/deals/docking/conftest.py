"""A need in second docking, kept for the tests that begin there."""

import pytest

from tests.deals.docking import courses


@pytest.fixture
def kept_listed(states, kept_world, kept_cast):
    return states.add(courses.listed, kept_world, kept_cast)


@pytest.fixture
def kept_due(states, kept_world, kept_cast, kept_listed):
    return states.add(courses.rounds_lost, kept_world, kept_cast, kept_listed)


@pytest.fixture
def docking(kept_listed, db):
    """A need that its one bank has declined, listed."""
    return kept_listed()


@pytest.fixture
def due(kept_due, db):
    """And declined again in both rounds that policy allows."""
    return kept_due()
