"""The course of the demonstration: who is there, and every stage in the order of time."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from lenders.models import Branch
from organisations.models import FirmBar, Organisation, Programme, Unit
from seeds import generator
from seeds.demo.banking import Answers, Before, weeks_after
from seeds.demo.firms import bar, load_firms
from seeds.demo.money import AUTUMN, AUTUMN_DAYS, WINTER, WINTER_DAYS
from seeds.demo.passage import Passage
from seeds.demo.people import Places, Staff, hire, password
from seeds.demo.rounding import Rounds, Told
from seeds.demo.stages import Stage, moment, refresh_statistics
from seeds.demo.workers import Workers
from seeds.load import load_all
from seeds.reference import branches_serving, indexed, table
from seeds.rows import FilingRow, FirmRow
from seeds.stories import ROUND_ON

BEGINNING = dt.date(2026, 1, 4)
FIRMS, FILINGS = 1500, 2000
STATISTICS_ON = (*(dt.date(2026, month, 1) for month in range(4, 13)), dt.date(2026, 10, 13))


@dataclass
class Course:
    """`firms` and `filings` may be smaller for tests; the same numbers give the same province."""

    firms: int = FIRMS
    filings: int = FILINGS

    @cached_property
    def firm_rows(self) -> list[FirmRow]:
        return generator.firms(self.firms)

    @cached_property
    def filing_rows(self) -> list[FilingRow]:
        return generator.filings(self.firm_rows, self.filings)

    @cached_property
    def staff(self) -> Staff:
        return Staff(at=moment(BEGINNING, "08:00"))

    @cached_property
    def programme(self) -> Programme:
        return Programme.objects.get(code=table("programmes")[0]["code"])

    @cached_property
    def office(self) -> Unit:
        return Unit.objects.get(kind=Unit.Kind.PROVINCE, line=Unit.Line.INDUSTRY)

    def setting(self) -> list[Stage]:
        """What has to be there before anything happens."""
        return [
            Stage("seed", moment(BEGINNING, "07:00"), lambda _at: load_all(), alone=True),
            Stage("people", moment(BEGINNING, "08:00"), self._people),
        ]

    def events(self, workers: Workers, told: Told) -> list[Stage]:
        """Everything that happens, in the order of time."""
        office = self.office.organisation_id
        answers = Answers(self.staff)
        stages = Passage(self.filing_rows, self.staff, self.programme, office).stages
        stages += Before(self.filing_rows, self.staff).stages
        stages += Rounds(self.staff, self.programme, office, workers, told=told).stages()
        for day in weeks_after(ROUND_ON):
            stages += answers.week(day)
        stages += AUTUMN(self.staff, office).stages(AUTUMN_DAYS) + WINTER(self.staff, office).stages(WINTER_DAYS)
        stages += [Stage(f"{day} 00:10 statistics", moment(day, "00:10"), refresh_statistics) for day in STATISTICS_ON]
        return sorted(stages, key=lambda stage: stage.at)

    def _people(self, at: dt.datetime) -> None:
        firms = load_firms(self.firm_rows)
        by_uscc = {firm.uscc: firm for firm in firms}
        FirmBar.objects.bulk_create(found for row in self.firm_rows if (found := bar(row, by_uscc[row.uscc], self.filing_rows)) is not None)
        hire(firms, self._places(by_uscc), password=password(), at=at)

    def _places(self, firms: dict[str, Organisation]) -> Places:
        """The named logins belong to one case: a firm whose need the round takes, its county and city, a branch that lends there."""
        row = self.shown
        chain = indexed("units")
        city = chain[row.receiving_unit]["next_unit"]
        units = {unit.code: unit for unit in Unit.objects.select_related("organisation").order_by("pk")}
        limits = {line["branch"]: int(line["limit_wan"]) for line in table("appetites")}
        near = max(branches_serving(row.region), key=lambda branch: (branch["level"] != "provincial", limits.get(branch["code"], 0)))
        return Places(
            firm=firms[row.firm_uscc],
            branch=Branch.objects.select_related("organisation").get(code=near["code"]),
            county=units[row.receiving_unit],
            city=units[city],
            province=units[chain[city]["next_unit"]],
            finance=Unit.objects.select_related("organisation").get(kind=Unit.Kind.PROVINCE, line=Unit.Line.FINANCE),
        )

    @cached_property
    def shown(self) -> FilingRow:
        """The case of the named logins."""
        cities = indexed("units")
        return next(
            row
            for row in self.filing_rows
            if row.target == "listed_unnamed"
            and row.open_to_other_banks
            and cities[cities[row.receiving_unit]["next_unit"]]["kind"] == "city"
        )
