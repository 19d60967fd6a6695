"""督办: what is overdue is listed for the offices it passed through, and nothing else happens to it."""

import datetime as dt

import pytest

from tests.factories import NOW
from tests.projects.cases import passed, submitted

pytestmark = pytest.mark.django_db


def test_what_is_overdue_is_listed_with_its_office_and_stays_where_it_is(world, cast, as_, settings):
    filing = submitted(world, cast)
    assert as_("chen").get("/overdue/").context["page"].object_list == []
    settings.FIXED_NOW = (NOW + dt.timedelta(days=8)).isoformat()

    for name, shown in (("chen", 1), ("wang", 1), ("zhao", 1), ("mo_county", 0)):
        rows = as_(name).get("/overdue/").context["page"].object_list
        assert [(row["case"].pk, row["office"]) for row in rows] == [(filing.pk, "洪山区科学技术和经济信息化局")] * shown
    assert as_("lin").get("/overdue/").status_code == 403
    filing.refresh_from_db()
    assert (filing.state, filing.current_step.stage) == ("in_review", "handler")

    passed(filing, cast.chen, cast.hu, at=NOW + dt.timedelta(days=8))
    assert as_("zhao").get("/overdue/").context["page"].object_list == []
