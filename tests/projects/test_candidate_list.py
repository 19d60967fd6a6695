"""From the pool to the list, by the province's office of the filing's own track."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import AuditEvent
from common.steps import allowed_verbs
from organisations.models import ReviewReason
from projects import candidate_list
from projects.actions import FILING_ACTIONS
from projects.disclosures import disclose
from projects.models import Disclosure, Filing, Project
from projects.states import FILING_STEPS
from tests import factories, people
from tests.factories import NOW, TODAY

MORE = {"list": {"list_number": "2026-01"}, "leave_out": {"note": "x"}, "remove": {"note": "x"}}
FROM = {"report": "in_pool", "list": "reported", "leave_out": "reported", "remove": "listed", "retire": "in_pool"}
TO = {"report": "reported", "list": "listed", "leave_out": "not_listed", "remove": "removed", "retire": "retired"}


@pytest.mark.parametrize("verb", FROM)
def test_the_provincial_office_takes_each_step(verb, world, cast):
    filing = factories.filing(world, cast.firm, state=FROM[verb])

    FILING_ACTIONS[verb](filing, by=cast.zhao, at=NOW, seen=filing.version, **MORE.get(verb, {}))

    row = Filing.objects.get(pk=filing.pk)
    assert (row.state, row.version) == (TO[verb], 2)
    event = AuditEvent.objects.get(verb=verb)
    assert (event.source, event.target, event.by_user_id) == (FROM[verb], TO[verb], cast.zhao.user_id)


@pytest.mark.parametrize("verb", FROM)
def test_nobody_else_does(verb, world, cast):
    filing = factories.filing(world, cast.firm, state=FROM[verb])
    ndrc = people.member(world["NDRC-420000"].organisation, "handler", "checker", "signer")

    for by in (cast.lin, cast.chen, cast.wang, cast.qian, cast.bai, cast.mo_county, ndrc):
        with pytest.raises(NotAllowed):
            FILING_ACTIONS[verb](filing, by=by, at=NOW, seen=filing.version, **MORE.get(verb, {}))
        assert verb not in allowed_verbs(FILING_STEPS, filing, by)

    assert Filing.objects.get(pk=filing.pk).state == FROM[verb]
    assert not AuditEvent.objects.filter(verb=verb).exists()


def test_the_other_track_is_the_other_offices(world, cast):
    filing = factories.filing(world, cast.firm, state="in_pool", track="ndrc")
    ndrc = people.member(world["NDRC-420000"].organisation, "signer")

    with pytest.raises(NotAllowed):
        candidate_list.report(filing, by=cast.zhao, at=NOW, seen=filing.version)
    candidate_list.report(filing, by=ndrc, at=NOW, seen=filing.version)


def test_a_project_without_its_code_is_not_reported(world, cast):
    filing = factories.filing(world, cast.firm, state="in_pool")
    Project.objects.filter(pk=filing.project_id).update(code="")

    with pytest.raises(Invalid) as refused:
        candidate_list.report(Filing.objects.get(pk=filing.pk), by=cast.zhao, at=NOW, seen=filing.version)

    assert [problem.field for problem in refused.value.problems] == ["project_code"]
    assert Filing.objects.get(pk=filing.pk).state == "in_pool"


def test_listing_keeps_number_and_day(world, cast):
    today, before = (factories.filing(world, cast.firm, state="reported") for _ in range(2))

    candidate_list.list_filing(today, by=cast.sun, at=NOW, seen=today.version, list_number=" 2026-01 ")
    candidate_list.list_filing(before, by=cast.sun, at=NOW, seen=before.version, list_number="2026-01", listed_on=dt.date(2026, 2, 27))

    rows = Filing.objects.order_by("pk").values_list("list_number", "listed_on")
    assert list(rows) == [("2026-01", TODAY), ("2026-01", dt.date(2026, 2, 27))]


@pytest.mark.parametrize("number", ["", "  ", "长" * 61])
def test_listing_needs_the_number_of_the_list(number, world, cast):
    filing = factories.filing(world, cast.firm, state="reported")

    with pytest.raises(Invalid) as refused:
        candidate_list.list_filing(filing, by=cast.sun, at=NOW, seen=filing.version, list_number=number)

    assert [problem.field for problem in refused.value.problems] == ["list_number"]
    assert Filing.objects.get(pk=filing.pk).listed_on is None


def test_leaving_out_may_take_its_words_from_a_coded_reason(world, cast):
    ReviewReason.objects.create(code="ministry", verb="leave_out", sentence="未列入国家清单。", sentence_en="x")
    filing = factories.filing(world, cast.firm, state="reported")

    candidate_list.leave_out(filing, by=cast.zhao, at=NOW, seen=filing.version, code="ministry")

    event = AuditEvent.objects.get(verb="leave_out")
    assert (event.note, event.changes) == ("未列入国家清单。", {"reason": "ministry"})


def test_removing_closes_the_file_to_banks_except_the_partner_of_a_deal(world, cast):
    filing = factories.filing(world, cast.firm)
    for code, basis in (("ICBC-WH", "named"), ("CCB-WH", "deal")):
        disclose(filing, world[code].organisation, scope="file", basis=basis, by=cast.system, at=NOW)

    candidate_list.remove(filing, by=cast.zhao, at=NOW, seen=filing.version, note="项目取消")

    assert set(Disclosure.objects.values_list("basis", "withdrawn_at")) == {("named", NOW), ("deal", None)}
    assert not Filing.objects.visible_to(cast.bai).exists()


def test_stale_and_wrong_states_are_refused(world, cast):
    filing = factories.filing(world, cast.firm, state="reported")

    with pytest.raises(Stale):
        candidate_list.list_filing(filing, by=cast.zhao, at=NOW, seen=0, list_number="1")
    with pytest.raises(Conflict):
        candidate_list.report(filing, by=cast.zhao, at=NOW, seen=1)


def test_the_system_may_retire_but_not_list(world, cast):
    pooled, reported = factories.filing(world, cast.firm, state="in_pool"), factories.filing(world, cast.firm, state="reported")

    candidate_list.retire(pooled, by=cast.system, at=NOW, seen=pooled.version)
    with pytest.raises(NotAllowed):
        candidate_list.list_filing(reported, by=cast.system, at=NOW, seen=reported.version, list_number="1")


def test_many_cost_the_same_for_three_as_for_thirty(world, cast):
    def to_the_list(number):
        rows = factories.filings(world, [cast.firm] * number, state="in_pool")
        rows = list(Filing.objects.filter(pk__in=[row.pk for row in rows]))
        counts = []
        for step in (candidate_list.report_many, candidate_list.list_many):
            more = {"list_number": "1"} if step is candidate_list.list_many else {}
            with CaptureQueriesContext(connection) as queries:
                assert [result.error for result in step(rows, by=cast.zhao, at=NOW, **more)] == [None] * number
            counts.append(len(queries))
        return counts

    assert to_the_list(3) == to_the_list(30)
