"""What travels between who finds prices and who holds a shard: openings, questions, answers, and the keys they lie under.

All of it is canonical headers and plain arrays; nothing that comes over the wire is ever executed or unpickled. A token names one start of
one shard: an answer under another token is an answer of somebody who was given up.
"""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching import canonical
from matching.optimizer import Problem
from matching.optimizer.shards import Opening

Arrays = Mapping[str, NDArray[Any]]

_OPTIONS = ("option_start", "value", "use_start", "use_resource", "use_amount")
_OPENING = ("fixed", "room", "resource", "floor_resource", "scale")


class Keys:
    """The keys of one session. All of them expire by themselves soon after the last sign of life."""

    def __init__(self, session: str) -> None:
        self.tokens = f"shards:{session}"  # hash: shard → token of who may answer for it
        self.questions = f"shards:{session}:questions"  # stream; the number of a question is its id
        self.answers = f"shards:{session}:answers"  # list

    @staticmethod
    def opening(token: str) -> str:
        """Taken away by the one who begins, so that a task delivered twice begins once."""
        return f"shards:opening:{token}"


class Status(IntEnum):
    ANSWER = 0
    REFUSED = 1


@dataclass(frozen=True)
class Frame:
    """One answer on its way: who says it, to which question. A refusal's body is the reason."""

    token: str
    question: int
    status: Status
    body: bytes

    def pack(self) -> bytes:
        return _FRAME.pack(bytes.fromhex(self.token), self.question, self.status) + self.body

    @classmethod
    def unpack(cls, data: bytes) -> "Frame":
        """Raises ValueError for bytes that `pack` would not have written."""
        if len(data) < _FRAME.size:
            raise ValueError(f"an answer of {len(data)} bytes ends within its head")
        token, question, status = _FRAME.unpack_from(data)
        return cls(token.hex(), question, Status(status), data[_FRAME.size :])


_FRAME = struct.Struct("<16sQB")


@dataclass(frozen=True, eq=False)
class Start:
    """What a worker finds when it begins: where its part comes from and what that must be, and where the others are by now."""

    facts: Mapping[str, Any]
    arrays: Arrays
    opening: Opening
    sha256: str
    question: int  # the first it has to answer
    made: Sequence[bytes]  # earlier questions that made a dual it will be asked about

    def pack(self) -> bytes:
        header = {"facts": self.facts, "first": self.opening.first, "last": self.opening.last, "sha256": self.sha256}
        header |= {"question": self.question, "made": len(self.made)}
        arrays = {name: getattr(self.opening, name) for name in _OPENING}
        arrays["scale"] = arrays["scale"].view(np.int64)  # bit for bit
        arrays |= {f"made_{k}": np.frombuffer(data, dtype=np.uint8) for k, data in enumerate(self.made)}
        return canonical.join(*canonical.pack(header, arrays | {f"given_{name}": array for name, array in self.arrays.items()}))

    @classmethod
    def unpack(cls, data: bytes) -> "Start":
        header, arrays = canonical.unpack(*canonical.split(data))
        own = {name: arrays[name].copy() for name in _OPENING}
        own["scale"] = own["scale"].view(np.float64)
        given = {name.removeprefix("given_"): array for name, array in arrays.items() if name.startswith("given_")}
        made = [arrays[f"made_{k}"].tobytes() for k in range(header["made"])]
        opening = Opening(header["first"], header["last"], **own)
        return cls(header["facts"], given, opening, header["sha256"], header["question"], made)


def digest(part: Problem) -> str:
    """Of the options of a shard: who holds it and who asked for it must mean the same."""
    hashed = hashlib.sha256()
    for name in _OPTIONS:
        array = getattr(part, name)
        hashed.update(f"{name}:{array.dtype.name}:{len(array)};".encode())
        hashed.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).data)
    return hashed.hexdigest()
