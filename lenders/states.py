"""The state table of a bank's letter: entered by one person of the provincial office, registered or voided by another."""

from django.utils.translation import gettext_lazy as _

from common.steps import Step
from lenders.models import AppetiteLetter
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Unit

L = AppetiteLetter.State


def by_provincial_office(letter: AppetiteLetter, by: Person) -> bool:
    return by.office(*REVIEW_ROLES, line=Unit.Line.INDUSTRY, province=letter.province) is not None


def by_second_person(letter: AppetiteLetter, by: Person) -> bool:
    return by_provincial_office(letter, by) and not by.speaks_for(letter.entered_by_id)


LETTER_STEPS: dict[str, Step] = {
    "register": Step(frozenset({L.ENTERED}), L.REGISTERED, by_second_person, _("复核登记")),
    "void": Step(frozenset({L.ENTERED}), L.VOID, by_provincial_office, _("作废"), needs_note=True),
}
