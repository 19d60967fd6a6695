"""Who answers, how soon, and why not."""

import datetime as dt
from decimal import Decimal

import pytest

from common.models import CalendarException
from common.workdays import SHANGHAI, load_calendar
from deals import bank_review
from deals.models import Invitation
from deals.monitoring import answers
from deals.monitoring.scope import scope_of
from tests import factories, people
from tests.deals import cases
from tests.factories import NOW

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def table(by):
    return {row.code: row for row in answers.rows(scope_of(by))}


def sent(world, *, sent_at, answered=None, due=None, branch="ICBC-WH", state="viewed"):
    from tests.portal import cases as shown

    filing = factories.filing(world, branches=(branch,))
    row = shown.invitation(world, filing, branch, state=state, viewed_at=answered, contact_due_at=due or sent_at + 3 * DAY)
    Invitation.objects.filter(pk=row.pk).update(sent_at=sent_at)


def test_answers_in_time_late_silent_and_not_yet_due(world, cast):
    begun = NOW - 10 * DAY
    sent(world, sent_at=begun, answered=begun + DAY)
    sent(world, sent_at=begun, answered=begun + 5 * DAY)
    sent(world, sent_at=begun, state="open")
    sent(world, sent_at=begun, state="withdrawn")
    sent(world, sent_at=NOW, state="open")
    sent(world, sent_at=begun, state="awaiting_consent")

    row = table(cast.zhao)["ICBC"]

    assert (row.sent, row.answered, row.in_time, row.late, row.silent) == (5, 2, 1, 1, 1)
    assert row.share_in_time == pytest.approx(1 / 3)


def test_median_is_of_working_days_with_holidays_and_make_up_days(world, cast):
    friday = dt.datetime(2026, 2, 6, 23, 30, tzinfo=SHANGHAI)
    CalendarException.objects.update_or_create(day=dt.date(2026, 2, 7), defaults={"is_working": True})
    CalendarException.objects.update_or_create(day=dt.date(2026, 2, 9), defaults={"is_working": False})
    ends = [friday + n * DAY for n in (1, 4, 12)]
    for end in ends:
        sent(world, sent_at=friday, answered=end)

    calendar = load_calendar()
    days = sorted(calendar.working_days_between(friday.date(), end.date()) for end in ends)

    assert table(cast.zhao)["ICBC"].median_days == days[1] == 2


def test_refusals_by_kind_and_an_answer_without_first_contact(world, cast):
    by_bank = cases.invited(world, cast, "ICBC-WH", "CCB-WH")
    row = by_bank["ICBC-WH"]
    code = next(code for code, one in world.decline_codes.items())
    bank_review.decline(row, by=cast.bai, at=NOW + DAY, seen=row.version, code=code)

    scope = scope_of(people.member(world["IND-420000"].organisation, "auditor", at=NOW + 2 * DAY))
    found = answers.rows(scope)
    icbc = next(row for row in found if row.code == "ICBC")

    assert (icbc.sent, icbc.answered, icbc.in_time, icbc.refused) == (1, 1, 1, 1)
    assert icbc.median_days == Decimal(1)
    assert icbc.refusals == {world.decline_codes[code].category: 1}
    assert [number for _kind, number in answers.reasons(found)] == [1]


def test_a_deal_declined_later_is_one_refusal(world, cast):
    deal = cases.confirmed(world, cast)
    deal.refresh_from_db()
    bank_review.decline(deal, by=cast.bai, at=NOW, seen=deal.version, code=next(iter(world.decline_codes)))

    assert table(cast.zhao)["ICBC"].refused == 1


def test_bank_reads_its_own_row_and_a_county_its_own_cases(world, cast):
    sent(world, sent_at=NOW - 10 * DAY, answered=NOW - 9 * DAY)
    sent(world, sent_at=NOW - 10 * DAY, answered=NOW - 9 * DAY, branch="CCB-WH")

    assert list(table(cast.bai)) == ["ICBC"]
    assert sorted(table(cast.chen)) == ["CCB", "ICBC"]
    assert table(cast.mo_county) == {}
