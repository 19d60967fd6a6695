"""申报: applications with their equipment, as new drafts or over drafts and returned cases of one's own firms."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.steps import Param
from exchange.columns import ID, STATE, VERSION, Shown, entered, shown
from exchange.forms import BANK_COLUMNS, EQUIPMENT, LATER_NEEDS, as_typed_in_form, bank_param, form_of
from exchange.importers.hanging import EQUIPMENT_SHEET, PROJECT, Hanging, equipment_table
from exchange.importers.importer import Entry, Importer, Mark, Outcome, Written, one_by_one
from exchange.listings.listing import Part
from exchange.listings.projects import equipment_columns, equipment_of, form_columns
from exchange.listings.words import Words
from exchange.tables import Row
from organisations.actors import FIRM_ROLES, Person
from organisations.models import Batch, Organisation, Programme
from projects.application import examine, load_known
from projects.drafting import changed_fields, editable_fields, save_form, start_many
from projects.form_fields import FIELDS
from projects.models import Filing
from projects.named_banks import tells_banks
from projects.reading import read_fields
from projects.states import by_firm

FIRM = Param("firm_uscc", "text", _("企业统一社会信用代码"), required=False)
BANK_FIELDS = ("open_to_other_banks", "asks_for_suggestions")
OPEN = (Filing.State.DRAFT, Filing.State.RETURNED)


def own_firms(by: Person) -> dict[int, Organisation]:
    ids = {seat.organisation_id for seat in by.seats if seat.role in FIRM_ROLES}
    return {firm.pk: firm for firm in Organisation.objects.filter(pk__in=ids).select_related("firm").order_by("pk")}


class Filings(Importer):
    """New rows become drafts; rows with a number and version change those. The rules of submission are asked of every row."""

    kind, writes, label = "filings", "filings", _("申报")
    rehearses = False
    takes_new: ClassVar[bool] = True

    def __init__(self, book: Any, *, by: Person, at: dt.datetime, params: Mapping[str, Any]) -> None:
        super().__init__(book, by=by, at=at, params=params)
        self.on = timezone.localdate(at)
        self.firms = own_firms(by)
        provinces = {firm.province for firm in self.firms.values()}
        self.known = {one: load_known(self.firms.values(), province=one, on=self.on) for one in sorted(provinces)}
        self.programme = Programme.objects.filter(code=params.get("programme", "")).first() or Programme.objects.order_by("pk").first()
        self.track = params.get("track") or Batch.Track.INDUSTRY
        self.equipment = Hanging(equipment_table(book), keys=("id", PROJECT.name), also={PROJECT.name: "name"})

    @classmethod
    def shown(cls) -> tuple[Shown, ...]:
        return (ID, VERSION, entered(FIRM, "firm.uscc", "code"), *form_columns(Words.load()))

    @classmethod
    def parts(cls) -> tuple[Part, ...]:
        return (Part(EQUIPMENT_SHEET, equipment_columns, equipment_of),)

    @classmethod
    def rows_shown(cls, by: Person) -> Iterable[Filing]:
        own = Filing.objects.visible_to(by).filter(firm__in=own_firms(by), state__in=OPEN).annotate(tells_banks=tells_banks(by))
        return own.select_related("firm", "project").order_by("pk").iterator(chunk_size=500)

    @classmethod
    def may(cls, by: Person) -> bool:
        return any(seat.role in FIRM_ROLES for seat in by.seats)

    def read(self, rows: Sequence[Row]) -> list[Entry]:
        entries = [Entry(row, problems=list(row.problems)) for row in rows]
        keys = [self.keys_of(entry) for entry in entries]
        known = Filing.objects.visible_to(self.by).filter(pk__in={one["id"] for one in keys if "id" in one}).select_related("firm__firm")
        filings = {filing.pk: filing for filing in known}
        for entry, key in zip(entries, keys, strict=True):
            entry.hanging = self.equipment.of(entry.row)
            if "id" in key:
                self._existing(entry, filings.get(key["id"]), key)
            elif not self.takes_new:
                entry.problems.append(Problem("id", "required", _("缺少编号。"), _("请使用下载的模板，不要删改“编号”一列。")))
            elif "name" in entry.row.cells:
                self.once(str(entry.row.cells["name"]), entry, field="name")  # equipment finds its application by this name
            self._read_form(entry)
        return entries

    def write(self, entries: Sequence[Entry]) -> list[Written]:
        new = [entry for entry in entries if entry.obj is None]
        made = start_many(
            [(entry.values["firm"], self._kept(entry)) for entry in new],
            programme=self.programme,
            track=self.track,
            by=self.by,
            at=self.at,
        )
        results = [Written(entry.row.number, Outcome.CREATED, filing.pk) for entry, filing in zip(new, made, strict=True)]
        return results + one_by_one([entry for entry in entries if entry.obj is not None], self._save)

    def left_over(self) -> list[Mark]:
        """Equipment of no application in the file."""
        told = Problem(PROJECT.name, "no_such_project", _("申报表中没有这个项目。"), _("项目名称须与申报表一致。"))
        return [Mark(*where, PROJECT.name, told) for where in self.equipment.left(PROJECT.name)]

    def column_of(self, path: str) -> str:
        """意向银行 has a column for each place."""
        name, _dot, rest = path.partition(".")
        if name == "intended_banks":
            return bank_param(int(rest) if rest.isdecimal() else 0).name
        if path == "later_needs":
            return LATER_NEEDS[0].name
        return super().column_of(path)

    def _mark(self, entry: Entry, problem: Problem) -> Mark:
        """A problem of one piece of equipment is marked on its own sheet."""
        name, place, field = (*problem.field.split("."), "", "")[:3]
        if name == "equipment" and place.isdecimal() and int(place) < len(entry.hanging):
            return Mark(*self.equipment.cell(entry.hanging[int(place)], field), field, problem)
        return super()._mark(entry, problem)

    def _existing(self, entry: Entry, filing: Filing | None, key: Mapping[str, Any]) -> None:
        self.once(key["id"], entry)
        if filing is None or not by_firm(filing, self.by):
            entry.problems.append(Problem("id", "not_found", _("没有此编号的申报，或不属于本企业。"), _("新申报请将编号和版本留空。")))
        elif filing.state not in OPEN:
            message = _("此件当前为“%(state)s”，不能修改。") % {"state": filing.get_state_display()}
            entry.problems.append(Problem("id", "not_open", message, _("请从文件中删去此行。")))
        else:
            entry.obj = filing
            self.matches(filing, key.get("version"), entry)

    def _read_form(self, entry: Entry) -> None:
        """The form as it would stand: what the file has columns for, over what is there."""
        firm = entry.obj.firm if entry.obj is not None else self._firm(entry)
        if firm is None:
            return
        cells = {name: entry.row.cells.get(name) for name in self.table.places}
        equipment = [_without_keys(row.cells) for row in entry.hanging] if self.equipment.table is not None else None
        typed = form_of(cells, equipment)
        form = {**(entry.obj.form if entry.obj is not None else {}), **typed}
        unread = {problem.field for problem in entry.problems}
        values, problems = self._examined(form, typed, firm)
        entry.problems += [one for one in problems if one.field not in unread]
        entry.problems += [
            Problem(f"equipment.{place}.{one.field}", one.code, one.message, one.remedy)
            for place, row in enumerate(entry.hanging)
            for one in row.problems
        ]
        if entry.is_sound:
            entry.values = {"firm": firm, "form": form, "typed": typed, "values": values}
            self._repeated(entry)
            self._locked(entry)

    def _kept(self, entry: Entry) -> dict[str, Any]:
        """The form as it is to be kept: as the page would have posted it; what means the same as before, as it was typed before."""
        typed, values = entry.values["typed"], entry.values["values"]
        before = entry.obj.form if entry.obj is not None else {}
        fields = tuple(FIELDS[name] for name in typed if name in before)
        meant, _problems = read_fields(
            fields, {field.name: before[field.name] for field in fields}, self.known[entry.values["firm"].province]
        )
        same = {name for name, value in meant.items() if value == values.get(name)}
        posted = {name: before[name] if name in same else _as_posted(name, values.get(name)) for name in typed}
        return {**entry.values["form"], **posted}

    def _examined(self, form: Mapping[str, Any], _typed: Mapping[str, Any], firm: Organisation) -> tuple[dict[str, Any], list[Problem]]:
        """By the reader and the rules of the page, as for submission."""
        return examine(form, firm=firm, on=self.on, known=self.known[firm.province])

    def _firm(self, entry: Entry) -> Organisation | None:
        """Whose application it is: the only firm one acts for, or the one with this code."""
        code = str(entry.row.cells.get(FIRM.name, "")).strip().upper()
        found = [firm for firm in self.firms.values() if firm.uscc == code] if code else list(self.firms.values())
        if len(found) == 1:
            return found[0]
        entry.problems.append(
            Problem(FIRM.name, "unknown_firm", _("不能确定是哪家企业的申报。"), _("请填写您所代表企业的统一社会信用代码。"))
        )
        return None

    def _repeated(self, entry: Entry) -> None:
        code = entry.values["values"].get("project_code")
        if code:
            self.once((entry.values["firm"].pk, code), entry, field="project_code")

    def _locked(self, entry: Entry) -> None:
        if entry.obj is None or entry.obj.state == Filing.State.DRAFT:
            return
        for name in changed_fields(entry.obj.form, self._kept(entry)):
            if name not in editable_fields(entry.obj):
                label = FIELDS[name].label if name in FIELDS else name
                message = _("“%(label)s”不在退回修改的范围内。") % {"label": label}
                entry.problems.append(Problem(name, "field_locked", message, _("请恢复原内容；确需修改的，请联系退回单位开放此项。")))

    def _save(self, entry: Entry) -> Written:
        filing, form = entry.obj, self._kept(entry)
        if not changed_fields(filing.form, form):
            return Written(entry.row.number, Outcome.UNCHANGED, filing.pk)
        save_form(filing, form=form, by=self.by, at=self.at, seen=filing.version)
        return Written(entry.row.number, Outcome.CHANGED, filing.pk)


def _as_posted(name: str, value: Any) -> Any:
    field = FIELDS[name]
    if field.kind == "rows":
        return [{inner.name: as_typed_in_form(inner, row.get(inner.name)) for inner in field.fields} for row in value or ()]
    if field.kind == "group":
        return {inner.name: as_typed_in_form(inner, value[inner.name]) for inner in field.fields if inner.name in (value or {})}
    return as_typed_in_form(field, value)


def _without_keys(cells: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in EQUIPMENT}
    return {name: cell for name, cell in cells.items() if name in names}


class IntendedBanks(Filings):
    """意向银行: the ranked banks of many drafts at once. Only rows that went out come back, and nothing else of the form is touched."""

    kind, label = "intended-banks", _("意向银行")
    takes_new = False

    @classmethod
    def parts(cls) -> tuple[Part, ...]:
        return ()

    @classmethod
    def shown(cls) -> tuple[Shown, ...]:
        wanted = {*(bank_param(place).name for place in range(BANK_COLUMNS)), *BANK_FIELDS}
        own = (ID, VERSION, STATE, shown("title", _("项目名称")))
        return (*own, *(one for one in form_columns(Words.load()) if one.name in wanted))

    def _examined(self, _form: Mapping[str, Any], typed: Mapping[str, Any], firm: Organisation) -> tuple[dict[str, Any], list[Problem]]:
        """Of these fields alone: the draft may be far from complete."""
        fields = tuple(FIELDS[name] for name in typed)
        return examine(typed, firm=firm, on=self.on, known=self.known[firm.province], fields=fields)
