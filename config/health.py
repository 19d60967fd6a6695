"""Whether this process can do its work: its database and its broker answer."""

import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 when all is well, 503 with the part that is not. Says nothing that a stranger may not know."""
    parts = {"database": _database(), "broker": _broker()}
    well = all(parts.values())
    return JsonResponse({"status": "ok" if well else "failing", **parts}, status=200 if well else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone())
    except Exception:  # noqa: BLE001 -- whatever is wrong with it, the answer is "failing"
        return False


def _broker() -> bool:
    try:
        client = redis.Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=2, socket_connect_timeout=2)
        with client:
            return bool(client.ping())
    except Exception:  # noqa: BLE001 -- whatever is wrong with it, the answer is "failing"
        return False
