"""`manage.py verify_round N`: prove a stored round again from its bytes. See docs/how-to/verify-a-round.md."""

import json
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from matching import verify
from matching.models import Round


class Command(BaseCommand):
    help = "Re-check digests, problem, certificate and rows of a round. N is its number or its id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", metavar="N")
        parser.add_argument("--province", default="")

    def handle(self, *_args: object, **options: str) -> None:
        found = self.examine(the_round(options["round"], province=options["province"]))
        for breach in found.breaches:
            self.stderr.write(breach)
        self.stdout.write(json.dumps({**found.facts, "ok": found.ok}, ensure_ascii=False))
        if not found.ok:
            raise CommandError(f"{len(found.breaches)} breaches")

    def examine(self, round_: Round) -> verify.Verification:
        return verify.verify(round_)


def the_round(name: str, *, province: str = "") -> Round:
    """A round by its number, else by its id."""
    rounds = Round.objects.filter(Q(province=province) if province else Q())
    found = list(rounds.filter(number=name)[:2]) or (list(rounds.filter(pk=int(name))) if name.isdigit() else [])
    if len(found) != 1:
        raise CommandError(f"{'several rounds are' if found else 'no round is'} called {name}")
    return found[0]
