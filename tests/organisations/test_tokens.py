"""A machine's token: made by whoever may, told once, good for its scopes until its day, and ended at once."""

import datetime as dt

import pytest
from django.test import Client
from rest_framework.test import APIClient

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from organisations import tokens
from organisations.authentication import Pace
from organisations.models import Organisation, Token
from tests import factories
from tests.factories import NOW
from tests.people import member

pytestmark = pytest.mark.django_db
KNOWN = ("read:filings", "write:filings", "read:deals")


@pytest.fixture(autouse=True)
def clock(settings):
    settings.FIXED_NOW = NOW.isoformat()


def issue(organisation, by, *scopes, days=30, name="财务系统"):
    return tokens.issue(organisation, name=name, scopes=scopes or ("read:filings",), known=KNOWN, days=days, by=by, at=NOW)


def machine(text):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def test_token_is_told_once_and_only_its_digest_kept(cast):
    issued = issue(cast.firm, cast.lin)

    row = Token.objects.get()
    assert issued.text.startswith(row.prefix)
    assert issued.text not in str(row.__dict__)
    assert row.digest == tokens.digest_of(issued.text)
    event = AuditEvent.objects.get(verb="issue")
    assert (event.by_user_id, event.changes["scopes"]) == (cast.lin.user_id, ["read:filings"])


def test_machine_reads_as_its_organisation_and_is_named_in_the_trail(cast, world):
    own = factories.filing(world, cast.firm, state="draft")
    other = factories.filing(world, cast.other_firm, state="draft")
    client = machine(issue(cast.firm, cast.lin, "read:filings", "write:filings").text)

    told = client.get("/api/filings/").json()["results"]
    withdrawn = client.post(f"/api/filings/{own.pk}/withdraw/", {"seen": 0, "note": "重复填报"})

    assert [row["id"] for row in told] == [own.pk]
    assert client.get(f"/api/filings/{other.pk}/").status_code == 404
    assert withdrawn.status_code == 200, withdrawn.json()
    event = AuditEvent.objects.get(verb="withdraw")
    assert (event.by_user.username, event.by_label) == (
        f"token-{Token.objects.get().prefix}",
        f"财务系统（{cast.firm.name}）",
    )


@pytest.mark.parametrize(
    ("method", "address"),
    [("post", "/api/filings/"), ("get", "/api/deals/"), ("post", "/api/filings/1/withdraw/"), ("get", "/api/regions/")],
)
def test_only_the_scopes_methods_work(cast, method, address):
    client = machine(issue(cast.firm, cast.lin, "read:filings").text)

    answer = getattr(client, method)(address)

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert answer.json()["errors"][0]["remedy"]


def test_any_token_asks_who_it_is_and_reads_the_description(cast):
    client = machine(issue(cast.firm, cast.lin).text)

    assert [seat["role"] for seat in client.get("/api/me/").json()["seats"]] == ["firm_clerk"]
    assert client.get("/api/schema/", headers={"Accept": "application/json"}).status_code == 200


@pytest.mark.parametrize("text", ["", "fk_", "fk_00000000_nothing", "Bearer", "令牌", "x" * 5000])
def test_a_text_nobody_issued_opens_nothing(cast, text):
    issue(cast.firm, cast.lin)

    answer = machine(text.encode().decode("latin-1")).get("/api/filings/")

    assert (answer.status_code, answer.json()["code"]) == (401, "token_unknown")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_expired_and_revoked_tokens_say_so(cast, settings):
    expiring, revoked = issue(cast.firm, cast.lin, days=1), issue(cast.firm, cast.lin, name="旧系统")
    tokens.revoke(revoked.token, by=cast.lin, at=NOW)

    assert machine(revoked.text).get("/api/me/").json()["code"] == "token_revoked"
    settings.FIXED_NOW = (NOW + dt.timedelta(days=1)).isoformat()
    assert machine(expiring.text).get("/api/me/").json()["code"] == "token_expired"
    with pytest.raises(Conflict):
        tokens.revoke(revoked.token, by=cast.lin, at=NOW)


def test_use_is_noted_to_the_minute(cast, settings):
    issued = issue(cast.firm, cast.lin)
    seen = []
    for seconds in (0, 30, 90):
        settings.FIXED_NOW = (NOW + dt.timedelta(seconds=seconds)).isoformat()
        machine(issued.text).get("/api/me/")
        seen.append(Token.objects.get().last_used_at - NOW)

    assert [use.total_seconds() for use in seen] == [0, 0, 90]


@pytest.mark.parametrize("name", ["su", "chen", "bai", "mo_firm"])
def test_only_the_administrator_issues_and_revokes(cast, name):
    issued = issue(cast.firm, cast.lin)

    with pytest.raises(NotAllowed):
        issue(cast.firm, getattr(cast, name))
    with pytest.raises(NotAllowed):
        tokens.revoke(issued.token, by=getattr(cast, name), at=NOW)
    assert not Token.objects.visible_to(getattr(cast, name)).exists()
    assert Token.objects.visible_to(cast.lin).count() == 1


def test_machine_of_a_unit_only_reads(cast, world):
    office = world.units["IND-420111"].organisation
    admin = member(office, "unit_admin")

    with pytest.raises(Invalid) as refused:
        issue(office, admin, "read:filings", "write:filings")

    assert refused.value.problems[0].code == "reads_only"
    filing = factories.filing(world, cast.firm, state="in_review")
    told = machine(issue(office, admin).text).get(f"/api/filings/{filing.pk}/").json()
    assert (told["state"], told["actions"]) == ("in_review", [])


@pytest.mark.parametrize(
    ("changed", "field"), [({"days": 0}, "days"), ({"days": 400}, "days"), ({"name": " "}, "name"), ({"scopes": ["read:money"]}, "scopes")]
)
def test_what_is_wrong_is_named(cast, changed, field):
    entered = {"name": "系统", "scopes": ["read:filings"], "days": 30} | changed

    with pytest.raises(Invalid) as refused:
        tokens.issue(cast.firm, known=KNOWN, by=cast.lin, at=NOW, **entered)

    assert [problem.field for problem in refused.value.problems] == [field]
    assert Organisation.objects.filter(memberships__user__username__startswith="token-").count() == 0


def test_a_token_opens_no_page(cast):
    client = Client(headers={"Authorization": f"Bearer {issue(cast.firm, cast.lin).text}"})

    assert client.get("/").status_code == 302


def test_whoever_asks_too_often_is_told_to_wait(cast, monkeypatch):
    monkeypatch.setattr(Pace, "THROTTLE_RATES", {"api": "2/min"})
    client = machine(issue(cast.firm, cast.lin).text)

    answers = [client.get("/api/me/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "throttled"
    assert int(answers[2]["Retry-After"]) > 0
