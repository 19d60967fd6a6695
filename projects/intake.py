"""What a submission writes: the typed rows, a version of the form, and the way through the units. Many at once or one, the same."""

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.steps import lock, update_rows
from common.workdays import load_calendar
from organisations.models import Organisation
from projects import clocks
from projects.application import Application, load_known, parse
from projects.batches import batch_for, load_batches
from projects.models import EquipmentItem, Filing, FilingVersion, IntendedBank, Need, Project, ReviewStep
from projects.routing import Stop, load_routes
from projects.two_tracks import EQUIPMENT_COLUMNS, SHARED_FACTS, disagreements, equipment_of, facts_kept, facts_typed, live_filings

PLACES = ("region", "zone", "industry")
NEED_COLUMNS = ("amount", "term_months", "rate_cap_bp", "securities", "open_to_other_banks", "asks_for_suggestions", "version")


class Intake:
    """Filings on their way in, with everything they are read against. Made under the transaction of the step.

    `problems` is asked by `take_many` under the lock of each filing, `submit` and `resubmit` write the rows of the admitted ones.
    Locks the firms first, so that two submissions of one project wait for each other, then their projects. `forms` (filing id → form)
    are read instead of what the filings say: what a change would make of them. `on`: the day whose rules they are read by, if not of today.
    """

    def __init__(
        self,
        filings: Sequence[Filing],
        *,
        at: dt.datetime,
        forms: Mapping[int, Mapping[str, Any]] | None = None,
        on: dt.date | None = None,
    ) -> None:
        self.at = at
        self.forms = dict(forms or {})
        self.on = on or timezone.localdate(at)
        firms = lock(Organisation.objects.filter(pk__in={filing.firm_id for filing in filings}))
        self.firms = {firm.pk: firm for firm in firms}
        projects = lock(Project.objects.filter(firm__in=self.firms).select_related(*PLACES))
        self.projects = {project.pk: project for project in projects}
        self.by_code = {(project.firm_id, project.code): project for project in projects if project.code}
        self.live = live_filings(self.projects)
        self.equipment = equipment_of(self.live)
        provinces = {filing.province for filing in filings}
        self.known = {province: load_known(firms, province=province, on=self.on) for province in sorted(provinces)}
        self.routes = load_routes({filing.track for filing in filings}, on=self.on)
        self.batches = load_batches(filings)
        self.calendar = load_calendar()
        self.applications: dict[int, Application] = {}
        self.stops: dict[int, list[Stop]] = {}
        self.claimed: dict[tuple[int, str], list[Filing]] = defaultdict(list)

    def problems(self, filing: Filing) -> Iterable[Problem]:
        """Everything that keeps this form from being submitted."""
        yield from self.unreadable(filing)
        application = self.applications.pop(filing.pk, None)
        if application is None:
            return
        yield from self._duplicates(filing, application)
        if filing.current_step_id is not None:
            yield from self._moved(filing, application)
            self.applications[filing.pk] = application
            return
        try:
            unit = self.routes.receiving_unit(application.region, application.zone, line=filing.track)
            self.stops[filing.pk] = self.routes.chain(unit, process=filing.track)
        except Invalid as refused:
            yield from refused.problems
            return
        self.applications[filing.pk] = application
        if application.project_code:
            self.claimed[filing.firm_id, application.project_code].append(filing)

    def unreadable(self, filing: Filing) -> Iterable[Problem]:
        """Every rule that the form by itself breaks."""
        try:
            self.applications[filing.pk] = parse(
                self._form(filing),
                firm=self.firms[filing.firm_id],
                on=self.on,
                known=self.known[filing.province],
                filed_on=filing.filed_on,
            )
        except Invalid as refused:
            yield from refused.problems

    def submit(self, filings: Sequence[Filing]) -> dict[int, dict[str, Any]]:
        """Write the rows of drafts that were admitted; filing id → what changes on the filing."""
        projects = self._write_projects(filings)
        self._write_needs(filings, projects, known=[])
        self._write_versions(filings)
        first = self._write_steps(filings)
        return {
            filing.pk: {
                "project": projects[filing.pk],
                "batch": batch_for(filing, self.batches, tier=first[filing.pk].unit.kind, at=self.at),
                "title": projects[filing.pk].name,
                "current_step": first[filing.pk],
                "submitted_at": self.at,
            }
            for filing in filings
        }

    def resubmit(self, filings: Sequence[Filing]) -> dict[int, dict[str, Any]]:
        """Write the rows of returned cases anew; the review goes on where it stopped."""
        projects = self._write_projects(filings)
        self._write_needs(filings, projects, known=list(Need.objects.filter(filing__in=filings).order_by("id")))
        self._write_versions(filings)
        due = clocks.come_back(filings, at=self.at, calendar=self.calendar)
        waiting = [
            step for filing in filings for step in filing.steps.all() if step.unit_id == filing.current_step.unit_id and not step.passed_at
        ]
        for step in waiting:
            step.due_at = due.get(step.filing_id, step.due_at)
        update_rows(waiting, ["due_at"])
        return {filing.pk: {"title": projects[filing.pk].name, "open_fields": []} for filing in filings}

    def amend(self, filings: Sequence[Filing]) -> dict[int, dict[str, Any]]:
        """Write the rows of admitted cases anew, from `forms`; a need keeps its identity by year, and no year comes or goes."""
        projects = self._write_projects(filings)
        self._write_needs(filings, projects, known=list(Need.objects.filter(filing__in=filings).order_by("id")))
        self._write_versions(filings)
        return {filing.pk: {"form": self._form(filing), "title": projects[filing.pk].name} for filing in filings}

    def _form(self, filing: Filing) -> Mapping[str, Any]:
        return self.forms.get(filing.pk, filing.form)

    def _duplicates(self, filing: Filing, application: Application) -> Iterable[Problem]:
        """One live filing per project and track; what the other track was told must agree."""
        project, code = self._project_of(filing, application), application.project_code
        if filing.project_id is not None and code:
            other = self.by_code.get((filing.firm_id, code))
            if other is not None and other.pk != filing.project_id:
                yield _used(_("项目代码 %(code)s 属于本企业的另一个项目。") % {"code": code})
        for before in self.claimed.get((filing.firm_id, code), ()):
            if before.track == filing.track:
                yield _used(_("同一项目（%(code)s）在本渠道重复申报。") % {"code": code})
            else:
                yield from disagreements(*facts_typed(self.applications[before.pk]), application)
        for pk, track in self.live.get(project.pk, ()) if project is not None else ():
            if pk != filing.pk and track == filing.track:
                yield _used(_("同一项目（%(code)s）已在本渠道申报。") % {"code": project.code})
            elif pk != filing.pk:
                yield from disagreements(*facts_kept(project, self.equipment[project.pk]), application)

    def _moved(self, filing: Filing, application: Application) -> Iterable[Problem]:
        """A returned case stays with its units: one built elsewhere is another unit's to receive."""
        project = self.projects[filing.project_id]
        place = (application.region.pk, getattr(application.zone, "pk", None))
        if place == (project.region_id, project.zone_id):
            return
        unit = self.routes.receiving_unit(application.region, application.zone, line=filing.track)
        if unit.pk != filing.steps.all()[0].unit_id:
            yield Problem(
                "region",
                "receiver_changes",
                _("建设地点改变后应由“%(unit)s”受理。") % {"unit": unit.organisation.name},
                _("请撤回本申报，按新的建设地点另行申报。"),
            )

    def _project_of(self, filing: Filing, application: Application) -> Project | None:
        if filing.project_id is not None:
            return self.projects[filing.project_id]
        return self.by_code.get((filing.firm_id, application.project_code))

    def _write_projects(self, filings: Sequence[Filing]) -> dict[int, Project]:
        found: dict[int, Project] = {}
        new: dict[tuple[int, str], Project] = {}
        for filing in filings:
            application = self.applications[filing.pk]
            project = self._project_of(filing, application) or new.get((filing.firm_id, application.project_code))
            if project is None:
                project = Project(firm=self.firms[filing.firm_id], province=filing.province)
                if application.project_code:
                    new[filing.firm_id, application.project_code] = project
            project.code = application.project_code
            for name in SHARED_FACTS:
                setattr(project, name, getattr(application, name))
            found[filing.pk] = project
        distinct = {id(project): (project, self.applications[pk]) for pk, project in found.items()}
        known = [project for project, _typed in distinct.values() if project.pk]
        Project.objects.bulk_create([project for project, _typed in distinct.values() if not project.pk], batch_size=1000)
        update_rows(known, ["code", *SHARED_FACTS])
        _write_equipment(distinct.values(), rewritten=known)
        return found

    def _write_needs(self, filings: Sequence[Filing], projects: dict[int, Project], *, known: list[Need]) -> None:
        """A need keeps its identity by year; its named banks are written anew in their order."""
        old = {(need.filing_id, need.year): need for need in known}
        kept: list[Need] = []
        added: list[Need] = []
        for filing in filings:
            application, project = self.applications[filing.pk], projects[filing.pk]
            for year, amount in application.needs:
                need = old.pop((filing.pk, year), None)
                if need is None:
                    need = Need(filing=filing, project=project, firm=project.firm, year=year, province=filing.province)
                    added.append(need)
                else:
                    need.version += 1
                    kept.append(need)
                need.amount = amount
                for name in ("term_months", "rate_cap_bp", "open_to_other_banks", "asks_for_suggestions"):
                    setattr(need, name, getattr(application, name))
                need.securities = list(application.securities)
        if known:
            IntendedBank.objects.filter(need__in=known).delete()
            Need.objects.filter(pk__in=[need.pk for need in old.values()]).delete()
        update_rows(kept, NEED_COLUMNS)
        Need.objects.bulk_create(added, batch_size=1000)
        IntendedBank.objects.bulk_create(
            [
                IntendedBank(need=need, branch_id=branch_id, rank=rank, province=need.province)
                for need in (*kept, *added)
                for rank, branch_id in enumerate(self.applications[need.filing_id].branch_ids, start=1)
            ],
            batch_size=2000,
        )

    def _write_versions(self, filings: Sequence[Filing]) -> None:
        numbers = dict(FilingVersion.objects.filter(filing__in=filings).values_list("filing").annotate(Max("number")))
        FilingVersion.objects.bulk_create(
            [
                FilingVersion(
                    filing=filing,
                    number=numbers.get(filing.pk, 0) + 1,
                    form=self._form(filing),
                    sha256=form_digest(self._form(filing)),
                    submitted_at=self.at,
                    province=filing.province,
                )
                for filing in filings
            ],
            batch_size=1000,
        )

    def _write_steps(self, filings: Sequence[Filing]) -> dict[int, ReviewStep]:
        """Copy the chain into the case, so that a reorganisation never changes a running one; start the first unit's clock."""
        first: dict[int, list[ReviewStep]] = {}
        rows: list[ReviewStep] = []
        for filing in filings:
            own = [
                ReviewStep(filing=filing, position=position, unit=unit, stage=stage, working_days=days, province=filing.province)
                for position, (unit, stage, days) in enumerate(self.stops[filing.pk], start=1)
            ]
            rows += own
            first[filing.pk] = [step for step in own if step.unit_id == own[0].unit_id]
        clocks.arrive(filings, at=self.at, calendar=self.calendar, steps=first)
        ReviewStep.objects.bulk_create(rows, batch_size=2000)
        return {pk: steps[0] for pk, steps in first.items()}


def _write_equipment(projects: Iterable[tuple[Project, Application]], *, rewritten: Sequence[Project]) -> None:
    """Rows keep their identity by position, since drawdowns may point to them."""
    old: dict[tuple[int, int], EquipmentItem] = {}
    if rewritten:
        old = {(row.project_id, row.position): row for row in EquipmentItem.objects.filter(project__in=rewritten).order_by("id")}
    kept: list[EquipmentItem] = []
    added: list[EquipmentItem] = []
    for project, application in projects:
        for position, typed in enumerate(application.equipment, start=1):
            row = old.pop((project.pk, position), None)
            (added if row is None else kept).append(
                row := row or EquipmentItem(project=project, position=position, province=project.province)
            )
            for name in EQUIPMENT_COLUMNS:
                setattr(row, name, getattr(typed, name))
    if old:
        EquipmentItem.objects.filter(pk__in=[row.pk for row in old.values()]).delete()
    update_rows(kept, EQUIPMENT_COLUMNS)
    EquipmentItem.objects.bulk_create(added, batch_size=2000)


def form_digest(form: Any) -> str:
    """SHA-256 of the form in canonical JSON."""
    return hashlib.sha256(json.dumps(form, cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _used(message: Any) -> Problem:
    return Problem("project_code", "already_filed", message, _("请在已有的申报中办理，或先撤回原申报。"))
