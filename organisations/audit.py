"""The audit trail sealed: SHA-256 chained over events that no running transaction can still add to, and checked again from the start.

Numbers are given out before transactions commit, so "everything up to id n" may still grow. What is final is told by PostgreSQL: every
transaction below `pg_snapshot_xmin` has ended. A seal covers the transactions from the previous seal's horizon up to that one.

A chain shows every change of what was sealed. That its end was cut off shows only where its last digest was kept elsewhere (`expect`).
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict
from common.models import AuditEvent, AuditSeal

ONE_SEALER = 5_030_217  # the advisory lock of sealing
ROWS_AT_A_TIME = 5_000
APPEND_ONLY = ("common_auditevent", "common_auditseal")
COLUMNS = (
    "transaction_id", "id", "province", "subject", "subject_id", "verb", "source", "target", "seen_version", "by_user", "by_organisation_id",
    "by_label", "at", "note", "changes",
)  # fmt: skip


@dataclass(frozen=True)
class Breach:
    """One thing that is not as it was sealed, and where."""

    where: str
    message: Any

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


def seal(at: dt.datetime) -> AuditSeal | None:
    """Seal what has become final since the last seal; None if nothing has."""
    with transaction.atomic():
        _ask("SELECT pg_advisory_xact_lock(%s)", ONE_SEALER)
        last = AuditSeal.objects.order_by("-id").first()
        begin, previous = (last.horizon, last.digest) if last else (0, "")
        final = horizon()
        if final < begin:
            raise Conflict(
                _("数据库的事务号小于上次封存的边界，说明数据库是由备份文件重建的。"),
                code="transactions_began_anew",
                remedy=_("请用 pg_resetwal -x 把事务号调到上次边界之后，再封存。"),
            )
        digest, events, ids = _digest(previous, _final(begin, final), begin=begin, horizon=final)
        if not events:
            return None
        return AuditSeal.objects.create(
            first_event_id=min(ids), last_event_id=max(ids), events=events, horizon=final, previous_digest=previous, digest=digest, at=at
        )


def horizon() -> int:
    """Every transaction below this number has ended. Of the whole server, so another database's long transaction only delays a seal."""
    return _ask("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


def verify(*, expect: str = "") -> list[Breach]:
    """Recompute every seal from the events as they stand. `expect`: a digest kept elsewhere that the chain must contain."""
    breaches = list(_guards_missing())
    begin, previous = 0, ""
    known: set[str] = set()
    for row in AuditSeal.objects.order_by("id").iterator():
        where = f"AuditSeal {row.pk} ({row.first_event_id}–{row.last_event_id})"
        if row.previous_digest != previous:
            breaches.append(Breach(where, _("与前一封存不相接，其间有封存被删除或改动。")))
        digest, events, _ids = _digest(row.previous_digest, _final(begin, row.horizon), begin=begin, horizon=row.horizon)
        if events != row.events:
            breaches.append(
                Breach(where, _("封存 %(sealed)s 条事件，现有 %(now)s 条。") % {"sealed": row.events, "now": events}),
            )
        elif digest != row.digest:
            breaches.append(Breach(where, _("事件内容与封存时不一致。")))
        begin, previous = row.horizon, row.digest
        known.add(row.digest)
    if expect and expect not in known:
        breaches.append(Breach(expect[:12], _("链上没有此摘要：封存链的末段已被截去或改动。")))
    breaches += _from_the_future()
    return breaches


def unsealed() -> int:
    """How many events no seal covers yet."""
    last = AuditSeal.objects.order_by("-id").first()
    return AuditEvent.objects.filter(transaction_id__gte=last.horizon if last else 0).count()


def _final(begin: int, horizon: int) -> "QuerySet[AuditEvent, tuple[Any, ...]]":
    rows = AuditEvent.objects.filter(transaction_id__gte=begin, transaction_id__lt=horizon).order_by("transaction_id", "id")
    return rows.values_list(*COLUMNS)


def _digest(previous: str, rows: "QuerySet[AuditEvent, tuple[Any, ...]]", *, begin: int, horizon: int) -> tuple[str, int, tuple[int, int]]:
    """The digest, the number of events, and the least and greatest id among them."""
    digest = hashlib.sha256(f"{previous}\n{begin}\n{horizon}\n".encode())
    events, least, greatest = 0, 0, 0
    for line, pk in _lines(rows.iterator(chunk_size=ROWS_AT_A_TIME)):
        digest.update(line)
        events += 1
        least, greatest = min(least or pk, pk), max(greatest, pk)
    return digest.hexdigest(), events, (least, greatest)


def _lines(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[bytes, int]]:
    """One event as a line of canonical JSON, times in UTC to the microsecond."""
    for row in rows:
        values = [value.astimezone(dt.UTC).isoformat(timespec="microseconds") if isinstance(value, dt.datetime) else value for value in row]
        yield json.dumps(values, cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False).encode() + b"\n", row[1]


def _guards_missing() -> Iterator[Breach]:
    """The triggers that refuse UPDATE and DELETE stand and are switched on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE c.relname = ANY(%s) AND t.tgname LIKE 'pgtrigger_append_only%%' AND t.tgenabled IN ('O', 'A')",
            [list(APPEND_ONLY)],
        )
        guarded = {name for (name,) in cursor.fetchall()}
    for table in APPEND_ONLY:
        if table not in guarded:
            yield Breach(table, _("防止改动和删除的触发器不存在或已停用。"))


def _from_the_future() -> list[Breach]:
    """An event of a transaction that has not begun was not written by a transaction: it would never be sealed."""
    limit = _ask("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    own = _ask("SELECT coalesce(pg_current_xact_id_if_assigned()::text::bigint, 0)")
    forged = AuditEvent.objects.filter(transaction_id__gt=max(limit, own)).order_by("id").values_list("pk", flat=True)[:100]
    return [Breach(f"AuditEvent {pk}", _("事务号晚于当前事务，系伪造。")) for pk in forged]


def _ask(question: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        (answer,) = cursor.fetchone()
    return int(answer or 0)
