"""银行: banks, branches with the regions they serve, products, and the appetite each has declared."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from common.steps import Param
from ledger.models import Entry
from lenders import letters
from lenders.models import Appetite, AppetiteLetter, AppetiteLetterLine, Bank, Branch, BranchServes, Product
from lenders.states import LETTER_STEPS
from organisations.actors import REVIEW_ROLES, Person
from organisations.desk import Desk, EditableRows, ReadOnly, Rows, in_percent, in_wan, state, table
from organisations.models import FirmProfile, Programme, Unit
from organisations.step_desk import Act, StepDesk

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


def banks() -> list[tuple[int, str]]:
    return [(row.pk, row.short_name) for row in Bank.objects.order_by("code")]


def programmes() -> list[tuple[int, str]]:
    return [(row.pk, row.name) for row in Programme.objects.order_by("code")]


def _office_of(by: Person) -> str:
    seat = by.office(*REVIEW_ROLES, line=Unit.Line.INDUSTRY)
    return seat.province if seat else ""


def _enter(_nothing: None, by: Person, values: dict[str, Any]) -> None:
    bank = Bank.objects.get(pk=values.pop("bank"))
    programme = Programme.objects.get(pk=values.pop("programme"))
    province = _office_of(by)
    lines = letters.read_lines(values.pop("lines"), bank, province=province)
    letters.enter(bank, programme=programme, lines=lines, province=province, by=by, at=by.at, **values)


ENTER = Act(
    _("录入银行来函"),
    (
        Param("bank", "code", _("银行"), choices=banks),
        Param("programme", "code", _("政策项目"), choices=programmes),
        Param("number", "text", _("文号")),
        Param("dated_on", "date", _("来函日期")),
        Param("period", "text", _("期间"), help=_("例如 2026H2。")),
        Param("valid_from", "date", _("自")),
        Param("valid_to", "date", _("至")),
        Param(
            "lines",
            "long_text",
            _("各账户额度"),
            help=_(
                "每行一个账户，可从表格粘贴：机构代码，额度（万元），单户上限（万元，可不填），同时受理（件，可不填）。本省法人银行的全行额度填银行代码。"
            ),
        ),
    ),
    lambda _nothing, by: bool(_office_of(by)),
    _enter,
)


class LetterRows(Rows):
    model = AppetiteLetterLine
    fields = ("branch", "limit", "max_ticket", "case_load")
    show_change_link = False

    def get_queryset(self, request: Any) -> QuerySet[AppetiteLetterLine]:
        return super().get_queryset(request).select_related("branch__organisation").order_by("branch__code", "pk")


class LetterDesk(StepDesk, ReadOnly):
    """A bank's letter: one person enters it, another registers it. `deals.admin` registers it: a limit may not fall during a round."""

    list_display = ("number", "bank", state, "dated_on", "period", "valid_from", "valid_to", "entered_by", "registered_by")
    list_filter = ("state", "period", "bank")
    search_fields = ("number", "bank__short_name")
    list_select_related = ("bank", "entered_by", "registered_by")
    ordering = ("-id",)
    inlines = (LetterRows,)
    steps = LETTER_STEPS
    list_acts = {"enter": ENTER}

    def loaded(self, rows: QuerySet[AppetiteLetter]) -> QuerySet[AppetiteLetter]:
        return rows.select_related("bank", "programme")


@admin.register(Appetite)
class AppetiteAdmin(ReadOnly):
    """银行意向额度. Declared by the bank on its page or by its letter; the money is on the ledger."""

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
