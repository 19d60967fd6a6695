"""Writing what a round tells: a recommendation or an explanation for each need, by COPY, without an object for each row."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db import connection, models

from common.steps.rows import copying
from matching.models import NonMatch, Recommendation, Round
from matching.outcome import Advice, Unmatched

TOLD = ("amount", "rate_bp", "cost_bp", "stack", "subsidy_by_year", "value", "terms", "is_named", "explanation")
ROWS_AT_ONCE = 2000
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def tell(
    round_: Round, advice: Iterable[Advice], unmatched: Iterable[Unmatched], *, going_on: Callable[[int], object] = lambda _written: None
) -> None:
    """Write the rows of a round as drafts: what `Recommendation` and `NonMatch` say of each need. `going_on` hears how many are written."""
    common = {"round": round_.pk, "province": round_.province, "version": 0, "state": Recommendation.State.DRAFTED.value, "hold_key": ""}
    own = ("need", "rank", "branch", "product", *TOLD)
    same = tuple(common.values())
    rows = ((*same, row.need_id, row.rank, row.branch_id, row.product_id, *[row.fields[name] for name in TOLD]) for row in advice)
    written = copy_text(Recommendation, (*common, *own), rows, going_on)
    copy_text(
        NonMatch,
        ("round", "province", "need", "code", "explanation"),
        ((round_.pk, round_.province, row.need_id, row.code, row.explanation) for row in unmatched),
        lambda more: going_on(written + more),
    )


def copy_text(model: type[models.Model], names: Sequence[str], rows: Iterator[Sequence[Any]], going_on: Callable[[int], object]) -> int:
    """Rows of plain values, JSON as lists and maps, in PostgreSQL's own text form, hundreds at a time: a call for each value would cost more than the rest."""
    fields, statement = copying(model, names)
    makers = [_json_text if isinstance(field, models.JSONField) else _TEXT.get(type(field), _plain) for field in fields]
    written = 0
    texts = ("\t".join([make(value) for make, value in zip(makers, row, strict=True)]) for row in rows)
    while lines := list(islice(texts, ROWS_AT_ONCE)):
        with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write("\n".join(lines) + "\n")
        written += len(lines)
        going_on(written)  # between two copies: while one is open the connection answers nothing else
    return written


def _plain(value: object) -> str:
    """A number; PostgreSQL reads True and False too."""
    return str(value)


def _text(value: str) -> str:
    return value.translate(ESCAPES)


def _json_text(value: Sequence[Any] | Mapping[str, Any]) -> str:
    return _json(value).replace("\\", "\\\\")  # no other character of it means anything to COPY: JSON escapes the control characters


_TEXT: Mapping[type[Any], Callable[[Any], str]] = {models.CharField: _text}
