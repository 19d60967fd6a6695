"""`manage.py verify_audit`: recompute every seal of the audit trail; each breach is a line, and any breach is a failure."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.models import AuditSeal
from organisations.audit import seal, unsealed, verify
from organisations.clock import now


class Command(BaseCommand):
    help = "Re-check the whole audit trail against its seals."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seal", action="store_true", help="seal what has become final first")
        parser.add_argument("--expect", default="", metavar="DIGEST", help="a digest kept elsewhere, which the chain must contain")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["seal"]:
            seal(now())
        breaches = verify(expect=options["expect"])
        for breach in breaches:
            self.stderr.write(str(breach))
        if breaches:
            raise CommandError(f"{len(breaches)} breaches")
        seals = AuditSeal.objects.order_by("id")
        last = seals.last()
        self.stdout.write(f"ok: {seals.count()} seals, {unsealed()} events not sealed yet, last digest {last.digest if last else '-'}")
