"""Why a movement is refused: no room in a limit, a limit below what is promised, an amount that is none."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from common.money import format_wan
from ledger.models import LedgerAccount


class NoRoom(DomainError):
    """A promise does not fit into the limit of an account; `account` and `free` say which and what is left."""

    status = 409
    default_code = "no_room"

    def __init__(self, account: LedgerAccount, amount: Decimal) -> None:
        self.account, self.amount, self.free = account, amount, account.free
        super().__init__(
            _("%(account)s 剩余 %(free)s 万元，不足以预留 %(amount)s 万元。")
            % {"account": account.name, "free": "—" if self.free is None else format_wan(self.free), "amount": format_wan(amount)},
            remedy=_("请减少金额，或请额度所有方追加后再办理。"),
        )


class BelowCommitted(NoRoom):
    """A limit cannot be cut below what is promised and done; it may be cut to exactly that."""

    default_code = "below_committed"

    def __init__(self, account: LedgerAccount, limit: Decimal) -> None:
        super().__init__(account, limit)
        used = account.held + account.posted
        self.message = _("%(account)s 已预留和已用合计 %(used)s 万元，额度不能调整为 %(limit)s 万元。") % {
            "account": account.name,
            "used": format_wan(used),
            "limit": format_wan(limit),
        }
        self.remedy = _("最低可调整到已预留和已用的合计数。")


class WrongAmount(DomainError):
    default_code = "wrong_amount"
