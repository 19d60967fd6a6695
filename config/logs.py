"""How log lines look: for people on a terminal, one JSON object a line everywhere else. `LOG_FORMAT` decides where that guess is wrong."""

import sys
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured

CONSOLE, JSON = "console", "json"
SHARED = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
RENDERERS: dict[str, tuple[Any, ...]] = {
    CONSOLE: (structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),),
    JSON: (structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False, default=str)),
}
# A terminal is for what wants attention; a log keeper gets each request as well.
LEVELS = {CONSOLE: "WARNING", JSON: "INFO"}


def format_of(asked: str) -> str:
    """What `LOG_FORMAT` asks for; where it asks for nothing, what standard error is."""
    if asked not in ("", CONSOLE, JSON):
        raise ImproperlyConfigured(f"LOG_FORMAT is {asked!r}; it may be {CONSOLE}, {JSON}, or empty: {CONSOLE} on a terminal, else {JSON}")
    return asked or (CONSOLE if sys.stderr.isatty() else JSON)


def configure(asked: str) -> dict[str, Any]:
    """Django's LOGGING for that format; structlog's own loggers are sent the same way."""
    chosen = format_of(asked)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    only_message = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [only_message, *RENDERERS[chosen]],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": LEVELS[chosen]},
        "loggers": {
            "django": {"handlers": [], "level": LEVELS[chosen], "propagate": True},  # Django's own handlers would tell it twice
            "axes": {"level": "WARNING"},  # greets every process
        },
    }
