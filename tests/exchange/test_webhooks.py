"""A subscriber's system is told of what its organisation may see, signed, until it answers; it may be told again by hand."""

import datetime as dt
import hashlib
import hmac
import json
import socket

import pytest

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from exchange import webhooks
from exchange.api import HAPPENINGS, SOURCES
from exchange.models import Delivery, Webhook
from exchange.posting import post, problem_with
from exchange.sending import WAITS, Undelivered, send_due, try_again
from organisations.models import Unit
from projects import review
from tests import factories
from tests.exchange.receivers import receiving
from tests.factories import NOW
from tests.people import member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def here(settings):
    settings.OUTGOING_PRIVATE = True


def subscribed(cast, url, *kinds, organisation=None, by=None):
    made = webhooks.subscribe(
        organisation or cast.firm, name="办公系统", url=url, kinds=kinds or ("filings.return",), known=HAPPENINGS, by=by or cast.lin, at=NOW
    )
    Delivery.objects.all().delete()  # the greeting
    return made


def returned(world, cast, owner=None):
    filing = factories.filing(world, owner or cast.firm, state="in_review")
    return review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="不符", fields=["amount"])


def deliver(*, at=NOW):
    webhooks.deliver_events(list(AuditEvent.objects.order_by("id")), sources=SOURCES, at=at)
    due = Delivery.objects.due(at=at).select_related("webhook").order_by("id")
    return send_due([[row] for row in due], webhooks.send, at=at)


def test_a_step_is_told_signed_and_small(world, cast):
    with receiving() as receiver:
        made = subscribed(cast, receiver.url)
        filing = returned(world, cast)

        assert deliver() == 1
        assert deliver() == 0  # told once

    ((headers, body),) = receiver.got
    told = json.loads(body)
    assert told["type"] == headers["Fulcrum-Event"] == "filings.return"
    assert told["object"] | {"link": ""} == {"kind": "filings", "id": filing.pk, "state": "returned", "link": ""}
    assert told["id"] == headers["Fulcrum-Id"] == str(Delivery.objects.get().message_id)
    stamp, _comma, signature = headers["Fulcrum-Signature"].partition(",v1=")
    expected = hmac.new(made.secret.encode(), stamp.removeprefix("t=").encode() + b"." + body, hashlib.sha256).hexdigest()
    assert signature == expected
    assert "不符" not in body.decode()


def test_the_secret_is_told_once_and_kept_nowhere(cast):
    made = subscribed(cast, "http://127.0.0.1:9/")

    assert made.secret not in str(Webhook.objects.values()) + str(list(AuditEvent.objects.values()))
    assert webhooks.secret_of(made.webhook) == made.secret


def test_a_new_subscription_is_greeted(cast):
    webhooks.subscribe(cast.firm, name="x", url="http://127.0.0.1:9/", kinds=["filings.list"], known=HAPPENINGS, by=cast.lin, at=NOW)

    assert Delivery.objects.get().payload["type"] == webhooks.PING


def test_what_the_organisation_may_not_see_is_not_told(world, cast):
    subscribed(cast, "http://127.0.0.1:9/", "filings.return", "filings.submit")
    returned(world, cast, cast.other_firm)

    webhooks.deliver_events(list(AuditEvent.objects.all()), sources=SOURCES, at=NOW)

    assert not Delivery.objects.exists()


@pytest.mark.parametrize(("code", "seen"), [("IND-420111", 1), ("IND-420115", 0), ("IND-420000", 1)])
def test_a_unit_is_told_of_its_chain(world, cast, code, seen):
    office = Unit.objects.get(code=code).organisation
    subscribed(cast, "http://127.0.0.1:9/", organisation=office, by=member(office, "unit_admin"))
    returned(world, cast)

    webhooks.deliver_events(list(AuditEvent.objects.all()), sources=SOURCES, at=NOW)

    assert Delivery.objects.count() == seen


def test_a_failure_is_tried_again_later_and_given_up_in_the_open(world, cast):
    with receiving((503, "busy")) as receiver:
        subscribed(cast, receiver.url)
        returned(world, cast)
        waited, at = [], NOW
        deliver()
        while (row := Delivery.objects.get()).state == "waiting":
            waited.append(row.next_attempt_at - at)
            at = row.next_attempt_at
            deliver(at=at)

        assert waited == list(WAITS)
        assert (row.state, row.status, row.answer, row.attempts, row.error) == ("failed", 503, "busy", len(WAITS) + 1, "503")
        assert len({headers["Fulcrum-Id"] for headers, _body in receiver.got}) == 1
        assert try_again(row, at=at)
        assert not try_again(Delivery.objects.get(), at=at)


def test_a_webhook_that_fails_too_often_is_stopped_and_resumed_by_hand(world, cast, settings):
    settings.WEBHOOK_FAILURES_MAX = 2
    with receiving((500, ""), (500, ""), (200, "")) as receiver:
        webhook = subscribed(cast, receiver.url).webhook
        returned(world, cast)
        deliver()
        deliver(at=NOW + WAITS[0])
        webhook.refresh_from_db()
        assert (webhook.state, webhook.failures) == ("stopped", 2)

        webhooks.resume(webhook, by=cast.lin, at=NOW, seen=webhook.version)
        deliver(at=NOW + dt.timedelta(days=1))

    webhook.refresh_from_db()
    assert (webhook.state, webhook.failures, Delivery.objects.get().state) == ("active", 0, "sent")


def test_a_delivery_is_replayed_as_the_same_message(world, cast):
    with receiving() as receiver:
        subscribed(cast, receiver.url)
        returned(world, cast)
        deliver()

        again = webhooks.replay(Delivery.objects.get(), by=cast.lin, at=NOW)
        deliver()

    first, second = receiver.got
    assert (first[1], first[0]["Fulcrum-Id"]) == (second[1], second[0]["Fulcrum-Id"])
    assert again.replay_of_id != again.pk


@pytest.mark.parametrize("name", ["su", "mo_firm", "chen"])
def test_only_the_administrator_subscribes_replays_and_ends(world, cast, name):
    webhook = subscribed(cast, "http://127.0.0.1:9/").webhook
    by = getattr(cast, name)
    returned(world, cast)
    webhooks.deliver_events(list(AuditEvent.objects.all()), sources=SOURCES, at=NOW)
    delivery = Delivery.objects.select_related("webhook").get()

    for act in (
        lambda: subscribed(cast, "http://127.0.0.1:9/", by=by),
        lambda: webhooks.replay(delivery, by=by, at=NOW),
        lambda: webhooks.end(webhook, by=by, at=NOW, seen=webhook.version),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert not Webhook.objects.visible_to(by).exists()
    assert not Delivery.objects.visible_to(by).exists()


def test_an_ended_webhook_is_told_nothing_and_replays_nothing(world, cast):
    webhook = subscribed(cast, "http://127.0.0.1:9/").webhook
    returned(world, cast)
    webhooks.deliver_events(list(AuditEvent.objects.all()), sources=SOURCES, at=NOW)
    webhooks.end(webhook, by=cast.lin, at=NOW, seen=webhook.version)

    with pytest.raises(Conflict):
        webhooks.replay(Delivery.objects.select_related("webhook").get(), by=cast.lin, at=NOW)


@pytest.mark.parametrize(
    "url",
    [
        "http://oa.example.cn/hook",
        "ftp://oa.example.cn/",
        "https://user:secret@oa.example.cn/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/",
        "https://localhost/",
        "https://db.internal/",
        "https://[not an address/",
        "",
    ],
)
def test_what_is_no_public_address_is_refused(settings, cast, url):
    settings.OUTGOING_PRIVATE = False

    assert problem_with(url)
    with pytest.raises(Invalid):
        subscribed(cast, url)


@pytest.mark.parametrize("found", ["127.0.0.1", "10.0.0.8", "::1"])
def test_a_public_name_of_a_private_address_is_not_called(settings, monkeypatch, found):
    settings.OUTGOING_PRIVATE = False
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, 443))])

    with pytest.raises(Undelivered) as refused:
        post("https://oa.example.cn/hook", b"{}", {})

    assert refused.value.for_good


def test_a_redirection_is_an_answer_and_not_followed():
    with receiving((302, "")) as receiver:
        answer = post(receiver.url, b"{}", {})

    assert (answer.status, answer.is_success, len(receiver.got)) == (302, False, 1)


def test_kinds_and_name_are_asked_for(cast):
    with pytest.raises(Invalid) as refused:
        webhooks.subscribe(cast.firm, name="", url="http://127.0.0.1/", kinds=["filings.nothing"], known=HAPPENINGS, by=cast.lin, at=NOW)

    assert [problem.field for problem in refused.value.problems] == ["name", "kinds"]
