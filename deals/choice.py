"""The firm's choice of one offer among all that look at a need: who is asked, what lapses, what is freed and promised."""

import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, Problem
from common.steps import lock, take_many
from deals import clocks, holds, needs, sending, showing
from deals.invitations import looked_up
from deals.models import Deal, Invitation
from deals.states import DEAL_STEPS, INVITATION_STEPS
from ledger import accounts
from matching.models import Recommendation
from organisations.actors import Person, system
from projects.models import Disclosure, Need

D = Deal.State


class Rivals:
    """All that looks at one need, locked: the need itself, live invitations, offers."""

    def __init__(self, need_id: int) -> None:
        self.needs: list[Need] = needs.lock_all([need_id])
        lock(Recommendation.objects.filter(need=need_id, state=Recommendation.State.STANDBY))
        self.invitations: list[Invitation] = looked_up(lock(Invitation.objects.live().filter(need=need_id)))
        self.offers: list[Deal] = lock(Deal.objects.filter(need=need_id, state=D.INTENT))


def still_to_choose(deal: Deal) -> None:
    """A clear refusal where another choice was made first, and where this offer is more than the need still lacks."""
    others = Deal.objects.filter(need=deal.need_id, state__in=needs.FILLING).exclude(pk=deal.pk).select_related("branch__organisation")
    other = others.order_by("pk").last()
    left = needs.left([deal.need], apart_from=[deal.pk])[deal.need_id]
    current = Deal.objects.filter(pk=deal.pk).values_list("state", flat=True).get()
    if other is not None and (current == D.LAPSED or needs.taken_of(deal) > left):
        raise Conflict(
            _("该需求已确认与 %(branch)s 对接，此项不能再确认。") % {"branch": other.branch},
            code="already_chosen",
            remedy=_("如需更换银行，请先退出已确认的对接，再请银行重新表示意向。"),
        )
    if needs.taken_of(deal) > left:
        message = _("金额 %(amount)s 元超过需求余额 %(left)s 元。") % {"amount": needs.taken_of(deal), "left": left}
        raise Invalid([Problem("amount", "out_of_range", message, _("请核对金额，或由企业先变更融资需求。"))])


def lapse(rivals: Rivals, *, chosen: Deal, at: dt.datetime) -> list[holds.Held]:
    """End what was not chosen; what it held is to be freed."""
    by = system(at)
    note = str(_("企业已选其他银行"))
    invitations = [row for row in rivals.invitations if row.pk != chosen.invitation_id]
    offers = [row for row in rivals.offers if row.pk != chosen.pk]
    take_many(INVITATION_STEPS, "lapse", invitations, by=by, at=at, note=note)
    take_many(DEAL_STEPS, "lapse", offers, by=by, at=at, note=note)
    clocks.stop(offers, at=at)
    sending.end(invitations, at=at)
    return holds.of_invitations(invitations) + holds.of_deals(offers)


def settle_promises(freed: Sequence[holds.Held], promised: Deal | None, *, by: Person, at: dt.datetime) -> None:
    accounts.lock([account for account, _key in freed] + ([promised.account_id] if promised else []))
    holds.release(freed, by=by, at=at, note="企业已选其他银行")
    if promised is not None:
        holds.hold_for(promised, by=by, at=at)


def show(deal: Deal, *, by: Person, at: dt.datetime) -> None:
    """The partner of a deal sees the file as long as the deal lasts."""
    showing.show([showing.Shown(deal.filing, deal.branch.organisation, Disclosure.Scope.FILE, Disclosure.Basis.DEAL)], by=by, at=at)
