"""Sight and letters end together."""

import pytest

from common.errors import Conflict, NotAllowed
from deals import consents, invariants, invitations
from deals.models import Invitation
from projects.models import Disclosure, Filing
from tests.deals import cases
from tests.deals.cases import AMOUNT
from tests.factories import NOW


def disclosure(world, branch):
    return Disclosure.objects.get(organisation=world[branch].organisation, scope="file", withdrawn_at=None)


def test_taking_back_a_disclosure_ends_the_letter_and_calls_the_standby(world, cast):
    letter = cases.published(world, cast, cases.open_need(world, cast), "CCB-WH", "ICBC-WH")
    invitations.consent(letter, by=cast.lin, at=NOW, seen=letter.version)

    consents.withdraw_disclosure(disclosure(world, "CCB-WH"), by=cast.lin, at=NOW)

    assert cases.fresh(letter).state == "withheld"
    assert Invitation.objects.live().get().branch == world["ICBC-WH"]
    assert (cases.balance(world, "CCB-WH"), cases.balance(world, "ICBC-WH")) == ((0, 0), (AMOUNT, 0))
    assert not Filing.objects.visible_to(cast.an).exists()
    assert list(invariants.breaches()) == []


def test_an_offer_is_withdrawn_first(world, cast):
    cases.intent(world, cast)

    with pytest.raises(Conflict) as refusal:
        consents.withdraw_disclosure(disclosure(world, "ICBC-WH"), by=cast.lin, at=NOW)

    assert refusal.value.code == "under_way"
    assert disclosure(world, "ICBC-WH").withdrawn_at is None


def test_nobody_else_takes_it_back(world, cast):
    letter = cases.invited(world, cast, "ICBC-WH")["ICBC-WH"]

    with pytest.raises(NotAllowed):
        consents.withdraw_disclosure(disclosure(world, "ICBC-WH"), by=cast.mo_firm, at=NOW)

    assert cases.fresh(letter).state == "open"
