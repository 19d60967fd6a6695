"""A case has ended, or goes back to its unit: what was still asked at it is asked no more."""

import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from common.steps import take_many
from organisations import deadlines
from organisations.actors import system
from projects.case.states import CHANGE_STEPS, CONSULTATION_STEPS, UNLOCK_STEPS
from projects.models import ChangeRequest, Consultation, Filing, UnlockRequest


def end(filings: Sequence[Filing], *, at: dt.datetime) -> None:
    """Questions to other units are recalled, requests of the firm lapse."""
    by, note = system(at), str(_("申报已办结"))
    asked = list(Consultation.objects.filter(filing__in=filings, state=Consultation.State.OPEN).select_related("filing"))
    changes = list(ChangeRequest.objects.filter(filing__in=filings, state=ChangeRequest.State.ASKED).select_related("filing"))
    take_many(CONSULTATION_STEPS, "recall", asked, by=by, at=at, note=note)
    take_many(CHANGE_STEPS, "withdraw", changes, by=by, at=at, note=note)
    for rows in (asked, changes):
        deadlines.close_many(rows, at=at)
    lapse_unlocks(filings, at=at)


def lapse_unlocks(filings: Sequence[Filing], *, at: dt.datetime) -> None:
    """The case is handed in again, or has ended."""
    rows = UnlockRequest.objects.filter(filing__in=filings, state=UnlockRequest.State.ASKED)
    take_many(UNLOCK_STEPS, "lapse", rows, by=system(at), at=at)
