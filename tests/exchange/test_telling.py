"""Events become notices for the right people, by the ways they chose, and for nobody who could not open the page."""

import datetime as dt

import pytest
from django.db import connection
from django.urls import resolve

from common.models import AuditEvent
from deals import invitations
from exchange import inbox, outbox, receivers, telling
from exchange.models import Channel, GroupRobot, Notice, NoticeChoice, Reading
from exchange.notices import BY_CODE, KINDS, sentence
from exchange.subjects import SUBJECTS
from organisations import covers
from organisations.models import User
from projects import review
from projects.case import consultations
from tests import factories
from tests.deals import cases
from tests.factories import NOW, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ways(settings):
    settings.FIXED_NOW = NOW.isoformat()
    settings.EMAIL_URL, settings.SMS_BACKEND = "set", "exchange.channels.FileSms"


def told(*events):
    """Who was told what by these events inside the service."""
    telling.tell(events or list(AuditEvent.objects.order_by("id")), at=NOW)
    rows = Notice.objects.filter(channel=Channel.IN_APP).order_by("id").select_related("recipient")
    return {(row.recipient.username, row.kind) for row in rows}


def returned(world, cast):
    filing = factories.filing(world, cast.firm, state="in_review")
    return review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="设备清单与发票不符", fields=["amount"])


def test_a_return_is_told_to_the_firm_with_its_reason(world, cast):
    filing = returned(world, cast)

    assert told() == {("lin", "filing.return"), ("su", "filing.return")}
    notice = Notice.objects.filter(channel=Channel.IN_APP).first()
    assert (notice.link, notice.facts["told"], notice.state) == (f"/filings/{filing.pk}/", "设备清单与发票不符", "sent")
    assert str(filing) in sentence(notice.kind, notice.facts)


def test_nobody_is_told_what_they_did_themselves(world, cast):
    filing = factories.filing(world, cast.firm, state="in_review")
    review.pass_step(filing, by=cast.chen, at=NOW, seen=filing.version)

    assert told() == {("hu", "filing.pass.in_review")}


def test_told_again_nothing_is_added(world, cast):
    returned(world, cast)

    first, before = told(), Notice.objects.count()

    assert (told(), Notice.objects.count()) == (first, before)
    assert len({row.message_id for row in Notice.objects.all()}) == before


def test_a_listing_is_told_to_the_firm_and_to_the_banks_it_named(world, cast):
    cases.invited(world, cast)

    assert told() == {
        ("lin", "filing.list"),
        ("su", "filing.list"),
        ("bai", "invitation.invite.open"),
        ("an", "invitation.invite.open"),
    }


def test_a_bank_hears_nothing_before_the_firm_agrees(world, cast):
    invitation = cases.published(world, cast, cases.open_need(world, cast), "ICBC-WH")

    assert told() == {("lin", "invitation.invite.awaiting_consent"), ("su", "invitation.invite.awaiting_consent")}

    invitations.consent(invitation, by=cast.lin, at=NOW, seen=invitation.version)
    assert ("bai", "invitation.consent") in told()


def test_a_way_is_taken_as_chosen(world, cast):
    User.objects.filter(pk__in=[cast.lin.user_id, cast.su.user_id]).update(email="firm@example.com", phone="13800000000")
    inbox.choose({("filing.return", Channel.SMS): "never", ("filing.return", Channel.EMAIL): "daily"}, by=cast.su)
    returned(world, cast)
    told()

    rows = {(row.recipient.username, row.channel): row for row in Notice.objects.select_related("recipient")}
    assert set(rows) == {("lin", "in_app"), ("lin", "email"), ("lin", "sms"), ("su", "in_app"), ("su", "email")}
    assert (rows["lin", "email"].is_daily, rows["lin", "email"].next_attempt_at) == (False, NOW)
    assert (rows["su", "email"].is_daily, rows["su", "email"].next_attempt_at) == (True, telling.next_digest(NOW))


def test_only_what_differs_from_the_table_is_kept(cast):
    inbox.choose({("filing.return", "sms"): "now", ("filing.report", "email"): "never"}, by=cast.lin)

    assert list(NoticeChoice.objects.values_list("kind", "channel", "when")) == [("filing.report", "email", "never")]


def test_the_digest_is_of_the_next_morning():
    assert telling.next_digest(NOW) == NOW.replace(hour=8, minute=30) + dt.timedelta(days=1)
    assert telling.next_digest(NOW.replace(hour=3)) == NOW.replace(hour=8, minute=30)


def test_a_units_group_is_told_once_for_an_event(world, cast):
    office = world.units["IND-420111"].organisation
    robot = GroupRobot.objects.create(organisation=office, url="https://x", set_by_id=cast.chen.user_id, set_at=NOW, province="420000")
    filing = factories.filing(world, cast.firm, state="draft")
    review.submit(filing, by=cast.lin, at=NOW, seen=0)
    told()

    assert [(row.channel, row.recipient_id) for row in Notice.objects.filter(robot=robot)] == [(Channel.ROBOT, None)]


def test_who_cannot_open_the_page_is_not_told(world, cast, monkeypatch):
    returned(world, cast)
    monkeypatch.setattr(receivers.Seating, "at", lambda _self, _desk: {cast.lin.user_id, cast.mo_firm.user_id, cast.bai.user_id})

    assert told() == {("lin", "filing.return")}


def test_machines_and_closed_accounts_are_nobody(world, cast):
    User.objects.filter(pk=cast.su.user_id).update(is_active=False)
    returned(world, cast)

    assert told() == {("lin", "filing.return")}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_kind_has_a_page_and_a_sentence(kind):
    subject = SUBJECTS[kind.subject]
    facts = dict.fromkeys(
        ("title", "firm", "bank", "unit", "scheme", "period", "year", "absent", "deputy", "from", "to", "number", "waiting"), "某"
    )

    assert resolve(subject.page.format(1)).url_name != "step"
    assert "某" in sentence(kind.code, facts)
    assert BY_CODE[kind.code] is kind


@pytest.fixture
def read_on(monkeypatch):
    """An outbox over filings whose every transaction has ended: what this test's own wrote is final. What it handed on, by its verbs."""
    seen = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        own = cursor.fetchone()[0]

    def read(at=NOW, *, horizon=own + 1):
        monkeypatch.setattr(outbox.audit, "horizon", lambda: horizon)
        outbox.read_on("test", subjects=("projects.filing",), take=lambda events: seen.extend(events) or len(events), at=at)
        return [event.verb for event in seen]

    read(horizon=own)
    return read


def test_the_outbox_reads_each_final_event_once_and_in_order(world, cast, read_on):
    filing = returned(world, cast)
    assert read_on() == read_on() == ["return"]

    review.withdraw(filing, by=cast.lin, at=NOW, seen=filing.version, note="不再申报")

    assert read_on() == read_on() == ["return", "withdraw"]
    assert Reading.objects.get(name="test").event_id == AuditEvent.objects.latest("id").pk


def test_what_may_still_be_rolled_back_is_not_read(world, cast, read_on):
    returned(world, cast)

    assert read_on(horizon=1) == []
    assert read_on() == ["return"]


def test_what_is_old_when_it_is_read_is_no_news(world, cast, read_on):
    returned(world, cast)

    assert read_on(NOW + dt.timedelta(days=8)) == []


def test_who_stands_in_hears_of_it_and_of_its_end(world, cast):
    office, days = world["IND-420100"].organisation_id, {"from_on": TODAY, "to_on": TODAY + dt.timedelta(days=6)}
    row = covers.name(absent=f"{office}:{cast.wang.user_id}", deputy=f"{office}:{cast.gao.user_id}", **days, by=cast.wang, at=NOW)
    assert told() == {("gao", "cover.name_cover")}
    assert "代王市级办理" in sentence("cover.name_cover", Notice.objects.filter(channel=Channel.IN_APP).get().facts)

    covers.end(row, by=cast.wang, at=NOW)

    assert told() == {("gao", "cover.name_cover"), ("gao", "cover.end")}


def test_the_asked_office_hears_that_it_is_asked_no_more_and_finds_the_page(world, cast):
    filing = factories.filing(world, cast.firm, state="in_review")
    row = consultations.ask(filing, to_unit="FIN-420100", question="x", by=cast.chen, at=NOW)
    consultations.recall(row, by=cast.chen, at=NOW, seen=row.version, note="已另行核实")

    assert {(who, kind) for who, kind in told() if who == "tan"} == {
        ("tan", "consultation.ask"),
        ("tan", "consultation.recall"),
    }
    assert set(Notice.objects.filter(recipient__username="tan").values_list("link", flat=True)) == {f"/consultations/{row.pk}/"}
