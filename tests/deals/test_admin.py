"""The queue of claims: what this office may decide, computed in the open, decided with the version that was looked at."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deals.subsidies.models import SubsidyClaim
from tests import people
from tests.deals import claim_cases

pytestmark = pytest.mark.django_db
LIST = "/admin/deals/subsidyclaim/"


@pytest.fixture(autouse=True)
def clock(settings):
    settings.FIXED_NOW = "2026-07-01T10:30:00"


@pytest.fixture
def cast(seated):
    return seated


@pytest.fixture
def as_(cast):
    return lambda name: people.signed_in(cast, name)


def buttons(client, claim):
    return [action["title"] for action in client.get(f"{LIST}{claim.pk}/change/").context.get("actions_detail", [])]


def test_computation_is_laid_open(as_, world, cast, seated_one):
    (claim,) = seated_one

    page = as_("qian").get(f"{LIST}{claim.pk}/change/").content.decode()

    assert "1,840,000,000 × 0.50% ÷ 360 = 25,555.5556" in page  # 20,000,000 yuan for the 92 days to 20 June
    assert "25,555.56" in page
    assert "FX-0-2026-06-20" in page


def test_only_the_deciding_office_has_the_buttons(as_, world, cast, seated_one):
    (claim,) = seated_one

    assert buttons(as_("qian"), claim) == ["批准", "不予支持", "重新核查"]
    assert buttons(as_("zhao"), claim) == ["重新核查"]
    assert as_("tan").get(f"{LIST}{claim.pk}/change/").status_code in (302, 403)


def test_queue_shows_what_waits_for_this_office(as_, world, cast):
    claim_cases.reviewed(world, cast)

    assert [row.scheme.code for row in as_("qian").get(LIST).context["cl"].queryset] == ["HB-ADDON"]
    assert list(as_("zhao").get(LIST).context["cl"].queryset) == []
    assert len(as_("qian").get(LIST, {"queue": "all"}).context["cl"].queryset) > 1


def test_approve_writes_by_the_step_and_holds_the_budget(as_, world, cast, seated_one):
    (claim,) = seated_one

    answer = as_("qian").post(f"{LIST}{claim.pk}/do/approve/", {"seen": claim.version, "note": "同意"})

    assert answer.status_code == 302
    claim.refresh_from_db()
    account = world.budgets[2026].account
    account.refresh_from_db()
    assert (claim.state, claim.arranged) == ("approved", claim.eligible)
    assert account.held == claim.arranged


def test_stale_decision_is_refused_with_what_changed_and_keeps_the_note(as_, world, cast, seated_one):
    (claim,) = seated_one

    answer = as_("qian").post(f"{LIST}{claim.pk}/do/approve/", {"seen": claim.version - 1, "note": "我写的意见"})
    page = answer.content.decode()

    assert answer.status_code == 200
    assert "您打开之后发生的变化" in page
    assert "我写的意见" in page
    assert f'name="seen" value="{claim.version}"' in page
    assert SubsidyClaim.objects.get(pk=claim.pk).state == "reviewed"


def test_refusing_needs_a_reason(as_, world, cast, seated_one):
    (claim,) = seated_one

    page = as_("qian").post(f"{LIST}{claim.pk}/do/refuse/", {"seen": claim.version, "note": ""}).content.decode()

    assert "须填写理由" in page
    assert SubsidyClaim.objects.get(pk=claim.pk).state == "reviewed"


def test_nobody_else_decides_by_typing_the_address(as_, world, cast, seated_one):
    (claim,) = seated_one

    for name in ("zhao", "tan"):
        as_(name).post(f"{LIST}{claim.pk}/do/approve/", {"seen": claim.version})

    assert SubsidyClaim.objects.get(pk=claim.pk).state == "reviewed"


def test_many_are_approved_from_the_list_with_a_result_for_each(as_, world, cast):
    rows = claim_cases.reviewed(world, cast, number=2)
    client = as_("qian")

    confirm = client.post(LIST, {"action": "take_approve", "_selected_action": [row.pk for row in rows]})
    sent = [f"{rows[0].pk}:{rows[0].version}", f"{rows[1].pk}:{rows[1].version - 1}"]
    results = client.post(f"{LIST}many/approve/", {"row": sent, "note": "同意"})

    assert [(row.pk, seen) for row, seen in confirm.context["rows"]] == [(row.pk, row.version) for row in rows]
    assert [error is None for _row, error in results.context["results"]] == [True, False]
    assert list(SubsidyClaim.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk").values_list("state", flat=True)) == [
        "approved",
        "reviewed",
    ]


def test_state_is_never_edited(as_, world, cast, seated_one):
    (claim,) = seated_one

    assert as_("qian").post(f"{LIST}{claim.pk}/change/", {"state": "settled", "paid": "1"}).status_code == 403
    assert SubsidyClaim.objects.get(pk=claim.pk).state == "reviewed"


def test_list_costs_the_same_for_few_rows_and_for_more(as_, world, cast, django_assert_num_queries):
    client = as_("qian")
    claim_cases.reviewed(world, cast)
    client.get(LIST, {"queue": "all"})
    with CaptureQueriesContext(connection) as few:
        client.get(LIST, {"queue": "all"})
    claim_cases.claims(world, cast, number=2, start=1)

    with django_assert_num_queries(len(few)):
        client.get(LIST, {"queue": "all"})
