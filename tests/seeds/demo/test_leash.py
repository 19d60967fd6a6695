"""Children end with the process that started them, also when that process is killed outright."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seeds.demo import leash

ROOT = Path(__file__).parents[3]
WAIT_S = 15

# A child that forks, as a prefork worker does; both write their number and would stay for a minute.
CHILD = "import os, sys, time; os.fork(); open(f'{sys.argv[1]}/{os.getpid()}.pid', 'w').close(); time.sleep(60)"
# One that does not listen to SIGTERM.
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + CHILD
STARTER = """
import sys, time
from pathlib import Path
from seeds.demo import leash
children = leash.start([sys.executable, "-c", sys.argv[2], sys.argv[1]], folder=Path(sys.argv[1]))
time.sleep(60)
"""


@pytest.fixture
def starter(tmp_path):
    """Starts the child in a process of its own, the one that will be killed."""
    processes = []

    def run(child=CHILD):
        processes.append(subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path), child], cwd=ROOT))
        until(lambda: len(pids(tmp_path)) == 2)
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.parametrize("child", [CHILD, DEAF])
def test_child_and_what_it_forked_end_with_a_killed_starter(starter, tmp_path, monkeypatch, child):
    first = starter(child)
    children = pids(tmp_path)
    assert all(map(runs, children))

    first.kill()

    until(lambda: not any(map(runs, children)))
    until(lambda: not notes(tmp_path))


def test_what_a_killed_keeper_leaves_is_swept_by_the_next_run(starter, tmp_path):
    first = starter()
    (keeper,) = (int(note.stem) for note in tmp_path.glob("*.keeper"))
    os.kill(keeper, signal.SIGKILL)
    first.kill()
    first.wait()
    until(lambda: not runs(keeper))
    assert all(map(runs, pids(tmp_path)))

    swept = leash.sweep(tmp_path)

    assert swept == 1
    until(lambda: not any(map(runs, pids(tmp_path))))
    assert notes(tmp_path) == []


def test_sweeping_leaves_what_another_run_keeps(starter, tmp_path):
    starter()

    swept = leash.sweep(tmp_path)

    assert swept == 0
    assert all(map(runs, pids(tmp_path)))


def test_note_of_a_group_that_has_ended_is_no_licence_to_kill_its_number(tmp_path):
    other = subprocess.Popen(["sleep", "60"], process_group=0)
    (tmp_path / "1.alive").write_text(str(other.pid))

    swept = leash.sweep(tmp_path)

    assert (swept, other.poll(), notes(tmp_path)) == (0, None, [])
    other.kill()
    other.wait()


def test_ending_is_warm_first(tmp_path):
    polite = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print('up', flush=True); time.sleep(60)"
    child = leash.start([sys.executable, "-c", polite], folder=tmp_path, cwd=ROOT, stdout=subprocess.PIPE)
    child.keeper.stdout.readline()

    leash.end([child])

    assert child.status == 7
    child.keeper.stdout.close()


def test_keeper_ends_as_its_child_ended(tmp_path):
    child = leash.start([sys.executable, "-c", "raise SystemExit(3)"], folder=tmp_path, cwd=ROOT)

    child.keeper.wait(WAIT_S)

    assert (child.status, notes(tmp_path)) == (3, [])
    leash.end([child])


def pids(folder):
    return [int(path.stem) for path in folder.glob("*.pid")]


def notes(folder):
    return [path.name for path in folder.iterdir() if path.suffix in (".alive", ".keeper")]


def runs(pid):
    """A dead process whose parent has not looked yet does not count as running."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip()) and not done.stdout.startswith("Z")


def until(holds):
    end = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
