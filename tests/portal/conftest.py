"""A small province at the factories' moment, its cast, and a browser-less client for each of them."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests import factories, people
from tests.factories import NOW


@pytest.fixture(autouse=True)
def moment(settings):
    settings.FIXED_NOW = NOW.isoformat()
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False


@pytest.fixture
def as_(cast) -> Callable[[str], Client]:
    """A client signed in as one of the cast: `as_("lin")`."""
    return lambda name: people.signed_in(cast, name)


@pytest.fixture
def listed(world, cast):
    """Lin's project on the list; ICBC and CCB in Wuhan named, nothing sent yet."""
    return factories.filing(world, cast.firm)
