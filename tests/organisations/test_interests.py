"""回避: who has declared an interest takes no step on the case, whoever else of the unit still can."""

import pytest
from django.test import Client

from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from common.steps import allowed_verbs
from deals.subsidies.states import FIRM_CLAIM_STEPS
from organisations import interests
from organisations.actors import person
from organisations.models import DeclaredInterest
from projects import review
from projects.states import FILING_STEPS
from tests import factories, people
from tests.factories import NOW
from tests.portal import cases

pytestmark = pytest.mark.django_db

REASON = "配偶为该企业财务负责人"


@pytest.fixture(autouse=True)
def clock(settings):
    settings.FIXED_NOW = NOW.isoformat()
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False


@pytest.fixture
def filing(world, cast):
    return factories.filing(world, cast.firm, state="in_review")


def declared(cast, name, organisation=None):
    """The interest, and the person as loaded after it."""
    row = interests.declare(organisation or cast.firm, reason=REASON, by=getattr(cast, name), at=NOW)
    return row, person(cast.users[name], at=NOW)


def test_reviewer_with_an_interest_is_refused_with_the_reason(filing, cast):
    _row, chen = declared(cast, "chen")

    with pytest.raises(NotAllowed) as refusal:
        review.pass_step(filing, by=chen, at=NOW, seen=filing.version)

    assert refusal.value.code == "recused"
    assert "利益关系" in str(refusal.value)
    filing.refresh_from_db()
    assert filing.current_step.position == 1


def test_no_button_is_shown_to_who_is_recused(filing, cast):
    _row, chen = declared(cast, "chen")
    review.load_steps([filing])

    assert "pass" in allowed_verbs(FILING_STEPS, filing, cast.chen)
    assert allowed_verbs(FILING_STEPS, filing, chen) == []


def test_cases_of_other_firms_go_on(world, cast):
    other = factories.filing(world, cast.other_firm, state="in_review")
    _row, chen = declared(cast, "chen")

    review.pass_step(other, by=chen, at=NOW, seen=other.version)

    assert other.current_step.position == 2


def test_nobody_waits_for_a_colleague_who_is_recused(world, cast, filing):
    """One who has acted may take a second stage once no other holder without an interest is left."""
    unit = world["IND-420111"].organisation
    both = people.member(unit, "handler", "checker", name="both")
    declared(cast, "chen")
    declared(cast, "hu")
    alone = person(type(cast.users["hu"]).objects.get(pk=both.user_id), at=NOW)

    for _stage in range(2):
        review.pass_step(filing, by=alone, at=NOW, seen=filing.version)

    assert filing.current_step.unit == world["IND-420100"]


def test_claim_is_decided_by_others_than_who_is_close_to_firm_or_bank(world, cast):
    loan = cases.deal(world, factories.filing(world, cast.firm), state="drawing")
    claim = cases.claim(world, loan, state="reviewed")
    _firm, qian = declared(cast, "qian")
    _bank, feng = declared(cast, "feng", world.banks["ICBC"].organisation)

    assert "approve" in allowed_verbs(FIRM_CLAIM_STEPS, claim, cast.qian)
    assert allowed_verbs(FIRM_CLAIM_STEPS, claim, qian) == []
    assert allowed_verbs(FIRM_CLAIM_STEPS, claim, feng) == []


def test_declared_twice_it_stands_once(cast):
    first, _chen = declared(cast, "chen")

    second, _chen = declared(cast, "chen")

    assert second == first
    assert AuditEvent.objects.filter(subject="organisations.declaredinterest", verb="declare_interest").count() == 1


@pytest.mark.parametrize("who", ["lin", "bai"])
def test_only_who_reviews_or_decides_declares(cast, who):
    with pytest.raises(NotAllowed):
        declared(cast, who)


def test_another_person_of_the_unit_ends_it_never_oneself(cast, filing):
    row, chen = declared(cast, "chen")
    for stranger in (chen, cast.mo_county, cast.lin):
        with pytest.raises(NotAllowed):
            interests.end(row, because="配偶已离职", by=stranger, at=NOW)

    interests.end(row, because="配偶已离职", by=cast.hu, at=NOW)

    assert not person(cast.users["chen"], at=NOW).has_interest_in(cast.firm.pk)
    with pytest.raises(Conflict):
        interests.end(row, because="再次", by=cast.hu, at=NOW)


def test_party_is_found_by_code_or_full_name(cast):
    assert interests.find_party(cast.firm.uscc.lower()) == cast.firm
    assert interests.find_party(f" {cast.firm.name} ") == cast.firm
    for unknown in ("", "不存在的企业"):
        with pytest.raises(Invalid):
            interests.find_party(unknown)


def test_seen_by_oneself_and_the_unit_only(cast):
    declared(cast, "chen")

    seen = {name: DeclaredInterest.objects.visible_to(getattr(cast, name)).count() for name in ("chen", "hu", "wang", "mo_county", "lin")}

    assert seen == {"chen": 1, "hu": 1, "wang": 0, "mo_county": 0, "lin": 0}


def signed_in(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_officer_declares_on_the_page_and_what_was_typed_is_kept(cast):
    client = signed_in(cast.users["chen"])

    refused = client.post("/interests/", {"party": "某某公司", "reason": REASON})
    done = client.post("/interests/", {"party": cast.firm.uscc, "reason": REASON})

    assert refused.status_code == 422
    assert 'value="某某公司"' in refused.content.decode()
    assert REASON in refused.content.decode()
    assert done.status_code == 302
    assert cast.firm.name in client.get("/interests/").content.decode()
    assert signed_in(cast.users["lin"]).get("/interests/").status_code == 403


def test_loading_people_costs_no_more_queries_for_it(cast, django_assert_num_queries):
    declared(cast, "chen")

    with django_assert_num_queries(2):
        person(cast.users["chen"], at=NOW)
