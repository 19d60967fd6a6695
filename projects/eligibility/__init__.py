"""What an application must satisfy before it may be submitted: one function per rule, with its clause and its sentence.

A rule reads some fields of the form and the dated numbers of policy, and yields what is wrong. It is asked only when every field it
reads could be read, so that a form with mistakes still hears of all its other mistakes. To add one: write the function in the module
of its subject, add a line to RULES, test one passing, one failing and one boundary case.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from organisations.models import FirmBar, Organisation
from projects.eligibility import firm as firm_rules
from projects.eligibility import investment, loan, place, schedule


@dataclass(frozen=True)
class Circumstances:
    """What a rule may know beside the form. `filed_on`: when the case was first submitted, if it was."""

    firm: Organisation
    on: dt.date
    policy: Mapping[str, Decimal]
    bars: tuple[FirmBar, ...] = ()
    zone_regions: Mapping[int, frozenset[int]] = field(default_factory=dict)
    filed_on: dt.date | None = None


@dataclass(frozen=True)
class Rule:
    """`reads`: the form fields without which the rule cannot be asked. `clause`: where it stands."""

    code: str
    reads: tuple[str, ...]
    clause: Any
    broken: Callable[[Mapping[str, Any], Circumstances], Iterable[Problem]]


BATCH_NOTICE = _("备选项目清单申报通知（2024 年第二批起）")
LIST_GUIDE = _("项目申报指引")
CAPITAL = _("固定资产投资项目资本金制度")

RULES: tuple[Rule, ...] = (
    Rule("firm_active", (), _("申报资格"), firm_rules.is_active),
    Rule("firm_barred", (), _("失信惩戒及安全生产规定"), firm_rules.is_not_barred),
    Rule("investment_threshold", ("total_investment",), BATCH_NOTICE, investment.reaches_threshold),
    Rule("equipment_within_total", ("equipment_investment", "total_investment"), LIST_GUIDE, investment.equipment_within_total),
    Rule("invested_within_total", ("invested", "total_investment"), LIST_GUIDE, investment.invested_within_total),
    Rule("own_capital_share", ("own_capital", "total_investment"), CAPITAL, investment.own_capital_suffices),
    Rule("equipment_rows", ("equipment",), LIST_GUIDE, investment.rows_multiply),
    Rule("equipment_sum", ("equipment", "equipment_investment"), LIST_GUIDE, investment.rows_add_up),
    Rule("supplier_is_another", ("equipment",), _("贴息资金管理规定（不得虚假申报）"), investment.supplier_is_another),
    Rule("need_positive", ("amount", "later_needs"), BATCH_NOTICE, loan.need_is_positive),
    Rule("need_within_investment", ("amount", "later_needs", "total_investment"), BATCH_NOTICE, loan.need_within_investment),
    Rule("need_years", ("year", "later_needs"), LIST_GUIDE, loan.years_follow),
    Rule("term_long_enough", ("term_months",), BATCH_NOTICE, loan.term_is_long_enough),
    Rule("named_banks", ("intended_banks",), BATCH_NOTICE, loan.not_too_many_banks),
    Rule("somebody_asked", ("intended_banks", "open_to_other_banks", "asks_for_suggestions"), LIST_GUIDE, loan.somebody_is_asked),
    Rule("purpose_named", ("loan_purpose",), _("投融资项目填报说明"), loan.purpose_names_what_is_bought),
    Rule("dates_in_order", ("starts_on", "completes_on"), LIST_GUIDE, schedule.dates_in_order),
    Rule("starts_this_year", ("starts_on",), BATCH_NOTICE, schedule.starts_this_year),
    Rule("zone_covers_place", ("region", "zone"), _("属地受理原则"), place.zone_covers_place),
)


def broken_rules(values: Mapping[str, Any], circumstances: Circumstances) -> list[Problem]:
    """The problems of every rule whose fields are all in `values`, in the order of RULES."""
    return [problem for rule in RULES if all(name in values for name in rule.reads) for problem in rule.broken(values, circumstances)]
