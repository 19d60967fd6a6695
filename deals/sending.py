"""An invitation is made here and ends here: with its disclosure, its clock and its audit event. What it promised is freed by `holds`."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import QuerySet

from common.steps import among, insert_rows, record_many
from deals import clocks, showing
from deals.clocks import CONSENT, CONTACT, Clock, Terms
from deals.models import Invitation, Origin, SecondDocking
from matching.models import Recommendation
from organisations.actors import Person
from projects.disclosures import Telling
from projects.models import Disclosure, IntendedBank

I = Invitation.State  # noqa: E741 -- as in states

# What a letter tells of its need and branch, as rows that point to both are asked for it.
PARTIES = ("need", "need__filing", "need__filing__firm", "need__province", "branch", "branch__organisation", "rank")


class Letter(NamedTuple):
    """An invitation to be sent, by ids: a round sends thousands. `basis` None: the firm has not agreed to this bank yet."""

    need_id: int
    filing_id: int
    firm_id: int
    province: str
    branch_id: int
    organisation_id: int
    rank: int
    origin: str
    basis: str | None
    recommendation_id: int | None = None


def send(letters: Sequence[Letter], *, terms: Terms, by: Person, at: dt.datetime, note: str = "") -> list[Invitation]:
    """Send them all: a bank the firm named or agreed to sees the file at once, any other an outline until the firm consents.

    Whoever is asked while a need is in second docking is asked by it. `note` is what the firm says to the banks.
    """
    docked = set(SecondDocking.objects.open().filter(need__in=among({letter.need_id for letter in letters})).values_list("need", flat=True))
    letters = [letter._replace(origin=Origin.SECOND_DOCKING) if letter.need_id in docked else letter for letter in letters]
    rows = [_invitation(letter, terms, at, note) for letter in letters]
    insert_rows(rows)
    record_many(rows, "invite", by=by, at=at, note=note)
    showing.show([_telling(letter) for letter in letters], by=by, at=at)
    clocks.start([_clock(row, letter) for row, letter in zip(rows, letters, strict=True)], at=at)
    return rows


def letters_for(recommendations: QuerySet[Recommendation], *, at: dt.datetime) -> list[Letter]:
    """Letters for published recommendations: open where the firm named the branch or agreed to it before."""
    rows = recommendations.order_by("pk").values_list(*PARTIES, "pk")
    letters = [Letter._make([*parties, Origin.RECOMMENDED, None, pk]) for *parties, pk in rows]
    agreed = showing.agreed([(letter.filing_id, letter.organisation_id) for letter in letters], at=at)
    asked = {letter.need_id for letter in letters}
    named = set(IntendedBank.objects.filter(need__in=among(asked)).values_list("need", "branch"))

    def basis(letter: Letter) -> str | None:
        if (letter.need_id, letter.branch_id) in named:
            return Disclosure.Basis.NAMED
        return Disclosure.Basis.CONSENT if (letter.filing_id, letter.organisation_id) in agreed else None

    return [letter._replace(basis=basis(letter)) for letter in letters]


def end(invitations: Sequence[Invitation], *, at: dt.datetime) -> None:
    """Close the clocks of invitations that have ended, and what these banks could see unless they have other business with the filing."""
    clocks.stop(invitations, at=at)
    showing.hide([(row.filing_id, row.branch.organisation_id) for row in invitations], at=at)


def _invitation(letter: Letter, terms: Terms, at: dt.datetime, note: str) -> Invitation:
    return Invitation(
        need_id=letter.need_id,
        filing_id=letter.filing_id,
        branch_id=letter.branch_id,
        origin=letter.origin,
        rank=letter.rank,
        recommendation_id=letter.recommendation_id,
        state=I.OPEN if letter.basis else I.AWAITING_CONSENT,
        sent_at=at,
        firm_note=note,
        contact_due_at=terms.contact_due(at) if letter.basis else None,
        expires_at=terms.decision_due(at) if letter.basis else terms.consent_due(at),
        province=letter.province,
    )


def _telling(letter: Letter) -> Telling:
    scope = Disclosure.Scope.FILE if letter.basis else Disclosure.Scope.OUTLINE
    return Telling(letter.filing_id, letter.organisation_id, scope, letter.basis or Disclosure.Basis.CONSENT)


def _clock(row: Invitation, letter: Letter) -> Clock:
    """The bank's first contact, or the firm's consent."""
    if row.state == I.OPEN:
        return Clock(row, CONTACT, letter.organisation_id, row.contact_due_at)
    return Clock(row, CONSENT, letter.firm_id, row.expires_at)
