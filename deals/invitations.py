"""From a listed filing to a bank's desk: named banks at once, recommended ones with the firm's consent, standbys by themselves.

At most three banks look at a need at a time. The entry points that touch several apps are here: each calls the step below, then
writes its own rows, in one transaction, with everything locked first in the order of design §2 and the ledger last.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict
from common.steps import Taken, lock, lock_only, only, record_many, take_many
from deals import clocks, commitments, holds, needs, sending, showing, standbys
from deals.bulk import By, succeeded, voice
from deals.clocks import CONSENT, CONTACT, Clock
from deals.docking.following import follow
from deals.models import Deal, Invitation, Origin
from deals.sending import PARTIES, Letter
from deals.states import BEFORE_SIGNING, DEAL_STEPS, INVITATION_STEPS
from matching import rounds
from matching.models import NonMatch, Recommendation, Round
from matching.states import RECOMMENDATION_STEPS
from organisations.actors import Person, system
from projects import candidate_list, review
from projects.disclosures import Telling
from projects.models import Disclosure, Filing, IntendedBank, Need

R = Recommendation.State
UNMATCHED = "unmatched"
SIGNED = (Deal.State.SIGNED, Deal.State.DRAWING, Deal.State.COMPLETED, Deal.State.REPAID)


# listing


def list_filing(filing: Filing, *, by: Person, at: dt.datetime, seen: int, note: str = "", **params: Any) -> Filing:
    """The ministry's list names the project: it goes to every bank the firm named, at once."""
    with transaction.atomic():
        listed = candidate_list.list_filing(filing, by=by, at=at, seen=seen, note=note, **params)
        invite_named([listed], by=by, at=at)
    return listed


def list_many(filings: Sequence[Filing], *, by: Person, at: dt.datetime, **params: Any) -> list[Taken]:
    with transaction.atomic():
        results = candidate_list.list_many(filings, by=by, at=at, **params)
        invite_named(succeeded(results), by=by, at=at)
    return results


def invite_named(
    filings: Sequence[Filing],
    *,
    by: Person,
    at: dt.datetime,
    only: Collection[int] | None = None,
    places: Mapping[int, int] | None = None,
) -> list[Invitation]:
    """Invitations to the banks these filings name, ranked as the firm ranked them; nothing is held.

    `only` these branches, if given; `places` says of a need that banks look at already how many more may.
    """
    if not filings:
        return []
    lock_only(Need.objects.filter(filing__in=filings))
    rows = IntendedBank.objects.filter(need__filing__in=filings, need__parked_reason="").order_by("need_id", "rank").values_list(*PARTIES)
    named = [Letter._make([*parties, Origin.NAMED, Disclosure.Basis.NAMED, None]) for parties in rows]
    busy = needs.busy({letter.need_id for letter in named})
    letters = [letter for letter in named if (letter.need_id, letter.branch_id) not in busy and (only is None or letter.branch_id in only)]
    if places:
        letters = [letter for nth, letter in _numbered(letters) if nth < places.get(letter.need_id, nth + 1)]
    return sending.send(letters, terms=clocks.terms(filings[0].province, at=at), by=by, at=at)


def _numbered(letters: Iterable[Letter]) -> Iterator[tuple[int, Letter]]:
    """Each with its place among those of the same need, from 0."""
    seen: Counter[int] = Counter()
    for letter in letters:
        yield seen[letter.need_id], letter
        seen[letter.need_id] += 1


def withdraw_filing(filing: Filing, *, by: Person, at: dt.datetime, seen: int, note: str = "", **params: Any) -> Filing:
    """The firm withdraws: every invitation and every unsigned deal ends with it. What is signed cannot be withdrawn."""
    with transaction.atomic():
        lock(Filing.objects.filter(pk=filing.pk))
        if Deal.objects.filter(filing=filing, state__in=SIGNED).exists():
            raise Conflict(_("此项目已签订贷款合同，不能撤回。"), code="signed", remedy=_("如确需终止，请先与银行办理，并联系主管部门。"))
        gone = review.withdraw(filing, by=by, at=at, seen=seen, note=note, **params)
        end_business(gone, at=at, note=note)
    return gone


def remove_filing(filing: Filing, *, by: Person, at: dt.datetime, seen: int, note: str = "", **params: Any) -> Filing:
    """The office takes the project off the list: what is not signed ends; signed loans go on as the bank decides."""
    with transaction.atomic():
        lock(Filing.objects.filter(pk=filing.pk))
        gone = candidate_list.remove(filing, by=by, at=at, seen=seen, note=note, **params)
        end_business(gone, at=at, note=note)
    return gone


def end_business(filing: Filing, *, at: dt.datetime, note: str) -> None:
    everybody = system(at)
    lock(Need.objects.filter(filing=filing))
    spare = lock(Recommendation.objects.filter(need__filing=filing, state=R.STANDBY))
    live = looked_up(lock(Invitation.objects.live().filter(filing=filing).exclude(deal__state__in=SIGNED)))
    unsigned = lock(Deal.objects.filter(filing=filing, state__in=BEFORE_SIGNING))
    take_many(RECOMMENDATION_STEPS, "spend", spare, by=everybody, at=at)
    take_many(INVITATION_STEPS, "withdraw", live, by=everybody, at=at, note=note)
    take_many(DEAL_STEPS, "withdraw", unsigned, by=everybody, at=at, note=note or "需求撤回")
    clocks.stop(unsigned, at=at)
    sending.end(live, at=at)
    follow(set(Need.objects.filter(filing=filing).values_list("pk", flat=True)), at=at)
    holds.release(holds.of_invitations(live) + holds.of_deals(unsigned), by=everybody, at=at, note="需求撤回")


# the firm


def consent(invitation: Invitation, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Invitation:
    """The firm lets this bank see the file; the bank's clocks start."""
    return only(consent_many([invitation], by=by, at=at, seen={invitation.pk: seen}, note=note))


def consent_many(
    invitations: Sequence[Invitation], *, by: By, at: dt.datetime, seen: Mapping[int, int] | None = None, note: str = ""
) -> list[Taken]:
    if not invitations:
        return []
    with transaction.atomic():
        terms = clocks.terms(invitations[0].province, at=at)
        due = {"contact_due_at": terms.contact_due(at), "expires_at": terms.decision_due(at)}
        rows = looked_up(invitations)
        needs.lock_all({row.need_id for row in rows})
        results = take_many(INVITATION_STEPS, "consent", rows, by=by, at=at, seen=seen, note=note, changes={row.pk: due for row in rows})
        agreed = succeeded(results)
        pairs = ((row.filing_id, row.branch.organisation_id) for row in agreed)
        tellings = [Telling(*pair, Disclosure.Scope.FILE, Disclosure.Basis.CONSENT) for pair in pairs]
        showing.show(tellings, by=voice(by, at=at), at=at)
        clocks.stop(agreed, CONSENT, at=at)
        clocks.start([Clock(row, CONTACT, row.branch.organisation_id, row.contact_due_at) for row in agreed], at=at)
    return results


def withhold(invitation: Invitation, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Invitation:
    """The firm does not agree to this bank, or takes its agreement back: the promise is freed and the next standby is offered."""
    return only(_finish("withhold", [invitation], by=by, at=at, seen={invitation.pk: seen}, note=note))


# the bank


def view(invitation: Invitation, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Invitation:
    """First contact: the bank has opened the file."""
    return only(view_many([invitation], by=by, at=at, seen={invitation.pk: seen}, note=note))


def view_many(
    invitations: Sequence[Invitation], *, by: By, at: dt.datetime, seen: Mapping[int, int] | None = None, note: str = ""
) -> list[Taken]:
    if not invitations:
        return []
    with transaction.atomic():
        rows = looked_up(invitations)
        changes = {row.pk: {"viewed_at": at} for row in rows}
        results = take_many(INVITATION_STEPS, "view", rows, by=by, at=at, seen=seen, note=note, changes=changes)
        clocks.stop(succeeded(results), CONTACT, at=at)
    return results


# time


def expire_many(invitations: Sequence[Invitation], *, at: dt.datetime) -> list[Taken]:
    """Nobody answered in time: the promise is freed and the next standby offered. The bank may still accept while the firm is free."""
    return _finish("expire", invitations, by=system(at), at=at)


def _finish(
    verb: str, invitations: Sequence[Invitation], *, by: Person, at: dt.datetime, seen: Mapping[int, int] | None = None, note: str = ""
) -> list[Taken]:
    """End invitations that no deal came of, free what they promised, and let the next standby take their place."""
    if not invitations:
        return []
    with transaction.atomic():
        wanted = needs.lock_all({row.need_id for row in invitations})
        spare = standbys.waiting(wanted)
        results = take_many(INVITATION_STEPS, verb, looked_up(invitations), by=by, at=at, seen=seen, note=note)
        ended = succeeded(results)
        if verb == "expire":
            clocks.stop(ended, at=at)  # the file stays readable: late acceptance is possible
        else:
            sending.end(ended, at=at)
        standbys.replace(
            [row.need for row in ended], freed=holds.of_invitations(ended), waiting=spare, at=at, note=INVITATION_STEPS[verb].label
        )
        follow({row.need_id for row in ended}, at=at)
    return results


# rounds


def publish_round(round_: Round, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> rounds.Published:
    """Publish what a round recommends, as far as events have not overtaken it, and send each lead's invitation. Again: the same answer."""
    with transaction.atomic():
        (before,) = lock(Round.objects.filter(pk=round_.pk))
        told = Recommendation.objects.filter(round=round_)
        missed = needs.asking(need__in=NonMatch.objects.filter(round=round_).values("need"))
        theirs = Q(pk__in=told.values("need"))
        needs.lock_only(Need.objects.filter(theirs | Q(pk__in=missed) if missed else theirs))
        outdated = lock(Recommendation.objects.filter(need__in=told.values("need"), state=R.STANDBY).exclude(round=round_))
        now = commitments.compute(round_.programme, round_.province, at=at)
        published = rounds.publish(round_, by=by, at=at, seen=seen, note=note, commitments=now)
        going = set(published.going.values_list("need", flat=True))
        take_many(RECOMMENDATION_STEPS, "spend", [row for row in outdated if row.need_id in going], by=system(at), at=at)
        _invite_leads(published.going, by=by, at=at)
        if before.state != Round.State.PUBLISHED:
            record_many(_left_out(round_), UNMATCHED, by=by, at=at)
        follow(going | missed | needs.asking(need__in=told.values("need")), at=at)
    return published


def _left_out(round_: Round) -> list[NonMatch]:
    """What the round said of needs that are still on the list: their firms are told."""
    return list(NonMatch.objects.filter(round=round_, need__filing__state=Filing.State.LISTED).only("province").order_by("pk"))


def _invite_leads(leads: QuerySet[Recommendation], *, by: Person, at: dt.datetime) -> list[Invitation]:
    letters = sending.letters_for(leads.filter(invitation=None), at=at)
    return sending.send(letters, terms=clocks.terms(letters[0].province, at=at), by=by, at=at) if letters else []


def offer_standby(need: Need, *, at: dt.datetime) -> Invitation | None:
    """Offer the next standby of a need that is free; None when there is none, and the need waits for a child round."""
    with transaction.atomic():
        wanted = needs.lock_all([need.pk])
        sent = standbys.replace(wanted, freed=[], waiting=standbys.waiting(wanted), at=at)
        follow(set(sent), at=at)
    return sent.get(need.pk)


def looked_up(invitations: Sequence[Invitation]) -> list[Invitation]:
    """The same invitations with all that permissions and letters read loaded, in two queries whatever their number."""
    full = (
        Invitation.objects.filter(pk__in=[row.pk for row in invitations])
        .select_related("need", "filing__firm", "branch__organisation", "branch__bank", "recommendation")
        .in_bulk()
    )
    for row in invitations:
        for name in ("need", "filing", "branch", "recommendation"):
            setattr(row, name, getattr(full[row.pk], name))
    return list(invitations)


def loaded(deals: Sequence[Deal]) -> list[Deal]:
    """The same deals with all that permissions and steps read loaded, in two queries whatever their number."""
    full = (
        Deal.objects.filter(pk__in=[row.pk for row in deals])
        .select_related("need", "filing__firm", "filing__project", "firm", "branch__organisation", "branch__bank")
        .in_bulk()
    )
    for row in deals:
        if row.pk in full:
            for name in ("need", "filing", "firm", "branch"):
                setattr(row, name, getattr(full[row.pk], name))
    return list(deals)
