"""Appetites with the account each stands on: what a bank declared, in columns that may come back; the reference list of branches."""

from django.utils.translation import gettext_lazy as _

from exchange.columns import ID, VERSION, Shown, entered, shown
from exchange.listings.listing import Listing
from exchange.listings.words import Words
from lenders.api import Appetites, Branches
from lenders.declaring import PERIOD, PLACE, PROGRAMME, TERMS
from lenders.models import Appetite
from organisations.models import Programme

VALUES = {
    "valid_from": ("valid_from", "date"),
    "valid_to": ("valid_to", "date"),
    "limit": ("account.limit", "wan"),
    "max_ticket": ("max_ticket", "wan"),
    "case_load": ("case_load", "integer"),
}


def appetite_columns() -> tuple[Shown, ...]:
    words = Words.load()
    programmes = Programme.objects.order_by("code").values_list("code", "name")
    return (
        ID,
        VERSION,
        entered(PLACE, lambda row: _place(row, words), choices=words.branches.values()),
        entered(
            PROGRAMME, lambda row: f"{row.programme.code} {row.programme.name}", choices=[f"{code} {name}" for code, name in programmes]
        ),
        entered(PERIOD, "period", "code"),
        *(entered(param, *VALUES[param.name]) for param in TERMS if param.name in VALUES),
        shown("held", _("已预留（万元）"), "account.held", "wan"),
        shown("posted", _("已用（万元）"), "account.posted", "wan"),
        shown("free", _("可用（万元）"), "account.free", "wan"),
        *(entered(param, lambda _row: None) for param in TERMS if param.name not in VALUES),
    )


def _place(row: Appetite, words: Words) -> str:
    return words.branches.get(row.branch.code, row.branch.code) if row.branch else f"{row.bank.code} {row.bank.short_name}"


def branch_columns() -> tuple[Shown, ...]:
    return (
        ID,
        shown("code", _("机构代码"), kind="code"),
        shown("name", _("名称"), "organisation.name"),
        shown("bank", _("银行"), "bank.short_name"),
        shown("level", _("层级"), "get_level_display"),
        shown("region", _("所在地"), "region.name"),
        shown("parent", _("上级行"), "parent.code", "code"),
    )


LISTINGS = (
    Listing("appetites", _("银行意向额度"), Appetites, appetite_columns),
    Listing("branches", _("银行机构"), Branches, branch_columns),
)
