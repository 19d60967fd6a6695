"""An invitation is made here and ends here: with its disclosure, its clock and its audit event. What it promised is freed by `holds`."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from common.steps import insert_rows, record_many
from deals import clocks, showing
from deals.clocks import CONSENT, CONTACT, Clock, Terms
from deals.models import Invitation, Origin
from lenders.models import Branch
from matching.models import Recommendation
from organisations.actors import Person
from projects.models import Disclosure, IntendedBank, Need

I = Invitation.State  # noqa: E741 -- as in states


@dataclass(frozen=True)
class Letter:
    """An invitation to be sent. `basis` None: the firm has not agreed to this bank yet."""

    need: Need
    branch: Branch
    origin: str
    rank: int
    basis: str | None
    recommendation: Recommendation | None = None


def send(letters: Sequence[Letter], *, terms: Terms, by: Person, at: dt.datetime) -> list[Invitation]:
    """Send them all: a bank the firm named or agreed to sees the file at once, any other an outline until the firm consents."""
    rows = [_invitation(letter, terms, at) for letter in letters]
    insert_rows(rows)
    record_many(rows, "invite", by=by, at=at)
    showing.show(
        [
            showing.Shown(
                letter.need.filing,
                letter.branch.organisation,
                Disclosure.Scope.FILE if letter.basis else Disclosure.Scope.OUTLINE,
                letter.basis or Disclosure.Basis.CONSENT,
            )
            for letter in letters
        ],
        by=by,
        at=at,
    )
    clocks.start([_clock(row) for row in rows], at=at)
    return rows


def letters_for(recommendations: Sequence[Recommendation], *, at: dt.datetime) -> list[Letter]:
    """Letters for published recommendations: open where the firm named the branch or agreed to it before."""
    pairs = [(row.need.filing_id, row.branch.organisation_id) for row in recommendations]
    agreed = showing.agreed(pairs, at=at)
    named = set(IntendedBank.objects.filter(need__in=[row.need_id for row in recommendations]).values_list("need", "branch"))
    letters = []
    for row, pair in zip(recommendations, pairs, strict=True):
        basis = Disclosure.Basis.NAMED if (row.need_id, row.branch_id) in named else None
        if basis is None and pair in agreed:
            basis = Disclosure.Basis.CONSENT
        letters.append(Letter(row.need, row.branch, Origin.RECOMMENDED, row.rank, basis, row))
    return letters


def end(invitations: Sequence[Invitation], *, at: dt.datetime) -> None:
    """Close the clocks of invitations that have ended, and what these banks could see unless they have other business with the filing."""
    clocks.stop(invitations, at=at)
    showing.hide([(row.filing_id, row.branch.organisation_id) for row in invitations], at=at)


def _invitation(letter: Letter, terms: Terms, at: dt.datetime) -> Invitation:
    return Invitation(
        need=letter.need,
        filing=letter.need.filing,
        branch=letter.branch,
        origin=letter.origin,
        rank=letter.rank,
        recommendation=letter.recommendation,
        state=I.OPEN if letter.basis else I.AWAITING_CONSENT,
        sent_at=at,
        contact_due_at=terms.contact_due(at) if letter.basis else None,
        expires_at=terms.decision_due(at) if letter.basis else terms.consent_due(at),
        province=letter.need.province,
    )


def _clock(row: Invitation) -> Clock:
    """The bank's first contact, or the firm's consent."""
    if row.state == I.OPEN:
        return Clock(row, CONTACT, row.branch.organisation_id, row.contact_due_at)
    return Clock(row, CONSENT, row.filing.firm_id, row.expires_at)
