"""`manage.py check_invariants`: recompute every balance and cross-table rule. Prints `ok`, or each breach with its table and row."""

import sys

from django.core.management.base import BaseCommand
from django.db import connection, transaction

from deals import invariants


class Command(BaseCommand):
    help = "Recompute every balance and cross-table rule; exit code 1 on a breach."

    def handle(self, *_args: object, **_options: object) -> None:
        is_outermost = not connection.in_atomic_block
        with transaction.atomic():
            if is_outermost:  # all checks see the same moment
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            found = list(invariants.breaches())
        for breach in found:
            self.stdout.write(str(breach))
        if found:
            sys.exit(1)
        self.stdout.write("ok")
