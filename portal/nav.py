"""The menu: what each reader finds, by the seats they hold."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from deals.monitoring.scope import may_read
from organisations import covers
from organisations.actors import Person
from organisations.interests import may_declare
from organisations.models import Role
from organisations.staff import lets_in
from portal.access import is_bank, is_finance, is_firm, is_provincial, is_reviewer, oversees, sees_filings


@dataclass(frozen=True)
class Entry:
    name: str
    label: Any
    shown: Callable[[Person], bool]


def anyone(_by: Person) -> bool:
    return True


def sees_claims(by: Person) -> bool:
    return is_firm(by) or is_bank(by) or is_finance(by) or oversees(by)


def declares(by: Person) -> bool:
    """Who says for a bank or branch what it is willing to lend."""
    return any(seat.role in (Role.BRANCH_MANAGER, Role.BANK_PROVINCIAL) for seat in by.seats)


MENU = (
    Entry("home", _("我的工作"), anyone),
    Entry("my-filings", _("我的申报"), is_firm),
    Entry("inbox", _("收件箱"), is_reviewer),
    Entry("matters", _("协同事项"), may_declare),
    Entry("filings", _("申报台账"), sees_filings),
    Entry("forwards", pgettext_lazy("list", "上报批次"), sees_filings),
    Entry("answers", pgettext_lazy("list", "国家反馈"), lambda by: is_provincial(by) or oversees(by)),
    Entry("overdue", _("督办"), sees_filings),
    Entry("sheets", _("项目调度"), sees_filings),
    Entry("adequacy", _("储备充足度"), sees_filings),
    Entry("invitations", pgettext_lazy("list", "对接邀请"), is_bank),
    Entry("deals", pgettext_lazy("list", "对接项目"), lambda by: is_bank(by) or is_firm(by) or sees_filings(by)),
    Entry("second-dockings", _("二次对接"), lambda by: is_firm(by) or sees_filings(by)),
    Entry("rounds", pgettext_lazy("list", "推荐轮次"), oversees),
    Entry("progress", _("进度总览"), oversees),
    Entry("monitoring", _("监测分析"), may_read),
    Entry("claims", pgettext_lazy("list", "贴息申领"), sees_claims),
    Entry("appetites", _("投放意向"), declares),
    Entry("registrations", _("入驻核验"), sees_filings),
    Entry("interests", _("回避申报"), may_declare),
    Entry("covers", _("替岗安排"), covers.may_name),
    Entry("people", _("人员管理"), lambda by: bool(lets_in(by))),
    Entry("tokens", _("系统对接"), lambda by: bool(by.administers)),
    Entry("accounts", _("额度与预算"), lambda by: oversees(by) or is_bank(by)),
    Entry("exports", _("导入导出"), anyone),
)


UNDER = {  # pages of things that have no entry of their own
    "recoveries": "claims",
    "docking-lists": "second-dockings",
    "scenarios": "rounds",
    "imports": "exports",
    "answer-rows": "answers",
    "progress-reports": "sheets",
    "reporting-months": "sheets",
    "webhooks": "tokens",
    "consultations": "matters",
    "unlocks": "matters",
    "appeals": "matters",
    "changes": "matters",
}


def entries(by: Person) -> list[Entry]:
    return [entry for entry in MENU if entry.shown(by)]


def here(by: Person, address: str) -> str:
    """The entry a page belongs to: by its first part, a firm's filings being its own."""
    first = address.strip("/").partition("/")[0]
    if first == "filings" and not sees_filings(by):
        return "my-filings" if is_firm(by) else "invitations"
    if address == "/filings/mine/":
        return "my-filings"
    return UNDER.get(first, first) or "home"
