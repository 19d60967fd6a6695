"""The life of a loan of the stock: entered by a provincial office, confirmed by a second person of it. Confirmed it is a deal, for good."""

from django.utils.translation import gettext_lazy as _

from common.steps import Step
from deals.opening.models import OpeningLoan
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Unit

O = OpeningLoan.State  # noqa: E741 -- the table reads better with one letter
LINES = (Unit.Line.INDUSTRY, Unit.Line.NDRC)


def provinces_of(by: Person) -> frozenset[str]:
    """The provinces whose stock this person enters: those of a provincial line department."""
    seats = (by.office(*REVIEW_ROLES, line=line) for line in LINES)
    return frozenset(seat.province for seat in seats if seat is not None)


def by_office(loan: OpeningLoan, by: Person) -> bool:
    return loan.province in provinces_of(by)


def by_second_person(loan: OpeningLoan, by: Person) -> bool:
    return by_office(loan, by) and not by.speaks_for(loan.entered_by_id)


def interested(loan: OpeningLoan, by: Person) -> bool:
    branch = loan.branch
    return bool(by.interests) and by.has_interest_in(branch.organisation_id, branch.bank.organisation_id)


OPENING_STEPS: dict[str, Step] = {
    "revise": Step(frozenset({O.PROPOSED, O.REJECTED}), O.PROPOSED, by_office, _("更正录入"), recuses=interested),
    "confirm": Step(frozenset({O.PROPOSED}), O.CONFIRMED, by_second_person, _("复核入账"), recuses=interested),
    "reject": Step(frozenset({O.PROPOSED}), O.REJECTED, by_office, _("退回录入"), needs_note=True, recuses=interested),
}
