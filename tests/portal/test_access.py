"""Who may open what. For each "may not" there is something that could have leaked."""

import pytest
from django.test import Client

from organisations.models import User
from portal import adequacy, reads
from tests import factories, people
from tests.portal import cases

pytestmark = pytest.mark.django_db


@pytest.fixture
def everything(world, listed):
    """One of each: a filing with an invitation, a deal that draws, a claim, and a published round."""
    made = {
        "filings": listed,
        "invitations": cases.invitation(world, listed, state="accepted"),
        "deals": cases.deal(world, listed, state="drawing"),
        "rounds": cases.round_(world),
    }
    cases.disclosure(world, listed, "ICBC-WH")
    cases.drawdown(made["deals"])
    made["claims"] = cases.claim(world, made["deals"])
    return made


KINDS = ("filings", "invitations", "deals", "claims", "rounds")


@pytest.mark.parametrize("kind", KINDS)
def test_pages_ask_visitors_to_sign_in(everything, kind):
    address = f"/{kind}/{everything[kind].pk}/"

    answer = Client().get(address)

    assert answer.status_code == 302
    assert answer["Location"] == f"/sign-in/?next={address}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stranger", ["mo_firm", "mo_county", "mo_bank"])
def test_strangers_find_nothing(everything, as_, kind, stranger):
    answer = as_(stranger).get(f"/{kind}/{everything[kind].pk}/")

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("who", "kinds"),
    [
        ("lin", {"filings", "invitations", "deals", "claims"}),
        ("chen", {"filings", "invitations", "deals", "claims"}),
        ("zhao", set(KINDS)),
        ("bai", {"filings", "invitations", "deals", "claims"}),
        ("an", set()),
        ("qian", {"claims", "rounds"}),
    ],
)
def test_each_reader_opens_their_own(everything, as_, who, kinds):
    client = as_(who)

    opened = {kind for kind in KINDS if client.get(f"/{kind}/{everything[kind].pk}/").status_code == 200}

    assert opened == kinds


@pytest.mark.parametrize(
    ("who", "pages"),
    [
        ("lin", {"/", "/filings/mine/", "/filings/new/", "/deals/", "/claims/"}),
        ("chen", {"/", "/inbox/", "/filings/", "/adequacy/", "/deals/", "/claims/"}),
        ("zhao", {"/", "/inbox/", "/filings/", "/adequacy/", "/deals/", "/rounds/", "/progress/", "/claims/", "/accounts/"}),
        ("bai", {"/", "/invitations/", "/deals/", "/claims/", "/accounts/"}),
        ("qian", {"/", "/filings/", "/adequacy/", "/deals/", "/rounds/", "/progress/", "/claims/", "/accounts/"}),
    ],
)
def test_lists_open_for_their_readers_only(everything, as_, who, pages):
    client = as_(who)
    every = {"/", "/inbox/", "/filings/", "/filings/mine/", "/filings/new/", "/adequacy/", "/invitations/", "/deals/", "/rounds/"}
    every |= {"/progress/", "/claims/", "/accounts/"}

    answers = {page: client.get(page).status_code for page in every}

    assert {page for page, status in answers.items() if status == 200} == pages
    assert set(answers.values()) <= {200, 403}


def test_a_countys_reader_reads_its_cases_and_not_the_province(everything, world):
    """Nor what its budgets hold, nor what each bank is willing to lend."""
    reader = people.member(world["IND-420111"].organisation, "reader", name="du")
    client = Client()
    client.force_login(User.objects.get(pk=reader.user_id), backend="django.contrib.auth.backends.ModelBackend")

    opened = {
        page
        for page in ("/filings/", "/adequacy/", "/deals/", "/claims/", "/rounds/", "/accounts/", "/progress/")
        if client.get(page).status_code == 200
    }

    assert opened == {"/filings/", "/adequacy/", "/deals/", "/claims/"}
    assert [value for value, _label in adequacy.offered(reader)] == ["county"]
    assert not reads.budgets(reader).exists()


def test_bank_reads_only_the_outline_before_consent(world, cast, as_, listed):
    cases.recommendation(world, cases.round_(world), listed, "ICBC-WH")
    cases.invitation(world, listed, state="awaiting_consent", origin="recommended")
    cases.disclosure(world, listed, "ICBC-WH", scope="outline", basis="consent")

    shown = as_("bai").get("/invitations/").content.decode() + as_("bai").get("/").content.decode()

    assert "1,000 万元至 5,000 万元" in shown
    assert "洪山区" in shown
    assert "汽车制造业" in shown
    for secret in (listed.title, cast.firm.name, cast.firm.uscc, "20,000,000", "2,000", f"/filings/{listed.pk}/"):
        assert secret not in shown


def test_bank_with_an_invitation_but_no_disclosure_reads_the_outline(world, cast, as_, listed):
    row = cases.invitation(world, listed)

    shown = as_("bai").get(f"/invitations/{row.pk}/").content.decode() + as_("bai").get("/invitations/").content.decode()

    assert "未公开的项目" in shown
    for secret in (listed.title, cast.firm.name, cast.firm.uscc, "20,000,000", listed.project.code, "数控加工中心"):
        assert secret not in shown


def test_bank_reads_the_file_but_nothing_of_other_banks(world, as_, listed):
    lead = cases.recommendation(world, cases.round_(world), listed, "ICBC-WH")
    row = cases.invitation(world, listed, origin="recommended", recommendation=lead)
    cases.invitation(world, listed, "CCB-WH", rank=2)
    cases.deal(world, listed, "CCB-WH")
    cases.disclosure(world, listed, "ICBC-WH")
    cases.disclosure(world, listed, "CCB-WH")

    shown = as_("bai").get(f"/invitations/{row.pk}/").content.decode() + as_("bai").get(f"/filings/{listed.pk}/").content.decode()

    assert listed.title in shown
    assert "数控加工中心" in shown
    for secret in ("建设银行武汉分行", "候补第一位", "审核链", "武汉市经济和信息化局"):
        assert secret not in shown


def test_firm_does_not_read_what_officers_say_among_themselves(world, cast, as_):
    filing = factories.filing(world, cast.firm, state="in_review")
    filing.steps.filter(position=1).update(passed_at=factories.NOW, opinion="此件请领导斟酌")

    of_firm, of_unit = (as_(name).get(f"/filings/{filing.pk}/").content.decode() for name in ("lin", "hu"))

    assert "此件请领导斟酌" not in of_firm
    assert "此件请领导斟酌" in of_unit


def test_county_does_not_find_another_countys_filings(world, cast, as_):
    here = factories.filing(world, cast.firm, state="in_review")
    there = factories.filing(world, cast.other_firm, state="in_review", region="420115", unit="IND-420115")

    shown = as_("chen").get("/filings/").content.decode()

    assert here.title in shown
    assert there.title not in shown
