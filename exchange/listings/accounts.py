"""What stands in the books: the budgets of schemes, and every movement of an account that the reader may read."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from exchange.columns import ID, Shown, shown
from exchange.listings.listing import Listing
from ledger.models import Entry
from lenders.models import Appetite
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Role
from organisations.resources import Resource
from schemes.models import Budget


class Budgets(Resource):
    """Read by the province's offices and readers; on no address of the API."""

    kind, model = "schemes", Budget
    filterset_fields = ("fiscal_year",)

    @classmethod
    def visible(cls, actor: Person) -> QuerySet[Any]:
        rows = Budget.objects.filter(province__in=actor.provinces(*REVIEW_ROLES, Role.READER, Role.AUDITOR))
        return rows.select_related("scheme", "account")


class Entries(Resource):
    """Of the accounts whose statement this reader may open."""

    kind, model = "appetites", Entry
    filterset_fields = ("account",)

    @classmethod
    def visible(cls, actor: Person) -> QuerySet[Any]:
        appetites = Appetite.objects.visible_to(actor).order_by().values("account")
        budgets = Budgets.visible(actor).order_by().values("account")
        return Entry.objects.filter(Q(account__in=appetites) | Q(account__in=budgets)).select_related("account")


def budget_columns() -> tuple[Shown, ...]:
    return (
        ID,
        shown("scheme", _("政策"), "scheme.name"),
        shown("fiscal_year", _("财政年度"), kind="integer"),
        shown("limit", _("预算（万元）"), "account.limit", "wan"),
        shown("held", _("已预留（万元）"), "account.held", "wan"),
        shown("posted", _("已付（万元）"), "account.posted", "wan"),
        shown("free", _("可用（万元）"), "account.free", "wan"),
    )


def entry_columns() -> tuple[Shown, ...]:
    return (
        shown("account", _("账户"), "account.name"),
        shown("seq", _("序号"), kind="integer"),
        shown("at", _("时间"), kind="moment"),
        shown("kind", _("类型"), "get_kind_display"),
        shown("amount", _("金额（万元）"), kind="wan"),
        shown("limit_after", _("额度余额（万元）"), kind="wan"),
        shown("held_after", _("预留余额（万元）"), kind="wan"),
        shown("posted_after", _("已用余额（万元）"), kind="wan"),
        shown("business_key", _("业务键"), kind="code"),
        shown("note", _("说明")),
        shown("by_label", _("经办人")),
    )


LISTINGS = (
    Listing("budgets", _("贴息预算"), Budgets, budget_columns),
    Listing("ledger-entries", _("账目"), Entries, entry_columns),
)
