"""One file of the archive: where it lies, what the index says of it, how it is read."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from exchange.writing import FORMULA_LIKE

CHUNK = 64 * 1024


@dataclass(frozen=True)
class Part:
    path: str
    title: str
    read: Callable[[], Iterable[bytes]]


def text(path: str, title: str, content: str) -> Part:
    return Part(path, title, lambda: [content.encode()])


def table(path: str, title: str, heads: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Part:
    """A table any office program opens: UTF-8 with its mark, and nothing in it that is taken for a formula."""
    kept = io.StringIO()
    writer = csv.writer(kept)
    writer.writerow([str(head) for head in heads])
    writer.writerows([[_cell(value) for value in row] for row in rows])
    content = "\ufeff" + kept.getvalue()
    return text(path, title, content)


def stored(path: str, title: str, file: Any) -> Part:
    """A paper as it was taken in."""

    def read() -> Iterable[bytes]:
        with file.open("rb") as content:
            yield from iter(lambda: content.read(CHUNK), b"")

    return Part(path, title, read)


def _cell(value: Any) -> str:
    said = "" if value is None else str(value)
    return f"'{said}" if said.startswith(FORMULA_LIKE) else said
