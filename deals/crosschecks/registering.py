"""Extracts of the registers of companies and of shareholders, as an office receives them: told again, a row is corrected and says so."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, NotAllowed, Problem
from common.steps import Param, record
from deals.clocks import day
from deals.crosschecks.models import CompanyRecord, Shareholding
from organisations.actors import Person
from organisations.identifiers import parse_uscc
from organisations.models import Unit

WHOLE_BP = 10_000
CODES = frozenset({"uscc", "holder_uscc", "company_uscc"})
SOURCE = Param("source", "text", _("来源"), help=_("例如：市场监管部门 2026 年 3 月数据。"))
COMPANY = (
    Param("uscc", "text", _("统一社会信用代码")),
    Param("name", "text", _("名称")),
    Param("legal_representative", "text", _("法定代表人"), required=False),
    Param("state", "choice", _("登记状态"), choices=lambda: CompanyRecord.State.choices),
    Param("on", "date", _("截至")),
    SOURCE,
)
SHAREHOLDING = (
    Param("holder_uscc", "text", _("股东统一社会信用代码")),
    Param("company_uscc", "text", _("公司统一社会信用代码")),
    Param("share_bp", "percent", _("持股（%）")),
    Param("valid_from", "date", _("自")),
    Param("valid_to", "date", _("至"), required=False),
    SOURCE,
)


def registers_in(by: Person) -> str | None:
    """The province in whose register this person writes: finance and industry offices of the province."""
    return next(iter(sorted(by.office_provinces(Unit.Line.FINANCE, Unit.Line.INDUSTRY))), None)


def register_company(*, by: Person, at: dt.datetime, **facts: Any) -> tuple[CompanyRecord, bool | None]:
    """The extract of that day: (row, made). The same again changes nothing (None); other facts of the same day correct it (False)."""

    def problems() -> Iterable[Problem]:
        if facts["on"] > day(at):
            yield Problem("on", "in_future", _("截至日期晚于今天。"), _("请填写提取数据之日。"))

    return _registered(CompanyRecord, {"legal_representative": "", **facts}, ("uscc", "on"), problems, by=by, at=at)


def register_shareholding(*, by: Person, at: dt.datetime, **facts: Any) -> tuple[Shareholding, bool | None]:
    """Who holds how much of a company from a day on; the same again changes nothing, other facts correct it."""

    def problems() -> Iterable[Problem]:
        if not 0 < facts["share_bp"] <= WHOLE_BP:
            yield Problem("share_bp", "out_of_range", _("持股须大于 0，不超过 100%。"), _("请按股权登记填写百分数，例如 51.00。"))
        if facts.get("valid_to") is not None and facts["valid_to"] < facts["valid_from"]:
            yield Problem("valid_to", "out_of_range", _("终止日期早于起始日期。"), _("请核对日期；仍然持有的请留空。"))
        if facts["holder_uscc"] == facts["company_uscc"]:
            yield Problem("holder_uscc", "same_company", _("股东与公司是同一家。"), _("请核对两个代码。"))

    return _registered(Shareholding, {"valid_to": None, **facts}, ("holder_uscc", "company_uscc", "valid_from"), problems, by=by, at=at)


def _registered(
    model: type[Any],
    facts: Mapping[str, Any],
    known_by: Collection[str],
    problems: Callable[[], Iterable[Problem]],
    *,
    by: Person,
    at: dt.datetime,
) -> tuple[Any, bool | None]:
    province = registers_in(by)
    if province is None:
        raise NotAllowed(_("企业登记信息由省级工信、财政部门导入。"))
    key = {name: facts[name] for name in known_by} | _codes(facts)
    if found := list(problems()):
        raise Invalid(found)
    told = {name: value for name, value in facts.items() if name not in key}
    with transaction.atomic():
        row, is_new = model.objects.select_for_update(no_key=True).get_or_create(**key, defaults=told | {"province": province})
        changed = {name: [getattr(row, name), value] for name, value in told.items() if getattr(row, name) != value}
        if is_new:
            record(row, "register", by=by, at=at)
        elif changed:
            for name, (_before, value) in changed.items():
                setattr(row, name, value)
            row.save(update_fields=list(changed))
            record(row, "register", by=by, at=at, changes=changed)
    return row, True if is_new else False if changed else None


def _codes(facts: Mapping[str, Any]) -> dict[str, str]:
    """As the register writes them. Raises Invalid with every code that is none."""
    codes: dict[str, str] = {}
    problems: list[Problem] = []
    for name in facts.keys() & CODES:
        try:
            codes[name] = parse_uscc(facts[name], field=name)
        except Invalid as refused:
            problems += refused.problems
    if problems:
        raise Invalid(problems)
    return codes
