"""One byte form for what a round keeps."""

import numpy as np
import pytest

from matching import canonical

ARRAYS = {"b": np.array([3, -1], dtype=np.int64), "a": np.array([], dtype=np.int64), "c": np.array([7], dtype=np.int32)}


def test_pack_reads_back_and_keeps_the_order_of_arrays():
    header, arrays = canonical.unpack(*canonical.pack({"name": "轮次", "n": 1}, ARRAYS))

    assert header == {"name": "轮次", "n": 1}
    assert list(arrays) == ["b", "a", "c"]
    assert {name: array.tolist() for name, array in arrays.items()} == {"b": [3, -1], "a": [], "c": [7]}


def test_pack_is_the_same_for_any_key_order_and_composition():
    one = canonical.pack({"x": 1, "y": "e\u0301"}, {})
    other = canonical.pack({"y": "\u00e9", "x": 1}, {})

    assert one == other
    assert one[0] == '{"arrays":[],"x":1,"y":"\u00e9"}'.encode()


def test_pack_writes_little_endian_whatever_it_is_given():
    big = np.array([1, 2], dtype=">i8")

    _header, blob = canonical.pack({}, {"a": big})

    assert blob == b"\x01" + b"\x00" * 7 + b"\x02" + b"\x00" * 7


def test_pack_refuses_floats():
    with pytest.raises(TypeError, match="float"):
        canonical.pack({"x": 0.1}, {})


def test_unpack_refuses_a_blob_of_another_length():
    header, blob = canonical.pack({}, ARRAYS)

    with pytest.raises(ValueError, match="end at byte"):
        canonical.unpack(header, blob + b"\x00")


def test_join_and_split_belong_together():
    header, blob = canonical.pack({"x": 1}, ARRAYS)

    assert canonical.split(canonical.join(header, blob)) == (header, blob)
