"""Every list page and every list of the API and the admin costs the same number of queries, however many rows there are.

Which lists there are is read from the URL table (`benchmarks._lists`): a new one is asked as well, or fails the build for want of an
expectation in `tests/permissions/expected.py`. One reader asks each, without its filters; `./dev test --long` asks as everybody, with
the filters, at a thousand rows of each state too.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks import _copies, _lists, _rows
from tests.factories import NOW
from tests.permissions import readers

pytestmark = pytest.mark.django_db


def populated(world, cast):
    readers.seated(world, cast)
    _rows.populate(world, cast, len(_rows.STATES))


@pytest.fixture
def kept_lists(states, kept_world, kept_cast):
    return states.add(populated, kept_world, kept_cast)


@pytest.fixture(autouse=True)
def moment(kept_lists, db, settings):
    settings.FIXED_NOW = NOW.isoformat()
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False


def test_lists_cost_the_same_at_one_row_of_each_state_and_at_two():
    first_readers = {name.partition(" ")[2].partition("?")[0]: name for name in reversed(_lists.growing())}

    costs = cost_of(list(first_readers.values()), sizes=(1, 2))

    assert {name: cost for name, cost in costs.items() if len(set(cost)) > 1} == {}
    assert len(costs) > 60


@pytest.mark.long
def test_lists_cost_the_same_to_every_reader_up_to_a_thousand_rows_of_each_state():
    costs = cost_of(_lists.addresses(), sizes=(1, 10, 1000))

    assert {name: cost for name, cost in costs.items() if len(set(cost)) > 1} == {}
    assert len(costs) > 150


def cost_of(names, *, sizes):
    """Queries of each list at each size."""
    clients = {who: _lists.signed_in(who) for who in {name.partition(" ")[0] for name in names}}
    costs = {name: [] for name in names}
    for rows in sizes:
        _copies.grow(1, to=rows)
        for name in names:
            who, _space, path = name.partition(" ")
            costs[name].append(queries(clients[who], path))
    return costs


def queries(client, path):
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    assert answer.status_code == 200, path
    return len(captured)
