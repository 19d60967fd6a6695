"""The admin's sidebar, in the order of the flow; each person sees what their desk may open."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

GROUPS = (
    (
        _("申报"),
        (
            ("projects.filing", "assignment"),
            ("projects.project", "factory"),
            ("projects.need", "request_quote"),
            ("organisations.batch", "calendar_month"),
        ),
    ),
    (
        _("银行"),
        (
            ("lenders.bank", "account_balance"),
            ("lenders.branch", "home_work"),
            ("lenders.product", "inventory_2"),
            ("lenders.appetite", "savings"),
        ),
    ),
    (
        _("推荐轮次"),
        (
            ("matching.round", "cycle"),
            ("matching.recommendation", "recommend"),
            ("matching.nonmatch", "search_off"),
            ("matching.weights", "balance"),
            ("matching.pinban", "push_pin"),
            ("matching.floor", "vertical_align_bottom"),
            ("matching.refusal", "block"),
        ),
    ),
    (
        _("对接"),
        (
            ("deals.invitation", "mail"),
            ("deals.deal", "handshake"),
            ("deals.drawdown", "payments"),
            ("deals.interestreceipt", "receipt_long"),
            ("deals.declinecode", "list_alt"),
        ),
    ),
    (
        _("贴息"),
        (
            ("deals.subsidyclaim", "approval"),
            ("deals.accrualline", "calculate"),
            ("deals.fundingbatch", "topic"),
            ("deals.recovery", "undo"),
            ("deals.othersupport", "volunteer_activism"),
        ),
    ),
    (
        _("政策与参数"),
        (
            ("schemes.scheme", "policy"),
            ("schemes.schemeversion", "history_edu"),
            ("schemes.stacking", "layers"),
            ("schemes.relendingfacility", "public"),
            ("organisations.policyparameter", "tune"),
            ("organisations.programme", "flag"),
            ("organisations.reviewreason", "rule"),
            ("common.calendarexception", "event_busy"),
        ),
    ),
    (
        _("账本与审计"),
        (
            ("schemes.budget", "account_balance_wallet"),
            ("schemes.budgetdocument", "description"),
            ("ledger.ledgeraccount", "menu_book"),
            ("ledger.entry", "format_list_numbered"),
            ("common.auditevent", "history"),
            ("common.auditseal", "verified"),
            ("common.deadline", "timer"),
        ),
    ),
    (
        _("机构与人员"),
        (
            ("organisations.organisation", "corporate_fare"),
            ("organisations.unit", "apartment"),
            ("organisations.reviewchain", "account_tree"),
            ("organisations.firmprofile", "badge"),
            ("organisations.firmbar", "gavel"),
            ("organisations.user", "person"),
            ("organisations.membership", "assignment_ind"),
            ("organisations.region", "map"),
            ("organisations.regiontag", "sell"),
            ("organisations.industry", "category"),
            ("organisations.industrytag", "label"),
        ),
    ),
    (
        _("运行"),
        (
            ("django_celery_beat.periodictask", "schedule"),
            ("django_celery_results.taskresult", "task"),
            ("axes.accessattempt", "lock"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    models = {model._meta.label_lower: model for model in admin.site._registry}  # noqa: SLF001 -- Django's own names
    groups = []
    for title, entries in GROUPS:
        items = [_item(models[label], icon) for label, icon in entries if label in models and _may_open(request, label)]
        if items:
            groups.append({"title": title, "separator": True, "collapsible": False, "items": items})
    return groups


def _item(model: Any, icon: str) -> dict[str, Any]:
    meta = model._meta
    return {"title": meta.verbose_name, "icon": icon, "link": reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")}


def _may_open(request: HttpRequest, label: str) -> bool:
    app, _dot, model = label.partition(".")
    return request.user.has_perm(f"{app}.view_{model}") or request.user.has_perm(f"{app}.change_{model}")  # type: ignore[union-attr]
