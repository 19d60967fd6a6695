"""The admin's sidebar, in the order of the flow; each person sees what their desk may open."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from deals.admin import waiting_for
from deals.subsidies.models import SubsidyClaim
from matching.models import PinBan, Round
from organisations.acting import acting
from projects.models import Filing

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
            ("lenders.appetiteletter", "mark_email_read"),
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
            ("deals.seconddocking", "autorenew"),
            ("deals.dockinglist", "checklist"),
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
            ("deals.batchobjection", "campaign"),
            ("deals.crosscheckflag", "flag"),
            ("deals.recovery", "undo"),
            ("deals.openingloan", "inventory_2"),
            ("deals.othersupport", "volunteer_activism"),
        ),
    ),
    (
        _("政策与参数"),
        (
            ("schemes.scheme", "policy"),
            ("schemes.schemeversion", "history_edu"),
            ("schemes.stacking", "layers"),
            ("schemes.grantstacking", "stacks"),
            ("schemes.relendingfacility", "public"),
            ("organisations.policynotice", "campaign"),
            ("organisations.policyparameter", "tune"),
            ("projects.changerule", "rule"),
            ("projects.checkkind", "fact_check"),
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
            ("exchange.notice", "notifications"),
            ("exchange.delivery", "webhook"),
        ),
    ),
    (
        _("机构与人员"),
        (
            ("organisations.registration", "how_to_reg"),
            ("organisations.organisation", "corporate_fare"),
            ("organisations.unit", "apartment"),
            ("organisations.reviewchain", "account_tree"),
            ("organisations.firmprofile", "badge"),
            ("organisations.firmbar", "gavel"),
            ("deals.companyrecord", "domain"),
            ("deals.shareholding", "hub"),
            ("organisations.user", "person"),
            ("organisations.membership", "assignment_ind"),
            ("organisations.declaredinterest", "person_off"),
            ("organisations.cover", "swap_horiz"),
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


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The first page: what waits for this desk, then everything it may open, in the order of the flow."""
    return context | {"title": _("工作台"), "groups": navigation(request), "waiting": list(_waiting(request))}


def _waiting(request: HttpRequest) -> Iterator[tuple[Any, int, str]]:
    """(what, how many, where), for each list in which a button of this person's would show."""
    by = acting(request)
    if _may_open(request, "projects.filing"):
        inbox = Filing.objects.visible_to(by).filter(state=Filing.State.IN_REVIEW, current_step__unit__in=by.unit_ids).count()
        yield _("待审核的申报"), inbox, f"{reverse('admin:projects_filing_changelist')}?state__exact=in_review"
        reported = Filing.objects.visible_to(by).filter(state__in=[Filing.State.IN_POOL, Filing.State.REPORTED]).count()
        yield _("储备库与已上报"), reported, reverse("admin:projects_filing_changelist")
    if _may_open(request, "matching.round"):
        solved = Round.objects.visible_to(by).filter(state=Round.State.SOLVED).count()
        yield _("待发布的推荐轮次"), solved, f"{reverse('admin:matching_round_changelist')}?state__exact=solved"
        pins = PinBan.objects.filter(approved_by=None, province__in={seat.province for seat in by.seats}).count()
        yield _("待审定的锁定与排除"), pins, reverse("admin:matching_pinban_changelist")
    if _may_open(request, "deals.subsidyclaim"):
        claims = SubsidyClaim.objects.filter(pk__in=SubsidyClaim.objects.visible_to(by).order_by().values("pk")).filter(
            waiting_for(request)
        )
        yield _("待本单位办理的贴息申领"), claims.count(), reverse("admin:deals_subsidyclaim_changelist")


def _item(model: Any, icon: str) -> dict[str, Any]:
    meta = model._meta
    return {"title": meta.verbose_name, "icon": icon, "link": reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")}


def _may_open(request: HttpRequest, label: str) -> bool:
    app, _dot, model = label.partition(".")
    return request.user.has_perm(f"{app}.view_{model}") or request.user.has_perm(f"{app}.change_{model}")  # type: ignore[union-attr]  # the admin admits users only
