"""The firm's choice of one offer among all that look at a need: who is asked, what lapses, what is freed and promised."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, DomainError, Invalid, Problem
from common.steps import lock, take_many
from deals import clocks, holds, needs, sending, showing, standbys
from deals.invitations import looked_up
from deals.models import Deal, Invitation
from deals.states import DEAL_STEPS, INVITATION_STEPS
from organisations.actors import Person, system
from projects.disclosures import Telling
from projects.models import Disclosure

D = Deal.State


class AlreadyChosen(Conflict):
    default_code = "already_chosen"

    def __init__(self, branch: object) -> None:
        super().__init__(
            _("该需求已确认与 %(branch)s 对接，此项不能再确认。") % {"branch": branch},
            remedy=_("如需更换银行，请先退出已确认的对接，再请银行重新表示意向。"),
        )


class Rivals:
    """All that looks at some needs, locked: the needs themselves, standbys, live invitations, offers; and what is confirmed already."""

    def __init__(self, need_ids: Collection[int]) -> None:
        self.needs = needs.lock_all(need_ids)
        self.standbys = [row for rows in standbys.waiting(self.needs).values() for row in rows]
        self.invitations: list[Invitation] = looked_up(
            lock(Invitation.objects.live().filter(need__in=need_ids).exclude(deal__state__in=needs.FILLING))
        )
        self.offers: list[Deal] = lock(Deal.objects.filter(need__in=need_ids, state=D.INTENT))
        self.left = needs.left(self.needs)
        settled = Deal.objects.filter(need__in=need_ids, state__in=needs.FILLING).select_related("branch__organisation").order_by("pk")
        self.settled: Mapping[int, Deal] = {deal.need_id: deal for deal in settled}

    def why_not(self, deal: Deal) -> DomainError | None:
        """A clear refusal where another choice was made first, and where this offer is more than the need still lacks."""
        if deal.succeeds_id is not None:
            return None
        other, left = self.settled.get(deal.need_id), self.left[deal.need_id]
        is_live = any(offer.pk == deal.pk for offer in self.offers)
        if other is not None and other.pk != deal.pk and (not is_live or needs.taken_of(deal) > left):
            return AlreadyChosen(other.branch)
        if is_live and needs.taken_of(deal) > left:
            message = _("金额 %(amount)s 元超过需求余额 %(left)s 元。") % {"amount": needs.taken_of(deal), "left": left}
            return Invalid([Problem("amount", "out_of_range", message, _("请核对金额，或由企业先变更融资需求。"))])
        return None

    def lapse(self, chosen: Sequence[Deal], *, at: dt.datetime) -> list[holds.Held]:
        """End what was not chosen of the needs of these deals; what it held is to be freed."""
        by, note = system(at), str(_("企业已选其他银行"))
        settled = {deal.need_id for deal in chosen}
        letters, kept = {deal.invitation_id for deal in chosen}, {deal.pk for deal in chosen}
        invitations = [row for row in self.invitations if row.need_id in settled and row.pk not in letters]
        offers = [row for row in self.offers if row.need_id in settled and row.pk not in kept]
        take_many(INVITATION_STEPS, "lapse", invitations, by=by, at=at, note=note)
        take_many(DEAL_STEPS, "lapse", offers, by=by, at=at, note=note)
        clocks.stop([*offers, *chosen], at=at)
        sending.end(invitations, at=at)
        return holds.of_invitations(invitations) + holds.of_deals(offers)


def show(deals: Sequence[Deal], *, by: Person, at: dt.datetime) -> None:
    """The partner of a deal sees the file as long as the deal lasts."""
    partners = ((deal.filing_id, deal.branch.organisation_id) for deal in deals)
    showing.show([Telling(*pair, Disclosure.Scope.FILE, Disclosure.Basis.DEAL) for pair in partners], by=by, at=at)
