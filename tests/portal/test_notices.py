"""Notices as their reader finds them: counted on every page, opened once, by the ways each chose; what did not arrive, for the operator."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from common.models import AuditEvent
from exchange import telling
from exchange.models import Notice, NoticeChoice, Outgoing
from organisations.models import User
from projects import review
from tests import factories
from tests.factories import NOW
from tests.people import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def returned(world, cast):
    filing = factories.filing(world, cast.firm, state="in_review")
    review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="设备清单与发票不符", fields=["amount"])
    telling.tell(list(AuditEvent.objects.all()), at=NOW)
    return filing


@pytest.fixture
def ways(settings):
    settings.EMAIL_URL, settings.SMS_BACKEND = "set", "exchange.channels.FileSms"


def test_a_notice_is_counted_read_and_leads_to_its_case(as_, returned, cast):
    lin = as_("lin")
    notice = Notice.objects.get(recipient=cast.lin.user_id)

    page = lin.get("/notices/").content.decode()
    followed = lin.get(f"/notices/{notice.pk}/")

    assert '<span class="count">1</span>' in page
    assert "设备清单与发票不符" in page
    assert followed.url == f"/filings/{returned.pk}/"
    assert lin.get(followed.url).status_code == 200
    assert 'class="count"' not in lin.get("/notices/").content.decode()
    assert Notice.objects.filter(read_at=None).count() == 1  # Su's own


def test_all_are_marked_read_and_only_ones_own(as_, returned, cast):
    as_("lin").post("/notices/read/")

    assert list(Notice.objects.filter(read_at=None).values_list("recipient", flat=True)) == [cast.su.user_id]


def test_a_strangers_notice_is_not_there(as_, returned):
    notice = Notice.objects.first()

    assert as_("mo_firm").get(f"/notices/{notice.pk}/").status_code == 404
    assert as_("mo_firm").get("/notices/").content.decode().count("设备清单") == 0


def test_lists_cost_the_same_for_one_row_and_for_many(as_, returned, cast, world):
    lin = as_("lin")
    with CaptureQueriesContext(connection) as one:
        lin.get("/notices/")
    for _ in range(3):
        filing = factories.filing(world, cast.firm, state="in_review")
        review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="不符", fields=["amount"])
    telling.tell(list(AuditEvent.objects.all()), at=NOW)

    with CaptureQueriesContext(connection) as many:
        lin.get("/notices/")

    assert Notice.objects.filter(recipient=cast.lin.user_id).count() == 4
    assert len(many) == len(one)


def test_choices_are_those_of_ones_own_side_and_kept(as_, ways, cast):
    lin = as_("lin")
    page = lin.get("/notices/choices/").content.decode()

    saved = lin.post("/notices/choices/", {"filing.return|sms": "never", "filing.report|email": "daily"})

    assert 'name="filing.return|email"' in page
    assert 'name="claim' not in page
    assert 'name="filing.submit|email"' not in page  # a unit's
    assert saved.url == "/notices/choices/"
    assert list(NoticeChoice.objects.values_list("user", "kind", "channel", "when")) == [
        (cast.lin.user_id, "filing.return", "sms", "never")
    ]


def test_a_choice_that_is_none_is_refused(as_, ways):
    assert as_("lin").post("/notices/choices/", {"filing.return|sms": "sometimes"}).status_code == 422
    assert not NoticeChoice.objects.exists()


def test_without_other_ways_the_page_says_so(as_):
    assert "只有站内通知" in as_("lin").get("/notices/choices/").content.decode()


def test_the_operator_sees_what_failed_and_sends_it_again(client, world, cast, returned, ways):
    User.objects.filter(pk=cast.lin.user_id).update(email="lin@example.com")
    Notice.objects.all().delete()
    telling.tell(list(AuditEvent.objects.all()), at=NOW)
    failed = Notice.objects.get(channel="email")
    Notice.objects.filter(pk=failed.pk).update(state=Outgoing.State.FAILED, attempts=8, error="550 no such user")
    operator = member(world.units["IND-420000"].organisation, "system_operator", name="ops")
    client.force_login(User.objects.get(pk=operator.user_id), backend="django.contrib.auth.backends.ModelBackend")

    page = client.get("/notices/undelivered/").content.decode()
    client.post(reverse("notice-again", args=[failed.pk]))

    assert "550 no such user" in page
    assert "设备清单" not in page
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == ("waiting", 0)


@pytest.mark.parametrize("name", ["lin", "chen", "zhao"])
def test_nobody_else_sees_what_failed(as_, name, returned):
    notice = Notice.objects.first()

    assert as_(name).get("/notices/undelivered/").status_code == 403
    assert as_(name).post(reverse("notice-again", args=[notice.pk])).status_code == 403
