"""A child process on a leash: it and all that it forks end when the process that started it ends, however that came about.

Between the two stands a keeper (this module, run as a program; standard library only). It holds one end of a pipe whose other end only
the starter has: SIGKILL closes that too. The child leads a session of its own, so that its whole group can be ended and Ctrl-C reaches
the starter first. A keeper that is itself killed leaves two locked files behind, by which the next run finds and ends what still runs.
"""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE_S = 5.0  # for a warm end; then the group is killed
ALIVE, KEEPER = ".alive", ".keeper"
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class Leashed:
    """A running child. `keeper` ends as the child ends, with its exit status."""

    keeper: subprocess.Popen[bytes]
    leash: int

    @property
    def status(self) -> int | None:
        """None while it runs."""
        return self.keeper.poll()

    def let_go(self) -> None:
        """Begin to end it."""
        if self.leash >= 0:
            os.close(self.leash)
            self.leash = -1


def start(command: Sequence[str], *, folder: Path, **options: Any) -> Leashed:
    """Run `command`, leashed to this process. `folder` notes what runs; `options` are those of Popen."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    held, leash = os.pipe()
    try:
        keeper = [sys.executable, "-m", "seeds.demo.leash", str(held), str(folder), *command]
        return Leashed(subprocess.Popen(keeper, pass_fds=(held,), start_new_session=True, **options), leash)
    except BaseException:
        os.close(leash)
        raise
    finally:
        os.close(held)


def end(children: Iterable[Leashed]) -> None:
    """End them together: warmly, and by force those that take too long."""
    children = list(children)
    for child in children:
        child.let_go()
    for child in children:
        child.keeper.wait()


def sweep(folder: Path) -> int:
    """Kill the groups whose keeper is gone; how many there were. What another run keeps is left alone."""
    killed = 0
    for alive in sorted(folder.glob(f"*{ALIVE}")):
        keeper = alive.with_suffix(KEEPER)
        if _is_locked(keeper):
            continue
        group = alive.read_text()
        if _is_locked(alive) and group.isdigit():  # locked by the group itself, so its number is not another's by now
            _signal_group(int(group))
            killed += 1
        _forget(alive, keeper)
    return killed


def keep(held: int, folder: Path, command: Sequence[str]) -> int:
    """The keeper's life: start the child, end it when the leash is dropped, and what it forked when it has ended."""
    notes = [folder / f"{os.getpid()}{suffix}" for suffix in (KEEPER, ALIVE)]
    _own, alive = (_locked(note) for note in notes)
    child = subprocess.Popen(command, process_group=0, pass_fds=(alive,))
    os.write(alive, str(child.pid).encode())
    os.close(alive)
    for number in SIGNALS:
        signal.signal(number, lambda _number, _frame: child.terminate())
    threading.Thread(target=_wait_for_the_end, args=(held, child), daemon=True).start()
    try:
        return child.wait()
    finally:
        _signal_group(child.pid)
        _forget(*notes)


def _wait_for_the_end(held: int, child: subprocess.Popen[bytes]) -> None:
    """Nothing is ever written to the leash: reading returns when its other end is closed, by `end` or by the starter's death."""
    os.read(held, 1)
    child.terminate()
    time.sleep(PATIENCE_S)
    _signal_group(child.pid)


def _signal_group(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _locked(path: Path) -> int:
    """A new file, locked for whoever has it open. Inherited by those it is passed to, and by what they fork."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _is_locked(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _forget(*notes: Path) -> None:
    for note in notes:
        note.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(keep(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
