"""Writing what a round tells: a recommendation or an explanation for each need, by COPY, without an object for each row.

Rows become text as they are computed, before anything is locked. Text is also what thousands of rows are cheapest kept as: the garbage
collector searches lists and maps again and again, and strings never.
"""

import gc
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from common.steps.rows import copying
from matching.models import NonMatch, Recommendation, Round
from matching.outcome import Advice, Unmatched

TOLD = ("amount", "rate_bp", "cost_bp", "stack", "subsidy_by_year", "value", "terms", "is_named", "explanation")
ROWS_AT_ONCE = 2000
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Lines:
    """Rows of one table in PostgreSQL's own text form, and the COPY that takes them."""

    statement: str
    rows: list[str]


def recommendations(round_: Round, advice: Iterable[Advice]) -> Lines:
    """What `Recommendation` says of each need, as drafts."""
    common = {"round": round_.pk, "province": round_.province, "version": 0, "state": Recommendation.State.DRAFTED.value, "hold_key": ""}
    own = ("need", "rank", "branch", "product", *TOLD)
    rows = ((row.need_id, row.rank, row.branch_id, row.product_id, *[row.fields[name] for name in TOLD]) for row in advice)
    return _lines(Recommendation, common, own, rows)


def non_matches(round_: Round, unmatched: Iterable[Unmatched]) -> Lines:
    """What `NonMatch` says of each need without a recommendation."""
    rows = ((row.need_id, row.code, row.explanation) for row in unmatched)
    return _lines(NonMatch, {"round": round_.pk, "province": round_.province}, ("need", "code", "explanation"), rows)


def tell(*told: Lines, going_on: Callable[[int], object] = lambda _written: None) -> None:
    """Write the rows. `going_on` hears how many are written: between two copies, for while one is open the connection answers nothing else."""
    written = 0
    for lines in told:
        for first in range(0, len(lines.rows), ROWS_AT_ONCE):
            part = lines.rows[first : first + ROWS_AT_ONCE]
            _copy(lines.statement, part)
            written += len(part)
            going_on(written)


def _copy(statement: str, rows: Sequence[str]) -> None:
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("\n".join(rows) + "\n")


def _lines(model: type[models.Model], same: Mapping[str, Any], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Lines:
    """Plain values, JSON as lists and maps, as text in one go: a call of the driver for each value would cost more than the rest."""
    fields, statement = copying(model, [*same, *names])
    makers = [_json_text if isinstance(field, models.JSONField) else _TEXT.get(type(field), _plain) for field in fields]
    begin = "".join(make(value) + "\t" for make, value in zip(makers, same.values(), strict=False))
    own = makers[len(same) :]
    with _living_left_alone():
        return Lines(statement, [begin + "\t".join([make(value) for make, value in zip(own, row, strict=True)]) for row in rows])


@contextmanager
def _living_left_alone() -> Iterator[None]:
    """Millions of lists and maps come and go here, and none of what lived before goes: the garbage collector need not search it each time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _plain(value: object) -> str:
    """A number; PostgreSQL reads True and False too."""
    return str(value)


def _text(value: str) -> str:
    return value.translate(ESCAPES)


def _json_text(value: Sequence[Any] | Mapping[str, Any]) -> str:
    return _json(value).replace("\\", "\\\\")  # no other character of it means anything to COPY: JSON escapes the control characters


_TEXT: Mapping[type[Any], Callable[[Any], str]] = {models.CharField: _text}
