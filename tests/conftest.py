"""What every test may count on: a migrated database of its own process, quickly."""

import pytest
from django.db import connections

from tests import migrated


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, django_db_blocker):
    with django_db_blocker.unblock():
        if template := migrated.template():
            connections["default"].settings_dict["TEST"]["TEMPLATE"] = template
