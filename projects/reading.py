"""One typed value out of what was typed into one field. A refusal names the field, what was written, and what to write instead."""

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, cast

from django.utils.translation import get_language
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.money import parse_wan
from lenders.models import Branch
from organisations.days import parse_day
from organisations.identifiers import parse_uscc
from organisations.models import FirmBar, Industry, Region, Unit
from projects.form_fields import FormField
from projects.identifiers import parse_project_code

ROWS_MAX = 500
SHOWN_MAX = 60
COLLECTIONS = (list, dict)
INTEGER_MAX = 32_767
RATE_BP_MAX = 10_000
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,2})?")
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,2})?")
YES = frozenset({"是", "true", "1", "yes", "y", "on"})
NO = frozenset({"否", "false", "0", "no", "n", "off", ""})


@dataclass(frozen=True)
class Known:
    """Reference rows and dated numbers that a form is read against, loaded once for any number of forms."""

    regions: Mapping[str, Region]
    zones: Mapping[str, Unit]
    zone_regions: Mapping[int, frozenset[int]]
    industries: Mapping[str, Industry]
    branches: Mapping[str, Branch]
    policy: Mapping[str, Decimal]
    bars: Mapping[int, tuple[FirmBar, ...]]


def read_fields(
    fields: tuple[FormField, ...], form: Mapping[str, Any], known: Known, *, path: str = ""
) -> tuple[dict[str, Any], list[Problem]]:
    """The values that could be read, by name, and a problem for every one that could not."""
    values: dict[str, Any] = {}
    problems = list(_unknown(fields, form, path))
    for field in fields:
        value = form.get(field.name)
        if _is_empty(value):
            if field.required:
                problems.append(
                    Problem(
                        path + field.name, "required", _("请填写“%(label)s”。") % {"label": field.label}, field.help or _("此项为必填。")
                    )
                )
            else:
                values[field.name] = EMPTY.get(field.kind)
            continue
        try:
            values[field.name] = READERS[field.kind](field, value, known, path + field.name)
        except Invalid as refused:
            problems.extend(refused.problems)
    return values, problems


def shown(value: Any) -> str:
    """What was typed, short enough to be quoted."""
    text = str(value)
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"


def refusal(path: str, code: str, message: Any, remedy: Any = "") -> Invalid:
    return Invalid([Problem(path, code, message, remedy)])


def _unknown(fields: tuple[FormField, ...], form: Mapping[str, Any], path: str) -> list[Problem]:
    names = {field.name for field in fields}
    return [
        Problem(path + shown(name), "unknown_field", _("没有名为“%(name)s”的填报项。") % {"name": shown(name)}, _("请核对填报项名称。"))
        for name in form
        if name not in names
    ]


def _is_empty(value: Any) -> bool:
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or (isinstance(value, COLLECTIONS) and not value)


def _plain(value: Any) -> str:
    return unicodedata.normalize("NFKC", str(value)).strip()


def _code(value: Any) -> str:
    """The code of what is written with its name behind it: "420111 洪山区"."""
    return _plain(value).partition(" ")[0]


def _text(field: FormField, value: Any, _known: Known, path: str) -> str:
    if not isinstance(value, str):
        raise refusal(path, "not_text", _("“%(label)s”须为文字。") % {"label": field.label}, _("请填写文字。"))
    text = value.strip()
    if len(text) > field.max_length:
        raise refusal(
            path,
            "too_long",
            _("“%(label)s”有 %(length)s 个字，超过 %(limit)s 个字。")
            % {"label": field.label, "length": len(text), "limit": field.max_length},
            _("请压缩后填写。"),
        )
    return text


def _wan(_field: FormField, value: Any, _known: Known, path: str) -> Decimal:
    return parse_wan(value, field=path)


def _percent(field: FormField, value: Any, _known: Known, path: str) -> int:
    text = _plain(value).removesuffix("%").strip()
    bp = int(Decimal(text) * 100) if _PERCENT.fullmatch(text) else RATE_BP_MAX + 1
    if isinstance(value, bool) or bp > RATE_BP_MAX:
        raise refusal(
            path,
            "not_a_rate",
            _("“%(label)s”填写的“%(value)s”不是有效的年利率。") % {"label": field.label, "value": shown(value)},
            _("以百分数填写，最多两位小数，例如 3.45。"),
        )
    return bp


def _integer(field: FormField, value: Any, _known: Known, path: str) -> int:
    text = _plain(int(value) if isinstance(value, float) and math.isfinite(value) and value.is_integer() else value)
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > INTEGER_MAX:
        raise refusal(
            path,
            "not_an_integer",
            _("“%(label)s”填写的“%(value)s”不是整数。") % {"label": field.label, "value": shown(value)},
            _("只填数字，不带单位，例如 36。"),
        )
    return int(text)


def _number(field: FormField, value: Any, _known: Known, path: str) -> Decimal:
    text = _plain(value).replace(",", "")
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        raise refusal(
            path,
            "not_a_number",
            _("“%(label)s”填写的“%(value)s”不是有效的数字。") % {"label": field.label, "value": shown(value)},
            _("只填数字，最多两位小数。"),
        )
    return Decimal(text)


def _date(field: FormField, value: Any, _known: Known, path: str) -> dt.date:
    try:
        return parse_day(value)
    except ValueError:
        raise refusal(
            path,
            "not_a_date",
            _("“%(label)s”填写的“%(value)s”不是有效的日期。") % {"label": field.label, "value": shown(value)},
            _("按 2026-03-01 的格式填写。"),
        ) from None


def _yes_no(field: FormField, value: Any, _known: Known, path: str) -> bool:
    text = _plain(value).lower()
    if text not in YES | NO:
        raise refusal(
            path,
            "not_yes_or_no",
            _("“%(label)s”填写的“%(value)s”不是“是”或“否”。") % {"label": field.label, "value": shown(value)},
            _("请填“是”或“否”。"),
        )
    return text in YES


def _choice(field: FormField, value: Any, _known: Known, path: str) -> str:
    assert field.choices is not None
    found = _offered(cast("Hashable", field.choices), get_language()).get(_plain(value))
    if found is None:
        raise _not_offered(field, value, path, now("、").join(str(label) for label in field.choices.labels))
    return found


@cache
def _offered(choices: Any, _language: str | None) -> Mapping[str, str]:
    """Each value by itself and by its label in the reader's language; asked of every cell of a table."""
    labels = {str(label): str(value) for value, label in choices.choices}
    return labels | {str(value): str(value) for value in choices.values}


def _choices(field: FormField, value: Any, known: Known, path: str) -> list[str]:
    items = _items(field, value, path)
    return list(dict.fromkeys(_choice(field, item, known, f"{path}.{place}") for place, item in enumerate(items)))


def _region(_field: FormField, value: Any, known: Known, path: str) -> Region:
    region = known.regions.get(_code(value))
    if region is None:
        raise refusal(
            path,
            "unknown_region",
            _("没有代码为“%(value)s”的行政区划。") % {"value": shown(value)},
            _("请选择项目建设地所在的县（市、区）。"),
        )
    if region.level not in (Region.Level.COUNTY, Region.Level.COUNTY_DIRECT):
        raise refusal(
            path,
            "region_too_wide",
            _("“%(region)s”不是县级行政区划。") % {"region": region.name},
            _("请选择项目建设地所在的县（市、区），不能填全省或整个市州。"),
        )
    return region


def _zone(_field: FormField, value: Any, known: Known, path: str) -> Unit:
    zone = known.zones.get(_code(value))
    if zone is None:
        raise refusal(path, "unknown_zone", _("没有代码为“%(value)s”的开发区。") % {"value": shown(value)}, _("请从名单中选择，或不填。"))
    return zone


def _industry(_field: FormField, value: Any, known: Known, path: str) -> Industry:
    industry = known.industries.get(_code(value))
    if industry is None:
        raise refusal(
            path,
            "unknown_industry",
            _("没有代码为“%(value)s”的行业。") % {"value": shown(value)},
            _("请按《国民经济行业分类》（GB/T 4754）选择门类或大类代码。"),
        )
    return industry


def _branches(field: FormField, value: Any, known: Known, path: str) -> list[Branch]:
    """The named branches in the firm's own order; every unknown or repeated one is told."""
    found: list[Branch] = []
    problems: list[Problem] = []
    for place, item in enumerate(_items(field, value, path)):
        branch = known.branches.get(_code(item))
        if branch is None:
            message = _("没有代码为“%(value)s”的银行机构。") % {"value": shown(item)}
            problems.append(Problem(f"{path}.{place}", "unknown_branch", message, _("请从银行名单中选择。")))
        elif branch in found:
            message = _("意向银行“%(branch)s”重复填写。") % {"branch": branch}
            problems.append(Problem(f"{path}.{place}", "repeated_branch", message, _("同一银行机构只填一次。")))
        else:
            found.append(branch)
    if problems:
        raise Invalid(problems)
    return found


def _project_code(_field: FormField, value: Any, _known: Known, path: str) -> str:
    return parse_project_code(value, field=path)


def _uscc(_field: FormField, value: Any, _known: Known, path: str) -> str:
    return parse_uscc(value, field=path)


def _rows(field: FormField, value: Any, known: Known, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for place, item in enumerate(_items(field, value, path)):
        if not isinstance(item, Mapping):
            problems.append(Problem(f"{path}.{place}", "not_a_row", _("此行无法识别。"), _("请按模板逐项填写。")))
            continue
        row, wrong = read_fields(field.fields, item, known, path=f"{path}.{place}.")
        rows.append(row)
        problems.extend(wrong)
    if problems:
        raise Invalid(problems)
    return rows


def _group(field: FormField, value: Any, known: Known, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise refusal(path, "not_a_group", _("“%(label)s”无法识别。") % {"label": field.label}, _("请按模板逐项填写。"))
    values, problems = read_fields(field.fields, value, known, path=f"{path}.")
    if problems:
        raise Invalid(problems)
    return {name: entry for name, entry in values.items() if entry is not None}


def _items(field: FormField, value: Any, path: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise refusal(path, "not_a_list", _("“%(label)s”须为列表。") % {"label": field.label}, _("请逐项填写。"))
    if len(value) > ROWS_MAX:
        raise refusal(
            path,
            "too_many_rows",
            _("“%(label)s”有 %(rows)s 行，超过 %(limit)s 行。") % {"label": field.label, "rows": len(value), "limit": ROWS_MAX},
            _("请合并同类项后填写。"),
        )
    return list(value)


def _not_offered(field: FormField, value: Any, path: str, offered: str) -> Invalid:
    return refusal(
        path,
        "unknown_choice",
        _("“%(label)s”不能填“%(value)s”。") % {"label": field.label, "value": shown(value)},
        _("请从以下选项中选择：%(offered)s。") % {"offered": offered},
    )


READERS: Mapping[str, Callable[[FormField, Any, Known, str], Any]] = {
    "text": _text,
    "long_text": _text,
    "wan": _wan,
    "percent": _percent,
    "integer": _integer,
    "number": _number,
    "date": _date,
    "yes_no": _yes_no,
    "choice": _choice,
    "choices": _choices,
    "region": _region,
    "zone": _zone,
    "industry": _industry,
    "branches": _branches,
    "project_code": _project_code,
    "uscc": _uscc,
    "rows": _rows,
    "group": _group,
}
EMPTY: Mapping[str, Any] = {
    "text": "",
    "long_text": "",
    "project_code": "",
    "uscc": "",
    "yes_no": False,
    "branches": (),
    "rows": (),
    "group": {},
}
