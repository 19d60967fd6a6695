"""The passage of the invented filings: typed, submitted, passed stage by stage, returned, refused, withdrawn, reported, listed."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from deals import invitations
from organisations.actors import Person
from organisations.models import Organisation, Programme, Role
from projects import candidate_list, drafting, review
from projects.models import Filing
from seeds.demo.forms import form_of
from seeds.demo.people import Staff
from seeds.demo.stages import Stage, all_taken, moment
from seeds.models import DemoFiling
from seeds.reference import indexed
from seeds.rows import FilingRow
from seeds.stories import AS_OF, REVIEW_WORKDAYS, listing_day, report_day, stage_day

TIERS = ("county", "city", "province")
CLOCKS = {  # when an office's stages sit on a day, so that a case may climb through several of them on one
    ("county", 0): "09:30",
    ("county", 1): "10:30",
    ("city", 0): "11:00",
    ("city", 1): "14:00",
    ("city", 2): "15:00",
    ("province", 0): "15:30",
    ("province", 1): "16:00",
    ("province", 2): "16:30",
}
ENDS = ("returned", "refused", "not_accepted", "withdrawn")
DRAFTED_ON = dt.date(2026, 12, 21)


class Passage:
    """All stages of the invented filings up to the candidate list."""

    def __init__(self, rows: Sequence[FilingRow], staff: Staff, programme: Programme, office: int) -> None:
        self.rows, self.staff, self.programme, self.office = rows, staff, programme, office
        self.stages: list[Stage] = []
        self._drafts()
        self._reviews()
        self._lists()

    # what happens when

    def _drafts(self) -> None:
        days: dict[dt.date, list[FilingRow]] = defaultdict(list)
        for row in self.rows:
            days[row.submitted_on or DRAFTED_ON].append(row)
        for day, rows in days.items():
            self._add(day, "08:30", "start", partial(self._start, rows))
            submitted = [row for row in rows if row.submitted_on]
            if submitted:
                self._add(day, "09:00", "submit", partial(self._submit, submitted))

    def _reviews(self) -> None:
        passes: dict[tuple[dt.date, str, int], list[FilingRow]] = defaultdict(list)
        ends: dict[tuple[dt.date, str, str], list[FilingRow]] = defaultdict(list)
        for row in self.rows:
            if row.submitted_on is None:
                continue
            for tier, stage in _passed(row):
                passes[stage_day(row.submitted_on, tier, stage), tier, stage].append(row)
            if row.target in ENDS:
                ends[stage_day(row.submitted_on, row.stop_tier, 0), row.stop_tier, row.target].append(row)
        for (day, tier, stage), rows in passes.items():
            self._add(day, CLOCKS[tier, stage], f"pass-{tier}-{stage}", partial(self._pass, rows))
        how = {"returned": self._return, "refused": self._refuse, "not_accepted": self._not_accept, "withdrawn": self._withdraw}
        for (day, tier, target), rows in ends.items():
            self._add(day, CLOCKS[tier, 0], f"{target}-{tier}", partial(how[target], rows))

    def _lists(self) -> None:
        batches: dict[str, list[FilingRow]] = defaultdict(list)
        for row in self.rows:
            if row.target.startswith("listed") or row.target == "not_listed":
                batches[row.batch].append(row)
        for batch, rows in batches.items():
            listed = [row for row in rows if row.target != "not_listed"]
            left_out = [row for row in rows if row.target == "not_listed"]
            self._add(report_day(batch), "17:00", "report", partial(self._report, rows))
            if listed:
                self._add(listing_day(batch), "10:00", "list", partial(self._list, listed, batch))
            if left_out:
                self._add(listing_day(batch), "10:30", "leave-out", partial(self._leave_out, left_out))

    def _add(self, day: dt.date, clock: str, name: str, run: object) -> None:
        at = moment(day, clock)
        self.stages.append(Stage(f"{at:%Y-%m-%d %H:%M} {name}", at, run))  # type: ignore[arg-type]  # partial of a method

    # how

    def _start(self, rows: Sequence[FilingRow], at: dt.datetime) -> None:
        firms = Organisation.objects.filter(uscc__in={row.firm_uscc for row in rows}, kind=Organisation.Kind.FIRM)
        by_uscc = {firm.uscc: firm for firm in firms}
        owners = {firm.pk: self.staff.firm(firm.pk) for firm in by_uscc.values()}
        made = drafting.start_many(
            [(by_uscc[row.firm_uscc], form_of(row)) for row in rows], programme=self.programme, track="industry", by=owners, at=at
        )
        DemoFiling.objects.bulk_create([DemoFiling(key=row.key, filing=filing) for row, filing in zip(rows, made, strict=True)])

    def _submit(self, rows: Sequence[FilingRow], at: dt.datetime) -> None:
        filings = filings_of(rows)
        all_taken(review.submit_many(filings, by={filing.pk: self.staff.firm(filing.firm_id) for filing in filings}, at=at))

    def _pass(self, rows: Sequence[FilingRow], at: dt.datetime) -> None:
        filings = filings_of(rows)
        all_taken(review.pass_many(filings, by=self._reviewers(filings), at=at, note="材料齐全，符合申报条件。"))

    def _return(self, rows: Sequence[FilingRow], at: dt.datetime) -> None:
        for code, filings in _by_reason(rows):
            all_taken(review.return_many(filings, by=self._reviewers(filings), at=at, code=code))

    def _refuse(self, rows: Sequence[FilingRow], at: dt.datetime) -> None:
        for code, filings in _by_reason(rows):
            all_taken(review.refuse_many(filings, by=self._reviewers(filings), at=at, code=code))

    def _not_accept(self, rows: Sequence[FilingRow], at: dt.datetime) -> None:
        for code, filings in _by_reason(rows):
            all_taken(review.not_accept_many(filings, by=self._reviewers(filings), at=at, code=code))

    def _withdraw(self, rows: Sequence[FilingRow], at: dt.datetime) -> None:
        for filing in filings_of(rows):
            invitations.withdraw_filing(
                filing, by=self.staff.firm(filing.firm_id), at=at, seen=filing.version, note="企业调整投资计划，暂不申报。"
            )

    def _report(self, rows: Sequence[FilingRow], at: dt.datetime) -> None:
        all_taken(candidate_list.report_many(filings_of(rows), by=self._provincial(), at=at))

    def _list(self, rows: Sequence[FilingRow], batch: str, at: dt.datetime) -> None:
        all_taken(invitations.list_many(filings_of(rows), by=self._provincial(), at=at, list_number=f"{batch}（示例）"))

    def _leave_out(self, rows: Sequence[FilingRow], at: dt.datetime) -> None:
        for code, filings in _by_reason(rows):
            all_taken(candidate_list.leave_out_many(filings, by=self._provincial(), at=at, code=code))

    def _provincial(self) -> Person:
        return self.staff.office(self.office, Role.HANDLER)

    def _reviewers(self, filings: Sequence[Filing]) -> dict[int, Person]:
        found = {}
        for filing in filings:
            assert filing.current_step is not None
            found[filing.pk] = self.staff.office(filing.current_step.unit.organisation_id, filing.current_step.stage)
        return found


def filings_of(rows: Sequence[FilingRow]) -> list[Filing]:
    """The filings that these applications became, in the same order, with the step where each lies; list steps load the rest."""
    ids = dict(DemoFiling.objects.filter(key__in=[row.key for row in rows]).values_list("key", "filing"))
    found = Filing.objects.select_related("current_step__unit", "firm").in_bulk(list(ids.values()))
    return [found[ids[row.key]] for row in rows]


def _passed(row: FilingRow) -> list[tuple[str, int]]:
    """The stages a filing passed, by its fate."""
    tiers = TIERS if indexed("units")[indexed("units")[row.receiving_unit]["next_unit"]]["kind"] == "city" else ("county", "province")
    if not row.stop_tier:
        whole = tiers
        return [(tier, stage) for tier in whole for stage in range(len(REVIEW_WORKDAYS[tier]))]
    before = [(tier, stage) for tier in tiers[: tiers.index(row.stop_tier)] for stage in range(len(REVIEW_WORKDAYS[tier]))]
    assert row.submitted_on is not None
    lies_with_checker = (
        row.target.startswith("in_review") and int(row.key[1:]) % 2 and stage_day(row.submitted_on, row.stop_tier, 0) < AS_OF
    )
    return [*before, (row.stop_tier, 0)] if lies_with_checker else before


def _by_reason(rows: Sequence[FilingRow]) -> list[tuple[str, list[Filing]]]:
    groups: dict[str, list[FilingRow]] = defaultdict(list)
    for row in rows:
        groups[row.reason].append(row)
    return [(code, filings_of(group)) for code, group in sorted(groups.items())]
