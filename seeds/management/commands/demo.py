"""`manage.py demo`: an invented province from the first draft to the settled subsidy, then its pages."""

import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from seeds.demo import show, site
from seeds.demo.course import Course
from seeds.demo.rounding import NotSolved
from seeds.demo.stages import Unexpected
from seeds.demo.workers import workers

PORT = 8000


class Command(BaseCommand):
    help = "Run the demonstration province; with --once print its account and end, else serve its pages on 127.0.0.1."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do everything, print one JSON line, serve nothing")
        parser.add_argument("--port", type=int, default=PORT, help=f"where to serve the pages (default {PORT})")
        parser.add_argument("--reset", action="store_true", help="throw away what is in this database first")

    def handle(self, *_args: Any, once: bool, port: int, reset: bool, **_options: Any) -> None:
        if not once and not site.is_free(port):
            raise CommandError(f"端口 {port} 已被占用，请换一个。 / Port {port} of {site.HOST} is taken: demo --port {port + 1}")
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # so that our child processes end with us
        if reset:
            self._reset()
        show.fix_clock()
        try:
            show.run(Course(), say=self._say)
        except (NotSolved, Unexpected) as problem:
            raise CommandError(f"{problem}\n再次运行将从此处继续。 / The next run goes on from here.") from problem
        except KeyboardInterrupt:
            self._say("\n已中断，再次运行将从此处继续。 / Interrupted; the next run goes on from here.")
            raise
        show.tell(say=self._say)
        if once:
            self.stdout.write(show.line())
            return
        show.tell_logins(port, say=self._say)
        with workers() as crew:
            status = site.serve(port, meanwhile=crew.watch)
        if status:
            raise CommandError(f"网页服务退出（{status}）。 / The web server ended with {status}.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _reset(self) -> None:
        """Only where the data are nobody's: a database of the demonstration, or one with nothing in it."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('seeds_demostage') IS NULL AND to_regclass('organisations_user') IS NOT NULL")
            foreign = cursor.fetchone()[0]
            if not foreign:
                cursor.execute("SELECT to_regclass('seeds_demostage')")
                if cursor.fetchone()[0]:
                    cursor.execute("SELECT NOT EXISTS (SELECT FROM seeds_demostage) AND EXISTS (SELECT FROM organisations_user)")
                    foreign = cursor.fetchone()[0]
            if foreign:
                raise CommandError(f"{settings.DATABASES['default']['NAME']} holds other data than the demonstration; not touched.")
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
