"""One-time codes: shown once, kept as a digest, used once, dead after a week, not to be guessed."""

import datetime as dt

import pytest

from common.errors import Invalid
from organisations import codes, staff
from organisations.models import AccessCode, User, WrongCode
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HERE = "10.0.0.1"


@pytest.fixture
def issued(cast):
    return staff.invite(cast.firm, name="秦经办", role="firm_clerk", by=cast.lin, at=NOW)


def test_code_is_kept_as_a_digest_only(issued):
    assert issued.text not in str(AccessCode.objects.values().get())
    assert issued.code.digest == codes.digest_of(issued.text)


def test_code_is_used_once(issued):
    codes.redeem(codes.find(issued.text, address=HERE, at=NOW), username="qin2", password="k7-mountain-river", at=NOW)

    with pytest.raises(Invalid):
        codes.find(issued.text, address=HERE, at=NOW)


def test_code_dies_by_itself(issued):
    with pytest.raises(Invalid):
        codes.find(issued.text, address=HERE, at=NOW + codes.KEPT)


def test_guessing_is_stopped_for_one_address_and_a_while(issued):
    for _guess in range(codes.WRONG_MAX):
        with pytest.raises(Invalid):
            codes.find("AAAA-AAAA-AAAA", address=HERE, at=NOW)

    with pytest.raises(codes.TooMany):
        codes.find(issued.text, address=HERE, at=NOW)
    assert codes.find(issued.text, address="10.0.0.2", at=NOW) == issued.code
    assert codes.find(issued.text, address=HERE, at=NOW + codes.WRONG_WITHIN) == issued.code
    assert WrongCode.objects.count() == codes.WRONG_MAX


@pytest.mark.parametrize(
    ("username", "password", "field"),
    [("qin2", "12345678", "password"), ("lin", "k7-mountain-river", "username"), ("", "k7-mountain-river", "username")],
)
def test_bad_choice_leaves_the_code_usable(issued, username, password, field):
    with pytest.raises(Invalid) as refused:
        codes.redeem(issued.code, username=username, password=password, at=NOW)

    assert {problem.field for problem in refused.value.problems} == {field}
    assert codes.find(issued.text, address=HERE, at=NOW + dt.timedelta(days=1)) == issued.code


def test_reset_gives_the_same_account_a_new_password(cast):
    seat = staff.people(cast.lin).get(user__username="su")
    issued = staff.reset(seat, by=cast.lin, at=NOW)

    codes.redeem(codes.find(issued.text, address=HERE, at=NOW), password="k7-mountain-river", at=NOW)

    assert User.objects.get(username="su").check_password("k7-mountain-river")
