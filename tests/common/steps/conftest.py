"""A filing in the pool and a draft."""

import pytest

from projects.models import Filing
from tests import factories


@pytest.fixture
def filing(cast, world):
    return factories.filing(world, cast.firm, state="in_pool")


@pytest.fixture
def draft(cast, world):
    filing = factories.filing(world, cast.firm, state="in_pool")
    Filing.objects.filter(pk=filing.pk).update(state="draft")
    filing.state = "draft"
    return filing
