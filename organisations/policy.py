"""Dated numbers of policy, looked up by key and day; a province's own row goes before the nation's."""

import datetime as dt
from decimal import Decimal

from django.db.models import Q

from common.errors import NotFound
from common.models import NATION
from organisations.models import PolicyParameter


def value(key: str, *, province: str, on: dt.date) -> Decimal:
    """The value of `key` in force on that day. Raises NotFound when no row covers it."""
    return values([key], province=province, on=on)[key]


def number(key: str, *, province: str, on: dt.date) -> int:
    return int(value(key, province=province, on=on))


def values(keys: list[str], *, province: str, on: dt.date) -> dict[str, Decimal]:
    """Several values by one query."""
    rows = (
        PolicyParameter.objects.filter(key__in=keys, province__in=[province, NATION], valid_from__lte=on)
        .filter(Q(valid_to=None) | Q(valid_to__gte=on))
        .order_by("valid_from")
    )
    found: dict[str, tuple[bool, Decimal]] = {}
    for row in rows:
        own = row.province == province
        if own or not found.get(row.key, (False,))[0]:
            found[row.key] = (own, row.value)
    for key in keys:
        if key not in found:
            raise NotFound(f"没有在 {on} 有效的政策参数 {key}。", code="policy_missing", field=key, remedy="请在政策参数中补录。")
    return {key: found[key][1] for key in keys}
