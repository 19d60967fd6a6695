"""A request sent twice acts once. The answer is stored in the transaction that did the work; a concurrent twin waits on the index.

Kept 30 days. The same key with another body is refused. A deadlock or a serialisation failure is tried once more, here at the edge.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from typing import Any

import psycopg
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, OperationalError, transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.models import IdempotencyKey
from organisations.actors import Person

KEPT = dt.timedelta(days=30)
KEY_MAX = 80
RETRIED = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)

Answer = tuple[int, Any]


def answer_once(*, by: Person, at: dt.datetime, route: str, key: str, body: Any, act: Callable[[], Answer]) -> Answer:
    """The (status, data) of `act`, done in one transaction; for a key answered before, what was answered then.

    Raises Invalid if the key came with another body. Without a key the act is simply done.
    """
    try:
        return _answer(by=by, at=at, route=route, key=key, body=body, act=act)
    except OperationalError as error:
        if not isinstance(error.__cause__, RETRIED):
            raise
        return _answer(by=by, at=at, route=route, key=key, body=body, act=act)


def delete_old(*, at: dt.datetime) -> int:
    """Forget answers older than 30 days; how many."""
    deleted, _by_model = IdempotencyKey.objects.filter(at__lt=at - KEPT).delete()
    return deleted


def _answer(*, by: Person, at: dt.datetime, route: str, key: str, body: Any, act: Callable[[], Answer]) -> Answer:
    if not key:
        with transaction.atomic():
            return act()
    if len(key) > KEY_MAX or "\x00" in key:
        raise Invalid([Problem("Idempotency-Key", "too_long", _("幂等键无效。"), _("请使用不超过八十个字符的唯一标识，例如 UUID。"))])
    own = {"organisation_id": by.organisation_id or 0, "route": route[:200], "key": f"{by.user_id or 0}:{key}"}
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()
    with transaction.atomic():
        row = _claim(own, digest=digest, at=at)
        if row is None:
            return _earlier(own, digest=digest)
        row.status, row.answer = act()
        row.save(update_fields=["status", "answer"])
    return row.status, row.answer


def _claim(own: dict[str, Any], *, digest: str, at: dt.datetime) -> IdempotencyKey | None:
    """The row of a new key. A twin at the same moment waits here until the first has committed, then finds its answer."""
    try:
        with transaction.atomic():
            return IdempotencyKey.objects.create(**own, body_sha256=digest, at=at)
    except IntegrityError:
        return None


def _earlier(own: dict[str, Any], *, digest: str) -> Answer:
    row = IdempotencyKey.objects.get(**own)
    if row.body_sha256 != digest:
        raise Invalid(
            [
                Problem(
                    "Idempotency-Key",
                    "key_reused",
                    _("此幂等键已用于内容不同的请求。"),
                    _("请为新的请求换一个键；如为重复提交，请保持内容一致。"),
                )
            ]
        )
    return row.status, row.answer
