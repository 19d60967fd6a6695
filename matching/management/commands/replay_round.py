"""`manage.py replay_round N`: run the search of a stored round again and compare the choice byte for byte."""

from matching import verify
from matching.management.commands.verify_round import Command as VerifyRound
from matching.models import Round


class Command(VerifyRound):
    help = "Repeat the search of a round from its recorded prices, seed and steps. N is its number or its id."

    def examine(self, round_: Round) -> verify.Verification:
        return verify.replay(round_)
