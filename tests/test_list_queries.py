"""Every list page and every list of the API and the admin costs the same number of queries at 1, 10 and 1,000 rows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks import _lists
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.long]

BASE = len(_lists.STATES)  # one filing in each state


def populated(world, cast):
    _lists.populate(world, cast, BASE)


@pytest.fixture
def kept_lists(states, kept_world, kept_seats):
    return states.add(populated, kept_world, kept_seats)


@pytest.fixture
def users(kept_lists, seated, settings):
    settings.FIXED_NOW = NOW.isoformat()
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    return seated.users


def test_lists_cost_the_same_at_any_length(users):
    clients = {who: _lists.signed_in(users, who) for who in {name.partition(" ")[0] for name in _lists.addresses()}}
    costs: dict[str, list[int]] = {}
    for rows in (1, 10, 1000):
        _lists.grow(BASE, to=BASE * rows)
        for name, path in _lists.addresses().items():
            costs.setdefault(name, []).append(queries(clients[name.partition(" ")[0]], path))

    assert {name: cost for name, cost in costs.items() if len(set(cost)) > 1} == {}
    assert len(costs) > 50


def queries(client, path):
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    assert answer.status_code == 200, path
    return len(captured)
