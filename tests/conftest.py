"""What every test may count on: a migrated database of its own process, quickly."""

import pytest
from django.db import connections

from tests import factories, migrated, people


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


@pytest.fixture
def world(db):
    """A small province with banks, schemes and everything between (`tests.factories`)."""
    return factories.province()


@pytest.fixture
def cast(world):
    return people.cast(world)
