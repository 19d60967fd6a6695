"""The application form on a page: drawn from `projects.form_fields`, read back exactly as typed."""

import dataclasses
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from lenders.models import Branch
from organisations.models import Industry, Region, Unit
from projects.form_fields import FIELDS, FORM_FIELDS, SECTIONS, FormField

BANKS_MAX = 3  # places on the page; how many are allowed is policy, checked by the rules
BLANK_ROWS = {"equipment": 1}

Group = tuple[Any, list[tuple[str, Any]]]  # label of an optgroup ("" for none), its options


@dataclass
class Input:
    """One input, a group of inputs, or rows of them."""

    field: FormField
    path: str
    value: Any = ""
    problems: Sequence[Problem] = ()
    options: Sequence[Group] = ()
    rows: list["Row"] = dataclasses.field(default_factory=list)
    inputs: list["Input"] = dataclasses.field(default_factory=list)
    blank: "Row | None" = None
    is_open: bool = True

    @property
    def id(self) -> str:
        return f"f-{self.path.replace('.', '-')}"

    @property
    def type(self) -> str:
        """A date picker, unless what was typed is no date a picker could hold."""
        is_date = self.field.kind == "date" and (not self.value or re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(self.value)))
        return "date" if is_date else "text"

    @property
    def is_wide(self) -> bool:
        return self.field.kind in ("long_text", "choices", "branches", "yes_no") or self.path == "name"


@dataclass
class Row:
    number: int
    cells: list[Input]
    problems: Sequence[Problem] = ()


@dataclass(frozen=True)
class Section:
    name: str
    label: Any
    inputs: Sequence[Input]


@dataclass(frozen=True)
class Choices:
    """What selects offer, loaded once per page."""

    regions: Sequence[Group]
    zones: Sequence[Group]
    industries: Sequence[Group]
    branches: Sequence[Group]


def load_choices(province: str, *, region_code: str) -> Choices:
    """Four or five queries; banks are those that serve the project's place, once that is known."""
    in_force = Region.objects.filter(province=province, valid_to=None).select_related("municipal").order_by("municipal__code", "code")
    regions = list(in_force)
    counties = [row for row in regions if row.level in (Region.Level.COUNTY, Region.Level.COUNTY_DIRECT)]
    zones = Unit.objects.filter(province=province, kind=Unit.Kind.ZONE, organisation__is_active=True).select_related("organisation")
    industries = Industry.objects.exclude(parent=None).select_related("parent").order_by("parent__code", "code")
    return Choices(
        regions=_grouped((_place_of(row), row.code, row.name) for row in counties),
        zones=[("", [(row.code, row.organisation.name) for row in zones.order_by("code")])],
        industries=_grouped((f"{row.parent.code} {row.parent.name}", row.code, f"{row.code} {row.name}") for row in industries),
        branches=branches_serving(next((row for row in counties if row.code == region_code), None)),
    )


def branches_serving(region: Region | None) -> list[Group]:
    if region is None:
        return []
    around = {region.pk, region.parent_id, region.municipal_id, region.municipal.parent_id if region.municipal else None}
    rows = (
        Branch.objects.filter(Q(serves__region__in=around - {None}), organisation__is_active=True)
        .select_related("bank", "organisation")
        .distinct()
        .order_by("bank__kind", "bank__code", "code")
    )
    return _grouped((row.bank.short_name, row.code, row.organisation.name) for row in rows)


def _place_of(region: Region) -> Any:
    if region.level == Region.Level.COUNTY_DIRECT or region.municipal is None:
        return _("省直管")
    return region.municipal.name


def _grouped(rows: Iterable[tuple[Any, str, Any]]) -> list[Group]:
    groups: dict[str, Group] = {}
    for label, value, text in rows:
        groups.setdefault(str(label), (label, []))[1].append((value, text))
    return list(groups.values())


def sections(
    form: Mapping[str, Any],
    choices: Choices,
    *,
    problems: Sequence[Problem] = (),
    open_fields: Container[str],
    more: Mapping[str, int] | None = None,
) -> list[Section]:
    """The whole form. Fields that are not open are shown and cannot be changed; `more` adds blank rows where the person asked for them."""
    drawn = [_draw(one, one.name, form.get(one.name), choices, problems, (more or {}).get(one.name, 0)) for one in FORM_FIELDS]
    for entry in drawn:
        if entry.field.name not in open_fields:
            _close(entry)
    return [
        Section(name, label, inputs) for name, label in SECTIONS if (inputs := [entry for entry in drawn if entry.field.section == name])
    ]


def _close(entry: Input) -> None:
    """Shown, not to be changed: what a reviewer did not open."""
    entry.is_open = False
    for inner in [*entry.inputs, *(cell for row in entry.rows for cell in row.cells)]:
        inner.is_open = False


def _draw(one: FormField, path: str, value: Any, choices: Choices, problems: Sequence[Problem], more: int = 0) -> Input:
    drawn = Input(one, path, value, tuple(problem for problem in problems if problem.field == path))
    if one.kind == "rows":
        rows = _listed(value) + [{}] * (more or (0 if value else BLANK_ROWS.get(one.name, 0)))
        drawn.rows = [_row(one, path, number, row, choices, problems) for number, row in enumerate(rows)]
        drawn.blank = _row(one, path, "__n__", {}, choices, ())
    elif one.kind == "group":
        group = value if isinstance(value, Mapping) else {}
        drawn.inputs = [_draw(inner, f"{path}.{inner.name}", group.get(inner.name), choices, problems) for inner in one.fields]
    elif one.kind == "branches":
        named = [code if isinstance(code, str) else str(code) for code in _listed(value)]
        places = max(BANKS_MAX, len(named))
        drawn.inputs = [_branch(one, path, number, (named + [""] * places)[number], choices, problems) for number in range(places)]
    else:
        drawn.options = _options(one, choices)
    if drawn.value is None:
        drawn.value = [] if one.kind in ("choices", "rows") else ""
    if one.kind == "yes_no":
        drawn.value = value is True or str(value or "").lower() in ("yes", "true", "是", "1", "on")
    return drawn


def _listed(value: Any) -> list[Any]:
    """A list, also where a machine kept something else: a draft is kept as it was sent, and its page opens whatever that is."""
    return value if isinstance(value, list) else [value] if value else []


def _row(one: FormField, path: str, number: Any, row: Any, choices: Choices, problems: Sequence[Problem]) -> Row:
    row = row if isinstance(row, Mapping) else {}
    cells = [_draw(inner, f"{path}.{number}.{inner.name}", row.get(inner.name), choices, problems) for inner in one.fields]
    return Row(number, cells, tuple(problem for problem in problems if problem.field == f"{path}.{number}"))


def _branch(one: FormField, path: str, number: int, value: str, choices: Choices, problems: Sequence[Problem]) -> Input:
    """One ranked bank. A code that the list does not offer stays visible, so that nothing typed is lost."""
    offered = {code for _label, options in choices.branches for code, _text in options}
    options = list(choices.branches)
    if value and value not in offered:
        options.insert(0, ("", [(value, value)]))
    mine = tuple(problem for problem in problems if problem.field == f"{path}.{number}")
    return Input(one, f"{path}.{number}", value, mine, options)


def _options(one: FormField, choices: Choices) -> Sequence[Group]:
    if one.choices is not None:
        return [("", list(one.choices.choices))]
    return {"region": choices.regions, "zone": choices.zones, "industry": choices.industries}.get(one.kind, [])


def read(typed: QueryDict, *, kept: Mapping[str, Any], open_fields: Container[str]) -> dict[str, Any]:
    """The form as typed. Fields that are not open keep what the filing already says; empty rows are left out."""
    form = dict(kept)
    for one in FORM_FIELDS:
        if one.name in open_fields:
            form[one.name] = _typed(one, one.name, typed)
    return form


def _typed(one: FormField, path: str, typed: QueryDict) -> Any:
    if one.kind == "choices":
        return typed.getlist(path)
    if one.kind == "branches":
        return [code for code in typed.getlist(path) if code.strip()]
    if one.kind == "yes_no":
        return typed.get(path) == "yes"
    if one.kind == "rows":
        rows = ({inner.name: _typed(inner, f"{path}.{n}.{inner.name}", typed) for inner in one.fields} for n in _numbers(path, typed))
        return [row for row in rows if any(value not in ("", False) for value in row.values())]
    if one.kind == "group":
        values = {inner.name: _typed(inner, f"{path}.{inner.name}", typed) for inner in one.fields}
        return {name: value for name, value in values.items() if value != ""}
    return typed.get(path, "").replace("\x00", "").strip()


def _numbers(path: str, typed: QueryDict) -> list[int]:
    """The rows sent, in order; script may leave gaps where a row was taken away."""
    found = (re.fullmatch(rf"{re.escape(path)}\.(\d{{1,4}})\.\w+", name) for name in typed)
    return sorted({int(match.group(1)) for match in found if match})


def named(problems: Iterable[Problem]) -> Iterator[tuple[str, str, Problem]]:
    """Each problem with the anchor of its input and the field's name in words: for the list on top."""
    for problem in problems:
        yield anchor(problem.field), label_of(problem.field), problem


def anchor(path: str) -> str:
    top, *rest = path.split(".")
    one = FIELDS.get(top)
    if one is None:
        return ""
    if one.kind == "rows" and len(rest) < 2:
        return f"f-{top}"
    if one.kind == "choices":
        rest = []
    return "-".join(["f", top, *rest])


def label_of(path: str) -> str:
    """equipment.2.amount → 设备清单 第 3 行 金额."""
    top, *rest = path.split(".")
    one = FIELDS.get(top)
    if one is None:
        return ""
    words = [str(one.label)]
    for part in rest:
        inner = next((field for field in one.fields if field.name == part), None)
        if inner is not None:
            words.append(str(inner.label))
        elif part.isdecimal():
            words.append(str(_("第 %(n)s 行") % {"n": int(part) + 1}))
    return " ".join(words)
