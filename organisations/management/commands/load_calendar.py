"""Load the State Council's notice of holidays and make-up days: `manage.py load_calendar FILE`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from common.errors import Invalid
from organisations import calendar_notice
from organisations.actors import system
from organisations.clock import now


class Command(BaseCommand):
    help = "Load the holidays and make-up days of whole years from a CSV file: 日期, 是否上班, 依据."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(str(error)) from error
        at = now()
        try:
            loaded = calendar_notice.load(content, by=system(at), at=at)
        except Invalid as refused:
            raise CommandError("\n".join(str(problem) for problem in refused.problems)) from refused
        told = {"years": ", ".join(map(str, loaded.years)), "days": loaded.days, "removed": loaded.removed}
        self.stdout.write(_("已导入 %(years)s 年：%(days)d 天；原有的 %(removed)d 天不在通知中，已删除。") % told)
