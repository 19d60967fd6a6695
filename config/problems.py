"""Errors as problem details (RFC 9457): one shape for domain errors and for the framework's own."""

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Filled in when common.errors exists."""
    return exception_handler(error, context)
