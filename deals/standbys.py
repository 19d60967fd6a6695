"""Standbys take the place of a bank that refused or let the time pass, by themselves: their promise is made only then."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from common.steps import lock, take_many
from deals import clocks, holds, needs, sending
from deals.clocks import Terms, day
from deals.holds import Held
from deals.models import Invitation
from ledger import accounts
from ledger.accounts import Hold
from lenders import appetite
from matching import refusals
from matching.models import Recommendation, Round
from matching.states import RECOMMENDATION_STEPS
from organisations.actors import Person, system
from projects.models import Filing, Need

R = Recommendation.State


def waiting(wanted: Sequence[Need]) -> dict[int, list[Recommendation]]:
    """Need → its standbys by rank, of its latest round, locked."""
    rows = Recommendation.objects.filter(need__in=wanted, state=R.STANDBY, round__state=Round.State.PUBLISHED)
    found: dict[int, list[Recommendation]] = {}
    for row in sorted(
        lock(rows.select_related("need__filing", "branch__organisation", "branch__bank")), key=lambda row: (row.need_id, row.rank)
    ):
        found.setdefault(row.need_id, []).append(row)
    return found


def replace(
    wanted: Iterable[Need], *, freed: Sequence[Held], waiting: dict[int, list[Recommendation]], at: dt.datetime, note: Any = ""
) -> dict[int, Invitation]:
    """Free these promises, then offer each need its next standby that still fits and has room; need → invitation.

    A standby takes the lead's place: a need whose lead is still looking gets none. All accounts are locked at once, then released, then held again: nobody can take what a standby was to have while it moves.
    """
    by = system(at)
    leads = Invitation.objects.live().filter(need__in=waiting).exclude(recommendation=None).exclude(deal__state__in=needs.FILLING)
    taken = set(leads.values_list("need", flat=True))
    ids = sorted({need.pk for need in wanted} - taken)
    queue = {need: list(waiting[need]) for need in ids if waiting.get(need)}
    accounts_of = _accounts([row for rows in queue.values() for row in rows], at=at)
    accounts.lock([account for account, _key in freed] + list(accounts_of.values()))
    holds.release(freed, by=by, at=at, note=str(note))
    sent: dict[int, Invitation] = {}
    while queue:
        first = [rows.pop(0) for rows in queue.values()]
        queue = {need: rows for need, rows in queue.items() if rows}
        terms = clocks.terms(first[0].province, at=at)
        offered, full = _offer(_fitting(first, terms=terms), accounts_of, by=by, at=at)
        letters = sending.letters_for(Recommendation.objects.filter(pk__in=[row.pk for row in offered]), at=at)
        sent |= {row.need_id: row for row in sending.send(letters, terms=terms, by=by, at=at)}
        take_many(RECOMMENDATION_STEPS, "leave_out", full, by=by, at=at)
        queue = {need: rows for need, rows in queue.items() if need not in sent}
    return sent


def _fitting(rows: Sequence[Recommendation], *, terms: Terms) -> list[Recommendation]:
    """Those whose need is still listed and uncovered, with a free place and no refusal or business under way between the two."""
    ids = {row.need_id for row in rows}
    left = needs.left([row.need for row in rows])
    looking, chosen = needs.looking(ids), needs.chosen(ids)
    closed_pairs = needs.busy(ids) | refusals.standing(ids)
    offering_rest = needs.offering_rest(ids)
    return [
        row
        for row in rows
        if row.need.filing.state == Filing.State.LISTED
        and row.amount <= left[row.need_id]
        and looking.get(row.need_id, 0) < terms.looking_max
        and (row.need_id, row.branch_id) not in closed_pairs
        and (row.need_id not in chosen or row.need.asks_for_suggestions or row.need_id in offering_rest)
    ]


def _offer(
    rows: Sequence[Recommendation], accounts_of: dict[int, int], *, by: Person, at: dt.datetime
) -> tuple[list[Recommendation], list[Recommendation]]:
    """Make the promises; (offered, without room). Rows without a declared appetite are offered without a promise."""
    if not rows:
        return [], []
    with_account = [row for row in rows if row.branch_id in accounts_of]
    requests = {holds.key_of(row): Hold(accounts_of[row.branch_id], row.amount, holds.key_of(row)) for row in with_account}
    refused = accounts.hold_many(list(requests.values()), by=by, at=at, note="启用候补")
    full = [row for row in rows if holds.key_of(row) in refused]
    offered = [row for row in rows if row not in full]
    changes = {row.pk: {"hold_key": holds.key_of(row)} for row in with_account if row in offered}
    take_many(RECOMMENDATION_STEPS, "offer", offered, by=by, at=at, changes=changes)
    return offered, full


def _accounts(rows: Sequence[Recommendation], *, at: dt.datetime) -> dict[int, int]:
    """Branch → account of its appetite of the day."""
    found: dict[int, int] = {}
    for programme in {row.need.filing.programme_id for row in rows}:
        branches = [row.branch_id for row in rows if row.need.filing.programme_id == programme]
        for branch, declared in appetite.of_branches(branches, programme_id=programme, on=day(at)).items():
            found[branch] = declared.account_id
    return found
