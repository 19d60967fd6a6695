"""What every process loads before it does anything: web, both workers and each command pay for it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("numba", "scipy", "matching.optimizer")
LOADED = f"""
import django, sys
django.setup()
import config.urls, matching.tasks
print(*[name for name in {HEAVY!r} if name in sys.modules])
"""


def test_start_leaves_the_optimizer_to_who_builds_a_problem():
    command = [sys.executable, "-c", LOADED]

    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    )

    assert done.stdout.strip() == ""
