"""What deals knows that a round must respect: computed from live rows whenever a round is frozen or published, and passed down."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from deals import needs
from deals.clocks import day, terms
from deals.models import Deal, Invitation, Origin, SubsidyClaim
from deals.subsidies import versions
from matching import rounds
from matching.commitments import Commitments
from matching.models import Recommendation, Round
from organisations.actors import Person
from organisations.models import Programme
from projects.models import Filing, Need
from schemes import formulas, stacks
from schemes.stacks import Version

ZERO = Decimal(0)
I = Invitation.State  # noqa: E741 -- as in states
UNSIGNED = ("intent", "confirmed", "diligence", "reported_up", "credit_approved")
ASKED_BY_FIRM = (Origin.NAMED, Origin.SECOND_DOCKING)
IN_LEDGER = (SubsidyClaim.State.APPROVED, SubsidyClaim.State.SETTLED)


def freeze(round_: Round, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Round:
    """Freeze a round with the commitments of this moment."""
    del note  # a round says why it is held in its own reason
    return rounds.freeze(round_, commitments=compute(round_.programme, round_.province, at=at), by=by, at=at, seen=seen)


def compute(programme: Programme, province: str, *, at: dt.datetime) -> Commitments:
    """Live deals and invitations of one programme and province, as a round has to take them into account."""
    here = Q(province=province, filing__programme=programme)
    invitations, deals = Invitation.objects.live().filter(here), Deal.objects.filter(here)
    promised = _promised(here)
    taken = _taken(deals, promised)
    busy_pairs = frozenset(invitations.values_list("need", "branch")) | frozenset(deals.live().values_list("need", "branch"))
    doubled = _doubled(here, taken, {need for need, _branch in busy_pairs})
    remaining = _remaining(taken)
    asking = frozenset(needs.asking(province=province, filing__programme=programme))
    return Commitments(
        remaining=remaining,
        doubled=doubled,
        closed=_closed(invitations, deals, remaining, asking, looking_max=terms(province, at=at).looking_max),
        asking=asking,
        busy_pairs=busy_pairs,
        case_load=_case_load(invitations, deals),
        exposure=_exposure(deals, promised),
        budget_use=_budget_use(deals, promised, province=province, on=day(at)),
    )


def expected_subsidy(province: str, *, at: dt.datetime) -> dict[tuple[int, int], Decimal]:
    """(discretionary scheme, year of the interest day) → what the loans of a province are expected to ask for beyond the ledger."""
    here = Q(province=province)
    return _budget_use(Deal.objects.filter(here), _promised(here), province=province, on=day(at))


def _promised(here: Q) -> list[Recommendation]:
    """Published recommendations whose invitation is still open and no deal has come of yet."""
    waiting = Invitation.objects.filter(here, state__in=[I.AWAITING_CONSENT, I.OPEN, I.VIEWED]).exclude(recommendation=None)
    return list(Recommendation.objects.filter(pk__in=waiting.values("recommendation")).select_related("need", "branch").order_by("pk"))


def _taken(deals: QuerySet[Deal], promised: Iterable[Recommendation]) -> dict[int, Decimal]:
    """Need → what is taken of it. An offer that already holds appetite counts as taken."""
    taking = deals.filter(succeeds=None).filter(Q(state__in=needs.FILLING) | (Q(state=Deal.State.INTENT) & ~Q(hold_key="")))
    taken: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for need, amount in taking.order_by().values("need").annotate(sum=Sum(needs.TAKEN)).values_list("need", "sum"):
        taken[need] += amount
    for row in promised:
        taken[row.need_id] += row.amount
    return dict(taken)


def _doubled(here: Q, taken: dict[int, Decimal], busy: set[int]) -> frozenset[int]:
    """Listed needs that stand back because their project asks for the same year's money in another track too.

    Of these the one in business goes first, else the one listed first. What was taken on the others counts as taken of it, also when
    their filing is on no list any more.
    """
    asked_twice = Need.objects.filter(here).order_by().values("project", "year").annotate(n=Count("pk")).filter(n__gt=1)
    pairs = {(row["project"], row["year"]) for row in asked_twice}
    groups: dict[tuple[int, int], list[tuple[Any, ...]]] = defaultdict(list)
    rows = Need.objects.filter(here, project__in={project for project, _year in pairs}).order_by("filing__listed_on", "pk")
    for project, year, *row in rows.values_list("project", "year", "pk", "filing__state", "parked_reason"):
        if (project, year) in pairs:
            groups[project, year].append(tuple(row))
    doubled: set[int] = set()
    for group in groups.values():
        open_needs = [pk for pk, state, parked in group if state == Filing.State.LISTED and not parked]
        first = next((pk for pk in open_needs if pk in busy or pk in taken), next(iter(open_needs), None))
        if first is not None:
            doubled.update(set(open_needs) - {first})
            if whole := sum((taken.get(row[0], ZERO) for row in group), ZERO):
                taken[first] = whole
    return frozenset(doubled)


def _remaining(taken: dict[int, Decimal]) -> dict[int, Decimal]:
    """Need → what is left to seek, for needs of which something is taken."""
    amounts = dict(Need.objects.filter(pk__in=taken).values_list("pk", "amount"))
    return {need: max(amounts[need] - amount, ZERO) for need, amount in taken.items()}


def _closed(
    invitations: QuerySet[Invitation], deals: QuerySet[Deal], remaining: dict[int, Decimal], asking: frozenset[int], *, looking_max: int
) -> frozenset[int]:
    """Needs no round should fill now: covered, with three banks looking, or with a bank of their own unless the firm asks for more."""
    covered = {need for need, amount in remaining.items() if amount <= 0}
    looking = invitations.order_by().values("need").annotate(n=Count("pk"))
    crowded = set(looking.filter(n__gte=looking_max).values_list("need", flat=True))
    content = Q(need__asks_for_suggestions=False)
    named = invitations.filter(content, origin__in=ASKED_BY_FIRM, recommendation=None)
    dealing = deals.filter(content, state__in=(Deal.State.INTENT, *needs.FILLING))
    own = {*named.values_list("need", flat=True), *dealing.values_list("need", flat=True)}
    return frozenset(covered | crowded | (own - asking))


def _case_load(invitations: QuerySet[Invitation], deals: QuerySet[Deal]) -> dict[int, int]:
    """Branch → cases on its desk: letters not yet answered and deals not yet signed."""
    load: dict[int, int] = defaultdict(int)
    for rows in (invitations.exclude(state=I.ACCEPTED), deals.filter(state__in=UNSIGNED)):
        for branch, number in rows.order_by().values("branch").annotate(n=Count("pk")).values_list("branch", "n"):
            load[branch] += number
    return dict(load)


def _exposure(deals: QuerySet[Deal], promised: Iterable[Recommendation]) -> dict[tuple[int, int], Decimal]:
    """(firm, bank) → what the bank has promised and lent the firm."""
    sums: dict[tuple[int, int], Decimal] = defaultdict(lambda: ZERO)
    rows = deals.filter(state__in=Deal.LIVE).order_by().values("firm", "branch__bank").annotate(sum=Sum(needs.TAKEN))
    for firm, bank, amount in rows.values_list("firm", "branch__bank", "sum"):
        sums[firm, bank] += amount
    for row in promised:
        sums[row.need.firm_id, row.branch.bank_id] += row.amount
    return dict(sums)


def _budget_use(deals: QuerySet[Deal], promised: Iterable[Recommendation], *, province: str, on: dt.date) -> dict[tuple[int, int], Decimal]:
    """(scheme, year) → subsidy that live deals and open recommendations are expected to ask for beyond what the ledger already has.

    A deal is taken as one drawdown on its contract day, or today; years are those of the interest days, as the round forecasts them.
    Of a loan that took another's place nothing is expected: no version lets more than the rest of a window go on.
    """
    known = versions.book(province=province, known_on=on)
    discretionary = {version.scheme_id for found in known.versions.values() for version in found if version.is_discretionary}
    use: dict[tuple[int, int], Decimal] = defaultdict(lambda: ZERO)
    for row in promised:
        for scheme, by_year in row.subsidy_by_year.items():
            for year, amount in by_year.items():
                use[int(scheme), int(year)] += Decimal(amount)
    booked = _in_ledger(deals)
    running = deals.filter(state__in=Deal.LIVE, succeeds=None).select_related("need", "filing__project", "firm__firm", "branch")
    for deal in running:
        for version in _stack(deal, known, on=on):
            for year, amount in _expected(deal, version, on=on).items():
                use[version.scheme_id, year] += max(amount - booked.get((deal.pk, version.scheme_id, year), ZERO), ZERO)
    return {key: amount for key, amount in use.items() if key[0] in discretionary and amount > 0}


def _stack(deal: Deal, known: versions.Book, *, on: dt.date) -> Sequence[Version]:
    drawn_on = deal.contract_on or on
    every = [version for found in known.versions.values() for version in found]
    profile = getattr(deal.firm, "firm", None)
    fit = [
        version
        for version in stacks.in_force(every, drawn_on=drawn_on, known_on=on)
        if version.admits_bank(deal.branch.bank_id)
        and (profile is None or version.admits_firm(size=profile.size, ownership=profile.ownership))
        and known.holds_in(version.region_id, deal.filing.project.region_id)
    ]
    return stacks.together(fit, known.rules)


def _expected(deal: Deal, version: Version, *, on: dt.date) -> dict[int, Decimal]:
    return formulas.expected_by_year(
        needs.taken_of(deal),
        rate_bp=version.rate_bp,
        start=deal.contract_on or on,
        term_months=deal.term_months or deal.approved_term_months or deal.need.term_months,
        window_months=version.window_months,
        day_count=version.day_count,
        convention=version.convention,
        interest_months=version.interest_months,
        interest_day=version.interest_day,
    )


def _in_ledger(deals: QuerySet[Deal]) -> dict[tuple[int, int, int], Decimal]:
    """(deal, scheme, year of the interest day) → what is arranged already and so stands on the budget's account."""
    sums: dict[tuple[int, int, int], Decimal] = defaultdict(lambda: ZERO)
    rows = SubsidyClaim.objects.filter(deal__in=deals.filter(state__in=Deal.LIVE), state__in=IN_LEDGER)
    for deal, scheme, period_end, arranged in rows.values_list("deal", "scheme", "period_end", "arranged"):
        sums[deal, scheme, period_end.year] += arranged or ZERO
    return sums
