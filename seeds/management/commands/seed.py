"""`manage.py seed`: bring the reference data to what `seeds/data` says. Run it again after any change of a file."""

from typing import Any

from django.core.management.base import BaseCommand

from seeds.load import load_all


class Command(BaseCommand):
    help = "Load the reference data of seeds/data; running it again changes only what differs."

    def handle(self, *_args: Any, **_options: Any) -> None:
        load_all(lambda name: self.stdout.write(f"{name}: ok"))
