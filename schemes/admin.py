"""政策与预算: schemes, their dated versions, how they stack, and budgets raised only by a document."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from common.steps import Param
from ledger.models import Entry
from organisations.actors import Person
from organisations.desk import Desk, EditableRows, ReadOnly, Rows, in_percent, in_wan, table
from organisations.models import FirmProfile
from organisations.step_desk import Act, ActDesk
from schemes.budgets import add_document, may_register
from schemes.models import BankEligibility, Budget, BudgetDocument, GrantStacking, RelendingFacility, Scheme, SchemeVersion, Stacking


class VersionRows(Rows):
    model = SchemeVersion
    fields = ("code", "document_no", "announced_on", "rate_bp", "drawdown_from", "drawdown_to", "is_sample")


@admin.register(Scheme)
class SchemeAdmin(Desk):
    list_display = ("name", "code", "level", "authority", "channel", "is_discretionary", "region", "yield_rank", "is_sample")
    list_filter = ("level", "authority", "channel", "is_discretionary")
    search_fields = ("name", "code")
    autocomplete_fields = ("region",)
    list_select_related = ("region",)
    inlines = (VersionRows,)
    ordering = ("yield_rank", "code")


class EligibleRows(EditableRows):
    model = BankEligibility
    autocomplete_fields = ("bank",)


@admin.register(SchemeVersion)
class SchemeVersionAdmin(Desk):
    list_display = (
        "code",
        "scheme",
        "document_no",
        "announced_on",
        in_percent("rate_bp", _("贴息率")),
        "window_months",
        "drawdown_from",
        "drawdown_to",
        "supersedes",
        "is_sample",
    )
    list_filter = ("scheme", "is_sample", "announced_on")
    search_fields = ("code", "document_no", "scheme__name")
    autocomplete_fields = ("scheme", "supersedes")
    list_select_related = ("scheme", "supersedes__scheme")
    inlines = (EligibleRows,)
    array_choices = {"firm_sizes": FirmProfile.Size.choices, "firm_ownerships": FirmProfile.Ownership.choices}
    ordering = ("scheme__code", "announced_on")
    fieldsets = (
        (None, {"fields": ("scheme", "code", "document_no", "announced_on", "supersedes", "source", "is_sample", "province")}),
        (
            _("适用期间"),
            {"fields": (("contract_from", "contract_to"), ("drawdown_from", "drawdown_to"), ("payment_from", "payment_to"))},
        ),
        (
            _("计算"),
            {
                "fields": (
                    ("rate_bp", "day_count", "convention"),
                    ("start_rule", "subsidised_part"),
                    ("window_months", "window_anchor"),
                    ("interest_months", "interest_day"),
                )
            },
        ),
        (_("条件"), {"fields": (("requires_listed", "requires_relending"), ("firm_sizes", "firm_ownerships"))}),
        (_("上限"), {"fields": (("per_loan_cap", "project_year_cap"), ("firm_year_cap", "firm_loan_cap"))}),
        (_("资金"), {"fields": ("prepay_share_bp", "shortfall_rule", "clawback_scope")}),
    )


@admin.register(Stacking)
class StackingAdmin(Desk):
    list_display = ("scheme_a", "scheme_b", "rule", "source")
    list_filter = ("rule",)
    search_fields = ("scheme_a__name", "scheme_b__name")
    list_select_related = ("scheme_a", "scheme_b")
    ordering = ("id",)


@admin.register(GrantStacking)
class GrantStackingAdmin(Desk):
    list_display = ("scheme", "kind", "rule", "source", "is_sample")
    list_filter = ("rule", "kind")
    search_fields = ("scheme__name", "source")
    list_select_related = ("scheme",)
    ordering = ("id",)


@admin.register(RelendingFacility)
class RelendingFacilityAdmin(ReadOnly):
    """The central bank's national facility: dated facts with their source; never ours to ration."""

    list_display = (
        "name",
        "state",
        "announced_on",
        "effective_on",
        in_wan("size_yuan", _("规模（万元）")),
        in_percent("rate_bp", _("利率")),
        "source",
    )
    list_filter = ("state",)
    ordering = ("-effective_on", "id")


class DocumentRows(Rows):
    model = BudgetDocument
    fields = ("number", "amount", "issued_on", "is_sample")


def _add_document(budget: Budget, by: Person, values: dict[str, Any]) -> None:
    add_document(budget.scheme, fiscal_year=budget.fiscal_year, by=by, at=by.at, **values)


def _open_with_document(_nothing: None, by: Person, values: dict[str, Any]) -> None:
    scheme = Scheme.objects.get(pk=values.pop("scheme"))
    add_document(scheme, by=by, at=by.at, **values)


def _discretionary() -> list[tuple[int, str]]:
    return [(row.pk, row.name) for row in Scheme.objects.filter(is_discretionary=True).order_by("code")]


DOCUMENT = (
    Param("number", "text", _("文号")),
    Param("amount", "wan", _("金额")),
    Param("issued_on", "date", _("印发日期")),
)


@admin.register(Budget)
class BudgetAdmin(ActDesk, ReadOnly):
    """Raised only by a document; what is held and posted is on the ledger."""

    list_display = (
        "scheme",
        "fiscal_year",
        in_wan("account.limit", _("预算（万元）")),
        in_wan("account.held", _("已批准（万元）")),
        in_wan("account.posted", _("已拨付（万元）")),
        in_wan("account.free", _("剩余（万元）")),
    )
    list_filter = ("fiscal_year", "scheme")
    search_fields = ("scheme__name", "scheme__code")
    list_select_related = ("scheme", "account")
    readonly_fields = ("movements",)
    inlines = (DocumentRows,)
    ordering = ("-fiscal_year", "scheme__code")
    acts = {"document": Act(_("登记预算文件"), DOCUMENT, lambda budget, by: may_register(budget.scheme, by), _add_document)}
    list_acts = {
        "open": Act(
            _("登记预算文件"),
            (Param("scheme", "code", _("政策"), choices=_discretionary), Param("fiscal_year", "integer", _("财政年度")), *DOCUMENT),
            lambda _nothing, by: any(may_register(scheme, by) for scheme in Scheme.objects.filter(is_discretionary=True)),
            _open_with_document,
        )
    }

    def loaded(self, rows: QuerySet[Budget]) -> QuerySet[Budget]:
        return rows.select_related("scheme", "account")

    @admin.display(description=_("账目"))
    def movements(self, budget: Budget) -> str:
        rows = Entry.objects.filter(account=budget.account_id).order_by("-seq")[:50]
        return table(
            (_("时间"), _("类型"), _("金额（元）"), _("预算后"), _("预留后"), _("已付后"), _("说明")),
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


@admin.register(BudgetDocument)
class BudgetDocumentAdmin(ReadOnly):
    list_display = ("number", "budget", in_wan("amount", _("金额（万元）")), "issued_on", "is_sample")
    search_fields = ("number", "budget__scheme__name")
    list_select_related = ("budget__scheme",)
    list_filter = ("issued_on",)
    ordering = ("-issued_on", "id")
