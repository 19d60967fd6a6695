"""Bring rows of a table to what the data files say: add what is missing, change what differs, touch nothing else.

Three statements for any number of rows, so that seeding twice costs two reads and changes nothing.
"""

from collections.abc import Sequence
from typing import TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


def merge(model: type[Row], wanted: Sequence[Row], *, key: tuple[str, ...], keep: tuple[str, ...] = ()) -> dict[tuple[object, ...], Row]:
    """The rows as they now stand, by key. `key` and `keep` name columns (`branch_id`, not `branch`); `keep` is never overwritten."""
    columns = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
    changeable = [name for name in columns if name not in key and name not in keep and name != "version"]
    known = {_key_of(row, key): row for row in model._default_manager.order_by("pk")}
    fresh = {_key_of(row, key): row for row in wanted if _key_of(row, key) not in known}
    changed = [_brought_up(known[_key_of(row, key)], row, changeable) for row in wanted if _key_of(row, key) in known]
    model._default_manager.bulk_create(fresh.values(), batch_size=1000)
    altered = [row for row in changed if row is not None]
    if altered:
        model._default_manager.bulk_update(altered, changeable, batch_size=1000)
    return known | fresh


def _key_of(row: models.Model, key: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in key)


def _brought_up(old: Row, new: Row, columns: list[str]) -> Row | None:
    """The old row with the new values, or nothing if it had them."""
    differing = [name for name in columns if getattr(old, name) != getattr(new, name)]
    for name in differing:
        setattr(old, name, getattr(new, name))
    return old if differing else None
