"""Which version of each scheme a drawdown falls under: by the days of contract, drawdown and payment, as known on a day.

A later version that reaches back wins over an earlier one; what no version covers is not computed ("待国家通知").
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deals.loans import Root
from deals.models import Deal, Drawdown
from deals.subsidies import reasons
from organisations.models import FirmProfile, Region
from projects.models import Filing
from schemes import stacks
from schemes.models import SchemeVersion
from schemes.stacks import Rules, Version


@dataclass(frozen=True)
class Choice:
    """The version of one scheme for one drawdown, or why there is none."""

    scheme_id: int
    version: Version | None
    reason: str = ""


@dataclass(frozen=True)
class Book:
    """All versions known on a day in one province, with the rows they came from, the stacking rules and the tree of regions."""

    versions: Mapping[int, tuple[Version, ...]]
    rows: Mapping[int, SchemeVersion]
    rules: Rules
    parents: Mapping[int, int | None]

    def holds_in(self, scheme_region: int | None, place: int) -> bool:
        """Whether a scheme of that region reaches the place: by the rows of the tree, never by the digits of a code."""
        if scheme_region is None:
            return True
        at: int | None = place
        while at is not None:
            if at == scheme_region:
                return True
            at = self.parents.get(at)
        return False


def book(*, province: str, known_on: dt.date) -> Book:
    found = stacks.load(province=province, known_on=known_on)
    by_scheme: dict[int, tuple[Version, ...]] = {}
    for version in found:
        by_scheme[version.scheme_id] = (*by_scheme.get(version.scheme_id, ()), version)
    rows = SchemeVersion.objects.select_related("scheme").in_bulk([version.id for version in found])
    parents = dict(Region.objects.filter(province=province).values_list("pk", "parent"))
    return Book(by_scheme, rows, stacks.load_rules(), parents)


def choose(drawdown: Drawdown, deal: Deal, known: Book, *, root: Root | None = None) -> dict[int, Choice]:
    """Scheme → its version for this drawdown, or the reason why not. `deal` comes with firm, filing, project and branch loaded.

    A loan that took the place of another (`root`) is no new loan for equipment: it falls under the version of the first one, as far
    as that version lets the rest of its window go on.
    """
    asked = Asked(drawdown if root is None else root.drawdown, deal if root is None else root.deal, deal, root)
    choices = {scheme: _of_scheme(scheme, versions, asked, known) for scheme, versions in known.versions.items()}
    found = [choice.version for choice in choices.values() if choice.version is not None]
    kept = stacks.together(sorted(found, key=lambda version: version.id), known.rules)
    for version in found:
        if version not in kept:
            choices[version.scheme_id] = Choice(version.scheme_id, None, reasons.NOT_TOGETHER)
    return choices


@dataclass(frozen=True)
class Asked:
    """Whose days count (the first loan's, where one took the place of another), and who lends and borrows now."""

    drawdown: Drawdown
    signed: Deal
    deal: Deal
    root: Root | None


def _of_scheme(scheme: int, versions: Sequence[Version], asked: Asked, known: Book) -> Choice:
    drawdown, deal = asked.drawdown, asked.deal
    if not known.holds_in(versions[0].region_id, deal.filing.project.region_id):
        return Choice(scheme, None, reasons.OTHER_REGION)
    covering = [
        version
        for version in versions
        if version.covers(drawdown.drawn_on, contracted_on=asked.signed.contract_on, paid_on=drawdown.paid_to_supplier_on)
    ]
    if not covering:
        return Choice(scheme, None, _why_none(versions, drawdown))
    version = max(covering, key=lambda version: (version.announced_on, version.id))
    row = known.rows[version.id]
    reason = _ended(row, asked.root) or _unmet(version, drawdown, deal, starts_on_payment=row.start_rule == "paid_to_supplier")
    return Choice(scheme, None if reason else version, reason)


def _ended(version: SchemeVersion, root: Root | None) -> str:
    """Whether the version lets the window go on with the loan that took the place of another."""
    successions = root.successions if root is not None else frozenset()
    if Deal.Succession.REFINANCED in successions and version.refinanced_rule == SchemeVersion.SuccessorRule.ENDS:
        return reasons.REFINANCED
    if Deal.Succession.MOVED in successions and version.moved_rule == SchemeVersion.SuccessorRule.ENDS:
        return reasons.MOVED
    return ""


def _why_none(versions: Sequence[Version], drawdown: Drawdown) -> str:
    """After the last day of every version: nothing is known yet. Else the days simply do not fit."""
    last = [version.drawdown_to for version in versions]
    is_after_all = all(day is not None and drawdown.drawn_on > day for day in last)
    return reasons.AWAITING_NOTICE if is_after_all else reasons.OUT_OF_DATES


def _unmet(version: Version, drawdown: Drawdown, deal: Deal, *, starts_on_payment: bool) -> str:
    profile: FirmProfile | None = getattr(deal.firm, "firm", None)
    if not version.admits_bank(deal.branch.bank_id):
        return reasons.BANK_NOT_ADMITTED
    if (version.firm_sizes or version.firm_ownerships) and (
        profile is None or not version.admits_firm(size=profile.size, ownership=profile.ownership)
    ):
        return reasons.FIRM_NOT_ADMITTED
    if version.requires_listed and deal.filing.state != Filing.State.LISTED:
        return reasons.NOT_LISTED
    if version.requires_relending and drawdown.relending != Drawdown.Relending.ACCEPTED:
        return reasons.RELENDING_MISSING
    if starts_on_payment and drawdown.paid_to_supplier_on is None:
        return reasons.NOT_PAID
    return ""
