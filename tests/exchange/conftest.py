import pytest

from tests.permissions import samples


@pytest.fixture
def scene(kept_scene, db, settings):
    settings.FIXED_NOW = samples.NOW.isoformat()
    return kept_scene()
