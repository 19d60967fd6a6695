"""Rows multiplied by the database itself, each copy with the relations of its original."""

from collections.abc import Iterator
from typing import Any

from django.db import connection, models, transaction

from common.models import AuditEvent, Deadline
from deals.models import Deal, Drawdown, InterestReceipt, Invitation, ProgressReport, SecondDocking, SubsidyClaim
from exchange.models import Export, Notice
from matching.models import NonMatch, Recommendation
from organisations.models import FirmProfile, Organisation, Registration
from projects.models import (
    AnswerRow,
    Appeal,
    ChangeRequest,
    CheckRecord,
    Consultation,
    Disclosure,
    EquipmentItem,
    Filing,
    IntendedBank,
    Need,
    Project,
    Remark,
    ReviewStep,
    UnlockRequest,
)

STEP = 1_000_000  # what a copy's ids are away from those of its original
# In the order of their keys; a copy keeps its relations to what is not among them.
COPIED: tuple[type[models.Model], ...] = (
    Organisation, FirmProfile, Registration, Project, EquipmentItem, Filing, ReviewStep, Need, IntendedBank, Disclosure, AuditEvent,
    Consultation, UnlockRequest, Appeal, ChangeRequest, CheckRecord, Remark, AnswerRow, Recommendation, NonMatch, Invitation, Deal,
    SecondDocking, Drawdown, InterestReceipt, SubsidyClaim, ProgressReport, Deadline, Notice, Export,
)  # fmt: skip
PAST = {
    "submitted_at",
    "sent_at",
    "started_at",
    "since",
    "asked_at",
    "due_at",
    "contact_due_at",
}  # each copy an hour earlier: no list is sorted by what is the same in all


def grow(base: int, *, to: int) -> None:
    """Copy the base as often as it takes; copies made before are left as they are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) / %s FROM projects_filing", [STEP])
        done = int(cursor.fetchone()[0])
    last = to // base - 1
    if last == done:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # copies of rows that were checked when they were made
        for model in COPIED:
            columns = dict(_copied(model))
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} "  # noqa: S608 -- names of our own models
                f"FROM {model._meta.db_table} AS old, generate_series(%(first)s, %(last)s) AS k WHERE id < %(step)s {_which(model)}",
                {"first": done + 1, "last": last, "step": STEP},
            )
        cursor.execute("ANALYZE")  # a plan made for ten rows takes for ever on ten thousand


def _which(model: type[models.Model]) -> str:
    return "AND kind = 'firm'" if model is Organisation else ""


def _copied(model: type[models.Model]) -> Iterator[tuple[str, str]]:
    """(column, SQL of its value in a copy): ids and keys to what is copied too move on, codes that are unique get the copy's number."""
    shift = f"+ k * {STEP}"
    written = (field for field in model._meta.concrete_fields if not field.generated)  # the database makes the others anew
    for field in written:
        column = f'"{field.column}"'
        if field.primary_key:
            yield column, f"{column} {shift}"
        elif field.name in ("uscc", "code") and model in (Organisation, Project):
            width = field.max_length or 0
            yield column, f"left({column}, {width - 9}) || 'Z' || lpad(k::text, 4, '0') || lpad((old.id %% 10000)::text, 4, '0')"
        elif field.name == "name" and model is Organisation:
            yield column, f"replace({column}, '设备', '设备' || k || '号')"
        elif field.name == "slip_no":
            yield column, f"{column} || '-' || k"
        elif field.name == "digest":
            yield column, f"md5({column} || k)"
        elif field.name == "line":
            yield column, f"{column} + k * 1000"
        elif field.name in PAST:
            yield column, f"{column} - k * interval '1 hour'"
        elif column == '"subject_id"' or _is_copied(field):
            yield column, f"{column} {shift}"
        else:
            yield column, column


def _is_copied(field: Any) -> bool:
    """Lin's own firm and the like stay: what is pointed at must be copied, and firms are where the key says firm."""
    related = field.remote_field.model if field.remote_field else None
    if related is Organisation:
        return field.name in ("firm", "claimant") or (field.model is FirmProfile and field.name == "organisation")
    return related in COPIED
