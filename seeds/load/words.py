"""Codes and numbers that policy gives: industries, reasons, calendar, programmes, batches, policy parameters."""

import datetime as dt
from decimal import Decimal

from common.models import NATION, CalendarException
from common.workdays import END_OF_DAY, SHANGHAI, WorkCalendar
from common.workdays import load_calendar as read_calendar
from deals.models import DeclineCode
from organisations.models import Batch, Industry, IndustryTag, PolicyParameter, Programme, ReviewReason
from projects.models import ChangeRule, CheckKind
from seeds.load.cells import day, maybe_day
from seeds.load.merge import merge
from seeds.reference import Row, flag, indexed, split, table


def load_calendar() -> None:
    merge(
        CalendarException,
        [CalendarException(day=day(row["day"]), is_working=flag(row["is_working"]), source=row["source"]) for row in table("calendar")],
        key=("day",),
    )


def load_industries() -> None:
    sections: dict[str, Industry] = {}
    for level in ("section", "division"):
        rows = [
            Industry(
                code=row["code"],
                name=row["name"],
                parent=sections.get(row["parent"]),
                level=row["level"],
                edition=int(row["edition"]),
            )
            for row in table("industries")
            if row["level"] == level
        ]
        known = merge(Industry, rows, key=("code", "edition"))
        sections = {row.code: row for row in known.values() if row.level == "section"}


def load_industry_tags() -> None:
    known = {row.code: row for row in Industry.objects.order_by("edition")}
    tags = [
        IndustryTag(
            industry=known[row["industry"]],
            kind=row["kind"],
            value=row["value"],
            source=row["source"],
            is_fictional=flag(row["fictional"]),
            valid_from=day(row["valid_from"]),
            valid_to=maybe_day(row["valid_to"]),
            province=province_of_programme(),
        )
        for row in table("industry_tags")
    ]
    merge(IndustryTag, tags, key=("industry_id", "kind", "value", "valid_from"))


def load_reasons() -> None:
    decline = [
        DeclineCode(**{name: row[name] for name in ("code", "category", "sentence", "sentence_en", "next_step", "next_step_en")})
        for row in table("reject_codes")
    ]
    merge(DeclineCode, decline, key=("code",))
    review = [
        ReviewReason(
            code=row["code"],
            verb=row["verb"],
            sentence=row["sentence"],
            sentence_en=row["sentence_en"],
            fields=split(row["fields"]),
            basis=row["basis"],
        )
        for row in table("return_reasons")
    ]
    merge(ReviewReason, review, key=("code",))


def load_check_kinds() -> None:
    rows = [CheckKind(**{name: row[name] for name in ("code", "name", "name_en", "source")}) for row in table("check_kinds")]
    merge(CheckKind, rows, key=("code",))


def load_change_rules() -> None:
    rows = [
        ChangeRule(
            province=row["province"] or NATION,
            field=row["field"],
            tier=row["tier"],
            valid_from=day(row["valid_from"]),
            valid_to=maybe_day(row["valid_to"]),
            source=row["source"],
            is_inferred=flag(row["is_inferred"]),
        )
        for row in table("change_rules")
    ]
    merge(ChangeRule, rows, key=("province", "field", "valid_from"))


def load_programmes() -> None:
    rows = [Programme(code=row["code"], name=row["name"], name_en=row["name_en"]) for row in table("programmes")]
    merge(Programme, rows, key=("code",))


def load_policy() -> None:
    """Dated numbers; a row's day of effect is part of what it is, so that a change of policy is a further row."""
    rows = [
        PolicyParameter(
            province=row["province"] or NATION,
            key=row["key"],
            value=Decimal(row["value"]).quantize(Decimal("0.01")),
            unit=row["unit"],
            valid_from=day(row["valid_from"]),
            valid_to=maybe_day(row["valid_to"]),
            source=row["source"],
            is_inferred=flag(row["is_inferred"]),
        )
        for row in table("policy_parameters")
    ]
    merge(PolicyParameter, rows, key=("province", "key", "valid_from"))


def load_batches() -> None:
    """A closing day that is a rest day moves to the next working day, as the batch's own notice would have it."""
    calendar = read_calendar()
    programmes = {row.code: row for row in Programme.objects.order_by("pk")}
    rows = [
        Batch(
            programme=programmes[row["programme"]],
            track=row["track"],
            code=row["code"],
            name=row["name"],
            opens_on=maybe_day(row["opens_on"]),
            province=indexed("programmes")[row["programme"]]["province"],
            **{f"{tier}_closes_at": _closing(row, tier, calendar) for tier in ("county", "city", "province")},
        )
        for row in table("batches")
    ]
    merge(Batch, rows, key=("province", "track", "code"))


def province_of_programme() -> str:
    """The province whose data these files are."""
    return table("programmes")[0]["province"]


def _closing(row: Row, tier: str, calendar: WorkCalendar) -> dt.datetime:
    last = calendar.working_day_on_or_after(day(row[f"{tier}_close_on"]))
    return dt.datetime.combine(last, END_OF_DAY, tzinfo=SHANGHAI)
