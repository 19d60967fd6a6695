"""Who may see a filing because of an invitation or a deal, by the rows of `projects.disclosures`, which are the consent record itself."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import Q

from common.steps import among
from deals.models import Deal, Invitation
from organisations.actors import Person
from projects import disclosures
from projects.disclosures import Telling
from projects.models import Disclosure

Pair = tuple[int, int]  # filing, organisation
SHOWN = (Invitation.State.OPEN, Invitation.State.VIEWED, Invitation.State.ACCEPTED)  # the bank has the file before it


def show(tellings: Sequence[Telling], *, by: Person, at: dt.datetime) -> None:
    """Let these organisations see these filings until the business ends."""
    disclosures.disclose_many(tellings, by=by, at=at)


def agreed(pairs: Sequence[Pair], *, at: dt.datetime) -> set[Pair]:
    """The pairs of which the firm lets the organisation see the whole file at this moment."""
    rows = Disclosure.objects.filter(filing__in=among({filing for filing, _who in pairs}), scope=Disclosure.Scope.FILE).current(at=at)
    return set(rows.values_list("filing", "organisation")) & set(pairs)


def hide(pairs: Sequence[Pair], *, at: dt.datetime) -> None:
    """End what these organisations could see, unless another need of the same filing still keeps them in business with it."""
    filings = {filing for filing, _who in pairs}
    kept = set(Invitation.objects.live().filter(filing__in=filings).values_list("filing", "branch__organisation"))
    lasting = Deal.objects.filter(filing__in=filings, state__in=(*Deal.LIVE, Deal.State.REPAID))
    kept |= set(lasting.values_list("filing", "branch__organisation"))
    gone = Q()
    for filing, organisation in set(pairs) - kept:
        gone |= Q(filing=filing, organisation=organisation)
    if gone:
        Disclosure.objects.filter(gone, withdrawn_at=None).update(withdrawn_at=at)
