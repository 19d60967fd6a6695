"""How a notice leaves: by e-mail, SMS and the group's robot; together where it may be; and seen where it cannot."""

import json
import smtplib
from pathlib import Path

import pytest
from django.core import mail

from common.models import AuditEvent
from exchange import channels, telling
from exchange.models import GroupRobot, Notice
from exchange.sending import WAITS, send_due
from organisations.models import User
from projects import review
from tests import factories
from tests.exchange.receivers import receiving
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ways(settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.EMAIL_URL, settings.SMS_BACKEND, settings.SMS_FILE = "set", "exchange.channels.FileSms", str(tmp_path / "sms.jsonl")
    settings.SITE_URL, settings.SITE_HOST = "https://zd.example.cn", "zd.example.cn"
    settings.OUTGOING_PRIVATE = True


@pytest.fixture
def su(cast):
    User.objects.filter(pk=cast.su.user_id).update(email="su@example.com", phone="13800000000")
    return cast.su


def returned(world, cast):
    filing = factories.filing(world, cast.firm, state="in_review")
    return review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="设备清单与发票不符", fields=["amount"])


def send(*, at=NOW):
    telling.tell(list(AuditEvent.objects.order_by("id")), at=NOW)
    return send_due(channels.due_notices(at=at), channels.send, at=at)


def test_an_urgent_notice_goes_at_once_by_mail_and_sms(world, cast, su, settings):
    filing = returned(world, cast)

    assert send() == 2
    (message,) = mail.outbox
    row = Notice.objects.get(channel="email")
    assert message.to == ["su@example.com"]
    assert message.extra_headers["Message-ID"] == f"<{row.message_id}@zd.example.cn>"
    assert "设备清单与发票不符" in message.body
    assert f"https://zd.example.cn/filings/{filing.pk}/" in message.body
    text = json.loads(Path(settings.SMS_FILE).read_text(encoding="utf-8"))
    assert text["to"] == "13800000000"
    assert "不符" not in text["text"]  # a reason is read inside
    assert set(Notice.objects.values_list("state", flat=True)) == {"sent"}


def test_the_rest_of_the_day_comes_in_one_mail(world, cast, su):
    for _ in range(3):
        filing = factories.filing(world, cast.firm, state="in_pool")
        AuditEvent.objects.create(
            subject="projects.filing", subject_id=filing.pk, verb="report", target="reported", by_label="赵", at=NOW, province="420000"
        )

    assert send() == 0
    assert send(at=telling.next_digest(NOW)) == 3
    (message,) = mail.outbox
    assert message.subject == "[支点] 今日 3 条通知"
    assert message.body.count("已上报国家部委") == 3


def test_a_mail_server_that_is_away_is_tried_again(world, cast, su, monkeypatch):
    returned(world, cast)
    monkeypatch.setattr(mail.EmailMessage, "send", lambda _self: (_ for _ in ()).throw(smtplib.SMTPServerDisconnected("away")))

    send()

    row = Notice.objects.get(channel="email")
    assert (row.state, row.attempts, row.next_attempt_at, row.error) == ("waiting", 1, NOW + WAITS[0], "SMTPServerDisconnected: away")


def test_a_group_reads_how_many_and_where_never_whose(world, cast, settings):
    office = world.units["IND-420111"].organisation
    with receiving((200, '{"errcode": 0}')) as receiver:
        GroupRobot.objects.create(organisation=office, url=receiver.url, set_by_id=cast.chen.user_id, set_at=NOW, province="420000")
        filings = factories.filings(world, [cast.firm, cast.other_firm], state="draft")
        for filing, by in zip(filings, (cast.lin, cast.mo_firm), strict=True):
            review.submit(filing, by=by, at=NOW, seen=0)
        sent = send()

    ((_headers, body),) = receiver.got
    text = json.loads(body)["markdown"]["content"]
    assert sent == 2
    assert "2 项" in text
    assert "https://zd.example.cn/" in text
    assert not any(word in text for word in (cast.firm.name, cast.other_firm.name, str(filings[0])))


def test_a_robot_that_refuses_is_not_taken_for_one_that_heard(world, cast):
    office = world.units["IND-420111"].organisation
    with receiving((200, '{"errcode": 93000, "errmsg": "invalid webhook"}')) as receiver:
        GroupRobot.objects.create(organisation=office, url=receiver.url, set_by_id=cast.chen.user_id, set_at=NOW, province="420000")
        review.submit(factories.filing(world, cast.firm, state="draft"), by=cast.lin, at=NOW, seen=0)
        send()

    assert "invalid webhook" in Notice.objects.get(channel="robot").error


def test_an_sms_gateway_gets_a_message_it_can_know_again(settings):
    with receiving((200, ""), (500, "no")) as receiver:
        settings.SMS_URL, settings.SMS_KEY = receiver.url, "k"
        channels.HttpSms().send("138", "文", "id-1")
        with pytest.raises(channels.Undelivered):
            channels.HttpSms().send("138", "文", "id-1")

    headers, body = receiver.got[0]
    assert (headers["Authorization"], headers["Idempotency-Key"]) == ("Bearer k", "id-1")
    assert json.loads(body) == {"id": "id-1", "to": "138", "text": "文"}
