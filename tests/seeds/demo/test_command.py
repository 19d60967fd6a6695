"""The command of the demonstration: what it says when it is stopped half-way."""

import signal

import pytest
from django.core.management import call_command

from seeds.demo import show


def test_interruption_is_told_with_what_the_next_run_does(monkeypatch, capsys):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(signal, "signal", lambda *_given: None)
    monkeypatch.setattr(show, "fix_clock", lambda: None)
    monkeypatch.setattr(show, "run", interrupted)

    with pytest.raises(KeyboardInterrupt):
        call_command("demo", once=True)

    assert "再次运行将从此处继续。 / Interrupted; the next run goes on from here." in capsys.readouterr().out
