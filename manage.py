#!/usr/bin/env python3
"""Django's command line. Services that the environment does not name are started for the length of the command."""

import os
import signal
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / ".fulcrum"
SERVICES = ("DATABASE_URL", "CELERY_BROKER_URL")


def main() -> None:
    """Run a command; on a developer's machine with the services of the folder `.fulcrum` around it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if "FULCRUM_DEV" not in os.environ and all(os.environ.get(name) for name in SERVICES):
        run()
        return
    from config import embedded  # noqa: PLC0415 -- production needs none of it

    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        with embedded.development(FOLDER):
            run()
    except embedded.CannotStart as problem:
        missing = " and ".join(name for name in SERVICES if not os.environ.get(name))
        sys.exit(f"{missing} not set, and the embedded services cannot be used: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)


def run() -> None:
    from django.core.management import execute_from_command_line  # noqa: PLC0415 -- reads settings, which need the services

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
