"""A bank sees a filing only through a disclosure in force."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.errors import Conflict, NotAllowed
from common.models import AuditEvent
from projects.disclosures import Telling, disclose, disclose_many, end_many, withdraw_disclosure
from projects.models import Disclosure, Filing
from tests import factories, people
from tests.factories import NOW

LATER, MUCH_LATER = NOW + timedelta(days=10), NOW + timedelta(days=20)


@pytest.fixture
def filing(world, cast):
    return factories.filing(world, cast.firm)


@pytest.fixture
def bank(world):
    return world["ICBC-WH"].organisation


def seen_by(user, *, at=NOW):
    return Filing.objects.visible_to(people.person(user, at=at)).exists()


def test_a_named_bank_sees_the_file_and_nobody_else(filing, bank, cast):
    assert not seen_by(cast.users["bai"])

    disclose(filing, bank, scope="file", basis="named", by=cast.system, at=NOW)

    assert seen_by(cast.users["bai"])
    assert not seen_by(cast.users["an"])
    assert not seen_by(cast.users["mo_bank"])
    event = AuditEvent.objects.get(verb="disclose")
    assert (event.subject_id, event.changes) == (filing.pk, {"organisation": bank.pk, "scope": "file", "basis": "named", "until": None})


def test_an_outline_does_not_open_the_file(filing, bank, cast):
    disclose(filing, bank, scope="outline", basis="consent", by=cast.system, at=NOW)

    assert not seen_by(cast.users["bai"])


def test_a_disclosure_ends_by_itself(filing, bank, cast):
    disclose(filing, bank, scope="file", basis="consent", by=cast.lin, at=NOW, until=LATER)

    assert seen_by(cast.users["bai"], at=LATER - timedelta(seconds=1))
    assert not seen_by(cast.users["bai"], at=LATER)
    assert not seen_by(cast.users["bai"], at=NOW - timedelta(seconds=1))


def test_a_draft_is_never_seen_however_disclosed(world, cast, bank):
    draft = factories.filing(world, cast.firm, state="draft")

    disclose(draft, bank, scope="file", basis="consent", by=cast.lin, at=NOW)

    assert not seen_by(cast.users["bai"])


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (("consent", LATER), ("consent", MUCH_LATER), ("consent", MUCH_LATER)),
        (("consent", MUCH_LATER), ("consent", LATER), ("consent", MUCH_LATER)),
        (("consent", LATER), ("deal", None), ("deal", None)),
        (("deal", None), ("consent", LATER), ("deal", None)),
        (("named", None), ("consent", LATER), ("named", None)),
    ],
)
def test_telling_again_extends_and_never_weakens(first, second, kept, filing, bank, cast):
    for basis, until in (first, second):
        row = disclose(filing, bank, scope="file", basis=basis, by=cast.system, at=NOW, until=until)

    assert Disclosure.objects.get() == row
    row.refresh_from_db()
    assert (row.basis, row.valid_until) == kept


def test_telling_again_what_is_told_writes_nothing(filing, bank, cast):
    for _time in range(2):
        disclose(filing, bank, scope="file", basis="named", by=cast.system, at=NOW)

    assert AuditEvent.objects.filter(verb="disclose").count() == 1


def test_one_that_ran_out_is_closed_and_a_new_one_begins(filing, bank, cast):
    old = disclose(filing, bank, scope="file", basis="consent", by=cast.lin, at=NOW, until=LATER)

    new = disclose(filing, bank, scope="file", basis="consent", by=cast.lin, at=MUCH_LATER)

    old.refresh_from_db()
    assert (old.withdrawn_at, new.valid_from, new.valid_until) == (LATER, MUCH_LATER, None)
    assert new.pk != old.pk


def test_the_firm_takes_its_consent_back(filing, bank, cast):
    row = disclose(filing, bank, scope="file", basis="consent", by=cast.lin, at=NOW)

    withdraw_disclosure(row, by=cast.su, at=LATER)

    assert not seen_by(cast.users["bai"], at=LATER)
    assert AuditEvent.objects.get(verb="withdraw_disclosure").changes == {"organisation": bank.pk}
    with pytest.raises(Conflict):
        withdraw_disclosure(row, by=cast.su, at=LATER)


def test_nobody_else_takes_it_back(filing, bank, cast):
    row = disclose(filing, bank, scope="file", basis="consent", by=cast.lin, at=NOW)

    for by in (cast.mo_firm, cast.bai, cast.zhao, cast.chen):
        with pytest.raises(NotAllowed):
            withdraw_disclosure(row, by=by, at=LATER)

    assert Disclosure.objects.get().withdrawn_at is None


def test_a_deal_keeps_its_bank_informed(filing, bank, cast):
    row = disclose(filing, bank, scope="file", basis="deal", by=cast.system, at=NOW)

    with pytest.raises(Conflict):
        withdraw_disclosure(row, by=cast.lin, at=LATER)
    end_many([filing], at=LATER)

    assert seen_by(cast.users["bai"], at=LATER)


def test_ending_keeps_the_end_of_what_had_run_out(filing, bank, world, cast):
    disclose(filing, bank, scope="file", basis="consent", by=cast.lin, at=NOW, until=LATER)
    disclose(filing, world["CCB-WH"].organisation, scope="file", basis="named", by=cast.lin, at=NOW)

    end_many([filing], at=MUCH_LATER)

    assert list(Disclosure.objects.order_by("pk").values_list("withdrawn_at", flat=True)) == [LATER, MUCH_LATER]


def test_many_cost_the_same_for_two_as_for_forty(world, cast, bank):
    counts = []
    for number in (2, 40):
        rows = factories.filings(world, [cast.firm] * number)
        with CaptureQueriesContext(connection) as queries:
            made = disclose_many([Telling(row.pk, bank.pk, "file", "named") for row in rows for _twice in range(2)], by=cast.system, at=NOW)
        counts.append(len(queries))
        assert len({row.pk for row in made}) == number

    assert counts[0] == counts[1]
    assert AuditEvent.objects.filter(verb="disclose").count() == 42
