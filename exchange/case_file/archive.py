"""The archive itself: parts in order, an index before them, a manifest of digests after them, written to a stream."""

import datetime as dt
import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence

from django.utils import translation

from common.steps import record
from exchange.case_file import papers, rows, words
from exchange.case_file.part import Part
from exchange.packing import entry
from organisations.actors import Person
from organisations.uploads import shown_name
from projects.models import Filing

INDEX, MANIFEST = "目录.txt", "manifest.sha256"
DOWNLOADED = "download_case"


def pack(filing: Filing, *, by: Person, at: dt.datetime) -> list[Part]:
    """Everything of the case that `by` may see, in the order of the index; that it was taken is recorded."""
    with translation.override("zh-hans"):  # an official file is in Chinese whatever language its reader uses
        parts = [*words.parts(filing, by), *papers.parts(filing, by), *rows.parts(filing, by)]
    record(filing, DOWNLOADED, by=by, at=at, changes={"parts": len(parts)})
    return [_index(filing, parts), *parts]


def stream(parts: Sequence[Part]) -> Iterator[bytes]:
    """The archive as it is written, piece by piece."""
    out = Outlet()
    digests: list[str] = []
    with zipfile.ZipFile(out, "w") as archive:
        for part in parts:
            digest = hashlib.sha256()
            with archive.open(entry(part.path), "w") as member:
                for piece in part.read():
                    digest.update(piece)
                    member.write(piece)
                    yield from out.taken()
            digests.append(f"{digest.hexdigest()}  {part.path}\n")
        archive.writestr(entry(MANIFEST), "".join(digests))
    yield from out.taken()


def file_name(filing: Filing) -> str:
    return shown_name(f"申报{filing.pk}-{filing}-全程档案.zip", "zip")


def _index(filing: Filing, parts: Sequence[Part]) -> Part:
    lines = [f"申报 {filing.pk}　{filing}　{filing.firm.name}", f"共 {len(parts)} 份；各文件的 SHA-256 见 {MANIFEST}。", ""]
    return Part(INDEX, "目录", lambda: ["\n".join([*lines, *(f"{part.path}　{part.title}" for part in parts), ""]).encode()])


class Outlet(io.RawIOBase):
    """What a zip is written to when it is sent on at once: it knows where it is and cannot go back."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        self._pieces.append(bytes(piece))  # type: ignore[call-overload]  # a buffer of any kind
        self._written += len(self._pieces[-1])
        return len(self._pieces[-1])

    def tell(self) -> int:
        return self._written

    def taken(self) -> Iterator[bytes]:
        pieces, self._pieces = self._pieces, []
        yield from pieces
