"""Filings with the whole of their form, so that the file may come back; the inbox; needs."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from exchange.columns import ID, STATE, VERSION, Shown, entered, shown
from exchange.forms import BANK_COLUMNS, BENEFITS, EQUIPMENT, LATER_NEEDS, SCALARS, SEPARATOR, as_cell, bank_param
from exchange.listings.listing import Listing, Part
from exchange.listings.words import Words
from lenders.models import Security
from organisations.actors import Person
from projects.api import Filings, Needs
from projects.form_fields import FormField
from projects.models import Filing, Need
from projects.named_banks import form_told
from projects.queries import waiting_for

FILING_FACTS = (
    ID,
    VERSION,
    STATE,
    shown("firm", _("企业"), "firm.name"),
    shown("firm_uscc", _("企业统一社会信用代码"), "firm.uscc", "code"),
    shown("track", _("渠道"), "get_track_display"),
    shown("batch", _("批次"), "batch.code"),
    shown("unit", _("当前单位"), "current_step.unit.organisation.name"),
    shown("due_at", _("办理时限"), "current_step.due_at", "moment"),
    shown("submitted_at", _("提交时间"), kind="moment"),
    shown("returns", _("退回次数"), kind="integer"),
    shown("list_number", _("清单批次")),
    shown("listed_on", _("列入日期"), kind="date"),
    shown("opening_as_of", _("期初截至"), kind="date"),
)


def filing_columns() -> tuple[Shown, ...]:
    """What is known of it, then its form as typed, in the columns of the template."""
    words = Words.load()
    return (*FILING_FACTS, *form_columns(words))


def form_columns(words: Words) -> tuple[Shown, ...]:
    scalars = [entered(field, _typed(field, words), choices=_choices(field, words)) for field in SCALARS]
    banks = [entered(bank_param(place), _bank(place, words), choices=words.branches.values()) for place in range(BANK_COLUMNS)]
    benefits = [entered(field, _benefit(field)) for field in BENEFITS]
    later = [entered(field, _later_need(field)) for field in LATER_NEEDS]
    return (*scalars, *banks, *benefits, *later)


def equipment_columns() -> tuple[Shown, ...]:
    own = (shown("id", ID.label, lambda row: row["filing"].pk, "integer"), shown("project", _("项目名称"), lambda row: row["filing"].title))
    return (*own, *(entered(field, _of_row(field)) for field in EQUIPMENT))


def equipment_of(filing: Filing) -> list[dict[str, Any]]:
    rows = filing.form.get("equipment")
    return [{"filing": filing, "typed": row} for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _typed(field: FormField, words: Words) -> Callable[[Filing], Any]:
    known: Mapping[str, Mapping[str, str]] = {"region": words.regions, "zone": words.zones, "industry": words.industries}
    return lambda filing: as_cell(field, filing.form.get(field.name), known.get(field.kind, {}))


def _of_row(field: FormField) -> Callable[[Mapping[str, Any]], Any]:
    return lambda row: as_cell(field, row["typed"].get(field.name))


def _choices(field: FormField, words: Words) -> list[str]:
    if field.kind == "choice" and field.choices is not None:
        return [str(label) for label in field.choices.labels]
    if field.kind == "yes_no":
        return [str(_("是")), str(_("否"))]
    return list({"region": words.regions, "zone": words.zones, "industry": words.industries}.get(field.kind, {}).values())


def _benefit(field: FormField) -> Callable[[Filing], Any]:
    name = field.name.removeprefix("benefits.")
    return lambda filing: as_cell(field, (filing.form.get("benefits") or {}).get(name))


def _later_need(field: FormField) -> Callable[[Filing], Any]:
    _rows, place, name = field.name.split(".")

    def told(filing: Filing) -> Any:
        rows = filing.form.get("later_needs")
        row = rows[int(place)] if isinstance(rows, list) and int(place) < len(rows) else None
        return as_cell(field, row.get(name)) if isinstance(row, Mapping) else None

    return told


def _bank(place: int, words: Words) -> Callable[[Filing], Any]:
    def named(filing: Filing) -> Any:
        codes = form_told(filing).get("intended_banks")
        return words.branches.get(codes[place], codes[place]) if isinstance(codes, list) and place < len(codes) else None

    return named


def need_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        shown("filing", _("申报编号"), "filing_id", "integer"),
        shown("firm", _("企业"), "firm.name"),
        shown("firm_uscc", _("企业统一社会信用代码"), "firm.uscc", "code"),
        shown("project", _("项目名称"), "project.name"),
        shown("project_code", _("项目代码"), "project.code", "code"),
        shown("region", _("建设地点"), "project.region.name"),
        shown("industry", _("行业"), "project.industry.name"),
        shown("year", _("年度"), kind="integer"),
        shown("amount", _("融资需求（万元）"), kind="wan"),
        shown("term_months", _("期限（月）"), kind="integer"),
        shown("rate_cap_bp", _("期望利率上限（%）"), kind="percent"),
        shown("securities", _("担保方式"), lambda need: SEPARATOR.join(str(Security(one).label) for one in need.securities)),
        shown("banks", _("意向银行"), _named_banks),
        shown("open_to_other_banks", _("愿向其他银行公开需求"), kind="yes_no"),
        shown("asks_for_suggestions", _("请求推荐其他银行"), kind="yes_no"),
        shown("parked_reason", _("暂停对接原因")),
    )


def _named_banks(need: Need) -> str:
    return SEPARATOR.join(str(row.branch) for row in need.intended_banks.all())


def _inbox(rows: QuerySet[Filing], by: Person) -> QuerySet[Filing]:
    return rows.filter(waiting_for(by))


EQUIPMENT_PART = Part(_("设备清单"), equipment_columns, equipment_of)
LISTINGS = (
    Listing("filings", _("申报"), Filings, filing_columns, parts=(EQUIPMENT_PART,)),
    Listing("inbox", _("收件箱"), Filings, lambda: (*FILING_FACTS, shown("title", _("项目名称"))), scope=_inbox),
    Listing("needs", pgettext_lazy("list", "融资需求"), Needs, need_columns),
)
