"""账本: accounts and their entries, read-only for everybody."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ledger.models import Entry, LedgerAccount
from organisations.desk import ReadOnly, in_wan


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnly):
    list_display = (
        "name",
        "kind",
        in_wan("limit", _("额度（万元）")),
        in_wan("held", _("预留（万元）")),
        in_wan("posted", _("已用（万元）")),
        in_wan("free", _("剩余（万元）")),
        "parent",
    )
    list_filter = ("kind",)
    search_fields = ("name", "code")
    list_select_related = ("parent",)
    ordering = ("kind", "code")


@admin.register(Entry)
class EntryAdmin(ReadOnly):
    list_display = (
        "at",
        "account",
        "seq",
        "kind",
        "amount",
        "limit_after",
        "held_after",
        "posted_after",
        "flag",
        "by_label",
        "business_key",
    )
    list_filter = ("kind", "account__kind", "flag", "at")
    search_fields = ("business_key", "account__name", "account__code")
    list_select_related = ("account",)
    ordering = ("-id",)
