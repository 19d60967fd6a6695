"""What the tests of organisations share."""

import pytest
from django.db import connection

from organisations import audit

HORIZON_OF_THIS_DATABASE = """
    SELECT least(
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
        (SELECT min(backend_xid::text::bigint) FROM pg_stat_activity WHERE datname = current_database())
    )
"""


@pytest.fixture
def alone_on_the_server(monkeypatch):
    """As if no other database had transactions running: other test processes share the server and would delay every seal."""

    def horizon() -> int:
        with connection.cursor() as cursor:
            cursor.execute(HORIZON_OF_THIS_DATABASE)
            return cursor.fetchone()[0]

    monkeypatch.setattr(audit, "horizon", horizon)
