"""银行: banks, branches with the regions they serve, products, and the appetite each has declared."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from common.steps import Param
from ledger.models import Entry
from lenders.appetite import declare, may_declare
from lenders.models import Appetite, Bank, Branch, BranchServes, Product
from organisations.actors import Person
from organisations.desk import Desk, EditableRows, ReadOnly, Rows, in_percent, in_wan, table
from organisations.models import FirmProfile
from organisations.step_desk import Act, ActDesk

MOVEMENTS_SHOWN = 50


class BranchRows(Rows):
    model = Branch
    fk_name = "bank"
    fields = ("organisation", "code", "level", "region", "parent")

    def get_queryset(self, request: Any) -> QuerySet[Branch]:
        return super().get_queryset(request).select_related("organisation", "region", "parent__organisation")


@admin.register(Bank)
class BankAdmin(ReadOnly):
    list_display = ("short_name", "organisation", "code", "kind")
    list_filter = ("kind",)
    search_fields = ("short_name", "code", "organisation__name")
    list_select_related = ("organisation",)
    inlines = (BranchRows,)
    ordering = ("code",)


class ServesRows(EditableRows):
    model = BranchServes
    autocomplete_fields = ("region",)


@admin.register(Branch)
class BranchAdmin(Desk):
    list_display = ("organisation", "bank", "code", "level", "region", "parent")
    list_filter = ("level", "bank")
    search_fields = ("organisation__name", "code", "bank__short_name")
    autocomplete_fields = ("organisation", "bank", "parent", "region")
    list_select_related = ("organisation", "bank", "region", "parent__organisation")
    inlines = (ServesRows,)
    ordering = ("bank__code", "code")


@admin.register(Product)
class ProductAdmin(Desk):
    list_display = (
        "name",
        "bank",
        in_wan("amount_min", _("最低（万元）")),
        in_wan("amount_max", _("最高（万元）")),
        "term_max_months",
        in_percent("rate_min_bp", _("最低利率")),
        in_percent("rate_max_bp", _("最高利率")),
        "valid_from",
        "valid_to",
        "is_sample",
    )
    list_filter = ("bank", "is_sample", "first_loan_ok")
    search_fields = ("name", "code", "bank__short_name")
    autocomplete_fields = ("bank",)
    list_select_related = ("bank",)
    ordering = ("bank__code", "code")
    array_choices = {"sizes": FirmProfile.Size.choices}
    fieldsets = (
        (None, {"fields": (("bank", "province"), ("code", "name"), ("valid_from", "valid_to"), ("first_loan_ok", "is_sample"))}),
        (
            _("金额、期限与利率"),
            {"fields": (("amount_min", "amount_max"), ("term_min_months", "term_max_months"), ("rate_min_bp", "rate_max_bp"))},
        ),
        (_("条件"), {"fields": ("securities", "sizes", "barred_industries")}),
    )


def _declare(appetite: Appetite, by: Person, values: dict[str, Any]) -> None:
    declare(
        appetite.bank,
        appetite.branch,
        programme=appetite.programme,
        period=appetite.period,
        valid_from=appetite.valid_from,
        valid_to=appetite.valid_to,
        limit=values.get("limit"),
        max_ticket=values.get("max_ticket"),
        case_load=values.get("case_load"),
        note=values.get("note", ""),
        by=by,
        at=by.at,
    )


DECLARE = Act(
    _("登记申报额度"),
    (
        Param("limit", "wan", _("意向额度"), required=False, help=_("留空表示未申报：不参加推荐轮次，但仍可被企业指名、可签约。")),
        Param("max_ticket", "wan", _("单户上限"), required=False),
        Param("case_load", "integer", _("同时受理上限（件）"), required=False),
        Param("note", "long_text", _("依据"), required=False, help=_("银行来函文号、日期等。")),
    ),
    lambda appetite, by: may_declare(appetite.bank, appetite.branch, by),
    _declare,
)


@admin.register(Appetite)
class AppetiteAdmin(ActDesk, ReadOnly):
    """银行意向额度. Declared by the bank through `lenders.appetite`; its money is on the ledger."""

    list_display = (
        "bank",
        "branch",
        "period",
        in_wan("account.limit", _("额度（万元）")),
        in_wan("account.held", _("预留（万元）")),
        in_wan("account.posted", _("已用（万元）")),
        in_wan("account.free", _("剩余（万元）")),
        in_wan("max_ticket", _("单户上限（万元）")),
        "case_load",
    )
    list_filter = ("period", "bank")
    search_fields = ("bank__short_name", "branch__organisation__name", "branch__code")
    list_select_related = ("bank", "branch__organisation", "account")
    readonly_fields = ("movements",)
    ordering = ("bank__code", "branch__code")
    acts = {"declare": DECLARE}

    def loaded(self, rows: QuerySet[Appetite]) -> QuerySet[Appetite]:
        return rows.select_related("bank", "branch", "programme", "account")

    @admin.display(description=_("最近账目"))
    def movements(self, appetite: Appetite) -> str:
        rows = Entry.objects.filter(account=appetite.account_id).order_by("-seq")[:MOVEMENTS_SHOWN]
        return table(
            (_("时间"), _("类型"), _("金额（元）"), _("额度后"), _("预留后"), _("已用后"), _("说明")),
            [
                (
                    f"{e.at:%Y-%m-%d %H:%M}",
                    e.get_kind_display(),
                    e.amount,
                    e.limit_after,
                    e.held_after,
                    e.posted_after,
                    e.note or e.business_key,
                )
                for e in rows
            ],
        )
