"""Log lines: readable on a terminal, one JSON object a line elsewhere, and one variable to say otherwise."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEAK = """
import django, logging, structlog
django.setup()
logging.getLogger("matching.solving").warning("round %s: attempt %s was superseded", 7, 2)
structlog.get_logger("deals").error("银行谢绝", need=12)
logging.getLogger("django.request").error("Internal Server Error: %s", "/x", extra={"status_code": 500})
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("common").exception("failed")
"""


def spoken(asked, stderr):
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "LOG_FORMAT": asked}
    return subprocess.run([sys.executable, "-c", SPEAK], cwd=ROOT, env=environment, stderr=stderr, text=True, check=False)


@pytest.mark.parametrize("asked", ["", "json"])
def test_away_from_a_terminal_each_line_is_one_object(asked):
    done = spoken(asked, subprocess.PIPE)

    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(line["event"], line["level"], line["logger"]) for line in lines] == [
        ("round 7: attempt 2 was superseded", "warning", "matching.solving"),
        ("银行谢绝", "error", "deals"),
        ("Internal Server Error: /x", "error", "django.request"),
        ("failed", "error", "common"),
    ]
    assert (lines[1]["need"], lines[2]["status_code"]) == (12, 500)
    assert lines[3]["exception"].endswith("ZeroDivisionError: division by zero")
    assert all(line["timestamp"].endswith("Z") for line in lines)


def test_on_a_terminal_lines_are_for_people():
    ours, theirs = pty.openpty()

    spoken("", theirs)

    os.close(theirs)
    told = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "round 7: attempt 2 was superseded" in told
    assert "ZeroDivisionError: division by zero" in told
    assert '{"' not in told


def test_one_variable_overrides_what_standard_error_is():
    done = spoken("console", subprocess.PIPE)

    assert "银行谢绝" in done.stderr
    assert '{"' not in done.stderr


def test_unknown_format_is_refused_with_the_ones_there_are():
    done = spoken("xml", subprocess.PIPE)

    assert done.returncode != 0
    assert "LOG_FORMAT is 'xml'; it may be console, json" in done.stderr
