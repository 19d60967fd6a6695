"""What every test may count on: a migrated database of its own process, and a province in it, quickly."""

import gc

import pytest
from django.conf import settings
from django.db import connections
from django.utils import translation

from tests import factories, kept, migrated, people
from tests.permissions import samples


def pytest_configure():
    """Nothing here is secret or served for long: passwords are hashed quickly, and static files are looked up, not listed first."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_AUTOREFRESH = True


def pytest_collection_finish():
    """What was imported stays; a search through it for garbage, again and again, would take a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """What runs long begins first, lest one process end alone; tests that begin from the same state follow each other.

    While the process of the first migrates its database, the other does what needs none.
    """
    items.sort(key=lambda item: (item.get_closest_marker("first") is None, kept.uses_database(item), kept.wanted(item)))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, django_db_blocker):
    with django_db_blocker.unblock():
        if template := migrated.template():
            connections["default"].settings_dict["TEST"]["TEMPLATE"] = template


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup):
    """Whatever a test's thread or killed worker left connected is cut off before its database is dropped."""
    yield
    connections["default"].close()
    migrated.cut_off(connections["default"].settings_dict["NAME"])


@pytest.fixture(scope="session")
def all_states(django_db_setup, django_db_blocker):
    states = kept.States(django_db_blocker)
    yield states
    states.end()


@pytest.fixture
def states(all_states, request):
    all_states.begin(commits=kept.commits(request.node))
    return all_states


@pytest.fixture
def standing(states, request):
    """The kept states of this test, before its own transaction begins."""
    for name in kept.wanted(request.node):
        request.getfixturevalue(name)
    states.settle()


@pytest.fixture
def _django_db_helper(standing, _django_db_helper):
    """pytest-django's, which begins the test's own transaction and is behind `db` and the mark `django_db` alike."""
    return _django_db_helper


@pytest.fixture
def kept_world(states):
    return states.add(factories.province)


@pytest.fixture
def kept_cast(states, kept_world):
    return states.add(people.cast, kept_world)


@pytest.fixture
def world(kept_world, db):
    """A small province with banks, schemes and everything between (`tests.factories`)."""
    return kept_world()


@pytest.fixture
def cast(kept_cast, db):
    return kept_cast()


@pytest.fixture
def kept_seats(states, kept_cast):
    return states.add(people.seated, kept_cast)


@pytest.fixture
def kept_scene(states, kept_world, kept_cast):
    """One sample of every kind, for what looks at each page and route."""
    return states.add(samples.scene, kept_world, kept_cast)


@pytest.fixture
def seated(kept_seats, db):
    """The cast with desks in the admin."""
    return kept_seats()


@pytest.fixture(autouse=True)
def _own_language():
    """A request leaves its reader's language behind; the next test does not read it."""
    yield
    translation.deactivate()


def pytest_terminal_summary(terminalreporter):
    """How many cells of the permission matrix were asked, over all processes, and what the API's campaign and lives of deals made."""
    reports = [report for found in terminalreporter.stats.values() for report in found if getattr(report, "when", "") == "teardown"]
    told = [told for report in reports for told in report.user_properties]
    cells = sum(value for name, value in told if name == "cells")
    if cells:
        terminalreporter.write_line(f"permission matrix: {cells:,} cells checked")
    for name, title in (("campaign", "API campaign"), ("lives", "lives of deals")):
        for made in (value for key, value in told if key == name):
            terminalreporter.write_line(f"{title}, {made}")
