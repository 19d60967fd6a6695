"""The one byte form of what a round keeps: a canonical JSON header and named little-endian arrays, so that a digest means the same anywhere.

Header: UTF-8, NFC, sorted keys, no blanks, no floats. Arrays: one blob without compression, in the order in which the header's
`arrays` lists name, element type and length. Nothing here knows what a round is.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]

_TYPES = {"int64": "<i8", "int32": "<i4", "int8": "<i1", "uint8": "<u1"}
_LENGTH_BYTES = 8


def pack(header: Mapping[str, Any], arrays: Arrays) -> tuple[bytes, bytes]:
    """(header bytes, array bytes). The arrays keep the order given: it is part of the form."""
    listed = [[name, _TYPES[array.dtype.name], len(array)] for name, array in arrays.items()]
    text = json.dumps(_plain({**header, "arrays": listed}), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    blob = b"".join(np.ascontiguousarray(array, dtype=_TYPES[array.dtype.name]).tobytes() for array in arrays.values())
    return text.encode(), blob


def unpack(header: bytes, blob: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What `pack` wrote. Raises ValueError when the blob is not as long as the header says."""
    read = json.loads(header)
    arrays, offset = {}, 0
    for name, kind, length in read.pop("arrays"):
        dtype = np.dtype(kind)
        arrays[name] = np.frombuffer(blob, dtype=dtype, count=length, offset=offset).astype(dtype.newbyteorder("="), copy=False)
        offset += length * dtype.itemsize
    if offset != len(blob):
        raise ValueError(f"the arrays end at byte {offset}, the blob at {len(blob)}")
    return read, arrays


def join(header: bytes, blob: bytes) -> bytes:
    """Both in one piece: the header's length in eight little-endian bytes, the header, the arrays."""
    return len(header).to_bytes(_LENGTH_BYTES, "little") + header + blob


def split(joined: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(joined[:_LENGTH_BYTES], "little")
    return joined[_LENGTH_BYTES : _LENGTH_BYTES + length], joined[_LENGTH_BYTES + length :]


def digest(header: bytes, blob: bytes) -> str:
    return hashlib.sha256(join(header, blob)).hexdigest()


def _plain(value: Any) -> Any:
    """The value with every text in NFC; floats and foreign types are refused."""
    match value:
        case str():
            return unicodedata.normalize("NFC", value)
        case bool() | int() | None:
            return value
        case Mapping():
            return {_plain(str(key)): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")
