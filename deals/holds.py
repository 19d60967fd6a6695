"""What is promised of a bank's appetite: by a published recommendation, then by the deal that came of it. Called last in a step."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from common.errors import Conflict
from deals.clocks import day
from deals.models import Deal, Invitation
from ledger import accounts
from ledger.accounts import Hold
from ledger.models import Entry
from lenders import appetite
from matching.models import Recommendation
from organisations.actors import Person

Held = tuple[int, str]  # account, key of the hold


class BankFull(Conflict):
    """The bank has no appetite left for this promise; how much it has left is nobody else's business."""

    default_code = "no_room"

    def __init__(self, branch: object) -> None:
        super().__init__(
            _("%(branch)s 的银行意向额度余额不足，暂不能确认。") % {"branch": branch},
            remedy=_("请联系该行追加意向额度后再确认，或选择其他银行。"),
        )


def key_of(row: Recommendation | Deal) -> str:
    return f"{'deal' if isinstance(row, Deal) else 'recommendation'}:{row.pk}:hold"


def of_recommendations(recommendations: Iterable[Recommendation]) -> dict[int, Held]:
    """Recommendation → the hold it was published with: the entry on the branch's own account, not on those above."""
    by_key = {row.hold_key: row for row in recommendations if row.hold_key}
    entries = Entry.objects.filter(business_key__in=by_key, kind=Entry.Kind.HOLD, account__appetite__branch__isnull=False)
    return {by_key[key].pk: (account, key) for account, key in entries.values_list("account", "business_key")}


def of_invitations(invitations: Sequence[Invitation]) -> list[Held]:
    """Holds that still stand for these invitations, before a deal took them over."""
    return list(of_recommendations(row.recommendation for row in invitations if row.recommendation_id).values())


def of_deals(deals: Iterable[Deal]) -> list[Held]:
    return [(deal.account_id, deal.hold_key) for deal in deals if deal.account_id and deal.hold_key]


def release(held: Iterable[Held], *, by: Person, at: dt.datetime, note: str = "") -> None:
    """Give back what is left of these; once given back, nothing happens again."""
    accounts.release_many([(account, key, f"{key}:release") for account, key in held], by=by, at=at, note=note)


def carry_over(deals: Sequence[Deal], *, by: Person, at: dt.datetime) -> None:
    """The promise of a recommendation becomes that of the deal, for the deal's amount, without an end.

    Writes `account` and `hold_key` on the deals. The new hold never exceeds the old one, so it always fits.
    """
    recommended = {deal.invitation.recommendation_id: deal for deal in deals if deal.invitation and deal.invitation.recommendation_id}
    held = of_recommendations(Recommendation.objects.filter(pk__in=recommended))
    if not held:
        return
    accounts.lock(account for account, _key in held.values())
    release(held.values(), by=by, at=at, note="转为对接项目预留")
    requests = []
    for recommendation, (account, _old) in sorted(held.items()):
        deal = recommended[recommendation]
        deal.account_id, deal.hold_key = account, key_of(deal)
        requests.append(Hold(account, deal.amount, deal.hold_key))
    accounts.hold_many(requests, by=by, at=at, note="对接项目预留")
    Deal.objects.bulk_update(recommended.values(), ["account", "hold_key"], batch_size=1000)


def accounts_of(deals: Sequence[Deal], *, at: dt.datetime) -> dict[int, int]:
    """Deal → the account its promise stands on: the one it already has, else its branch's appetite of the day, where there is one."""
    found = {deal.pk: deal.account_id for deal in deals if deal.account_id}
    without = [deal for deal in deals if not deal.account_id]
    for programme in {deal.filing.programme_id for deal in without}:
        mine = [deal for deal in without if deal.filing.programme_id == programme]
        declared = appetite.of_branches([deal.branch_id for deal in mine], programme_id=programme, on=day(at))
        found |= {deal.pk: declared[deal.branch_id].account_id for deal in mine if deal.branch_id in declared}
    return found


def hold_for(deals: Sequence[Deal], accounts_of: Mapping[int, int], *, by: Person, at: dt.datetime) -> dict[int, BankFull]:
    """The promises of offers that no round recommended; deal → why there is none."""
    requests = [Hold(accounts_of[deal.pk], deal.amount, key_of(deal)) for deal in deals]
    refused = accounts.hold_many(requests, by=by, at=at, note="企业确认")
    return {deal.pk: BankFull(deal.branch) for deal in deals if key_of(deal) in refused}
