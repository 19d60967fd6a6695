"""The launcher, on real servers: throw-away, kept, shared, left behind, interrupted, and where there is nothing to start."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from config import embedded
from config.embedded import owner, postgres, valkey

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)


def write_a_row(database_url):
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE kept (id integer)")
        connection.execute("INSERT INTO kept VALUES (7)")


def read_rows(database_url):
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT id FROM kept").fetchall()


def answers(running):
    """The two ports, asked without a password: whether somebody listens."""
    ports = [int(url.rpartition(":")[2].partition("/")[0]) for url in (running.database_url, running.broker_url)]
    return [postgres.answers(port, wait_s=0.2) for port in ports]


def test_throw_away_services_answer_and_leave_nothing():
    with embedded.services(durable=False) as running:
        with psycopg.connect(running.database_url) as connection:
            version = connection.info.server_version
        pong = redis.Redis.from_url(running.broker_url).ping()
        folder = running.folder

    assert version >= 150000
    assert pong is True
    assert not folder.exists()
    assert answers(running) == [False, False]


def test_durable_data_is_there_again_in_a_folder_with_any_name(tmp_path):
    folder = tmp_path / "数据 of a demo"
    with embedded.services(folder, durable=True) as running:
        write_a_row(running.database_url)

    with embedded.services(folder, durable=True) as running:
        rows = read_rows(running.database_url)

    assert rows == [(7,)]


def test_last_one_out_stops_the_servers(tmp_path):
    first = embedded.start(tmp_path, durable=True)
    second = embedded.start(tmp_path, durable=True)

    embedded.stop(first)
    still = answers(second)
    embedded.stop(second)

    assert (second.database_url, second.broker_url) == (first.database_url, first.broker_url)
    assert still == [True, True]
    assert answers(second) == [False, False]


def test_servers_left_by_a_killed_process_are_reused_then_stopped(tmp_path):
    script = f"import os\nfrom pathlib import Path\nfrom config import embedded\nembedded.start(Path({str(tmp_path)!r}), durable=True)\nos.kill(os.getpid(), 9)"
    killed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    pid_file = (tmp_path / "postgres" / "postmaster.pid").read_text()

    with embedded.services(tmp_path, durable=True) as running:
        reused = (tmp_path / "postgres" / "postmaster.pid").read_text()

    assert killed.returncode == -signal.SIGKILL
    assert reused.splitlines()[0] == pid_file.splitlines()[0]
    assert answers(running) == [False, False]


def test_throw_away_servers_of_a_killed_process_are_swept(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    script = "import os\nfrom config import embedded\nembedded.start(durable=False)\nos.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    left = list(tmp_path.glob("fulcrum-tests-*"))

    with embedded.services(durable=False) as running:
        now = list(tmp_path.glob("fulcrum-tests-*"))

    assert len(left) == 1
    assert now == [running.folder]


def test_interrupted_initialisation_is_done_again(tmp_path):
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18")
    (tmp_path / "postgres.password").write_text("half")

    with embedded.services(tmp_path, durable=True) as running:
        write_a_row(running.database_url)

    assert not (tmp_path / "postgres.password").exists()


def test_stale_pid_file_of_another_life_does_not_stop_the_start(tmp_path):
    with embedded.services(tmp_path, durable=True) as running:
        write_a_row(running.database_url)
    (tmp_path / "postgres" / "postmaster.pid").write_text(f"{os.getppid()}\n{tmp_path}\n0\n{postgres.free_port()}\n\n127.0.0.1\n\n\n")

    with embedded.services(tmp_path, durable=True) as running:
        rows = read_rows(running.database_url)

    assert rows == [(7,)]


def test_secrets_are_readable_by_their_owner_only(tmp_path):
    with embedded.services(tmp_path, durable=True) as running:
        modes = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "secrets.json", tmp_path / "postgres")}
        password = urlsplit(running.broker_url).password
        listed = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]

    assert modes == {"secrets.json": 0, "postgres": 0}
    assert not [line for line in listed if password.encode() in line]


def test_both_services_want_their_password(tmp_path):
    with embedded.services(tmp_path, durable=True) as running:
        broker = redis.Redis(port=int(running.broker_url.rpartition(":")[2].partition("/")[0]))

        with pytest.raises(redis.AuthenticationError):
            broker.ping()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(running.database_url.replace("fulcrum:", "fulcrum:wrong"))


@pytest.mark.parametrize(
    ("given", "started"),
    [({"DATABASE_URL": "postgres://elsewhere/x"}, "valkey.port"), ({"CELERY_BROKER_URL": "redis://elsewhere/0"}, "postgres")],
)
def test_what_the_environment_names_is_not_started(tmp_path, monkeypatch, given, started):
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    with embedded.services(tmp_path, durable=True) as running:
        made = {path.name for path in tmp_path.iterdir()} & {"postgres", "valkey.port"}

    assert made == {started}
    assert set(given.values()) <= {running.database_url, running.broker_url}


def test_nothing_to_start_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)

    with pytest.raises(embedded.CannotStart, match="set DATABASE_URL"):
        postgres.program("initdb")
    with pytest.raises(embedded.CannotStart, match="set CELERY_BROKER_URL"):
        valkey.program()


def test_programs_of_the_machine_are_used_without_the_wheel(tmp_path, monkeypatch):
    for version in ("9.6", "15", "17"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        (folder / "initdb").touch()
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)

    assert postgres.program("initdb") == tmp_path / "17" / "bin" / "initdb"


@pytest.mark.parametrize(
    ("told", "has"), [("initdb (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", False), ("initdb (PostgreSQL) 18.6", True)]
)
def test_locale_provider_is_asked_for_only_where_known(monkeypatch, told, has):
    monkeypatch.setattr(postgres, "program", lambda _name: "initdb")
    monkeypatch.setattr("subprocess.run", lambda *_args, **_more: subprocess.CompletedProcess([], 0, stdout=told))

    assert ("--locale-provider=builtin" in postgres.locale_options()) is has


def test_folder_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(embedded.CannotStart, match="cannot keep the services' data"):
        embedded.start(tmp_path / "file" / "below", durable=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user cannot become another")
def test_root_without_user_namespaces_runs_as_nobody_in_var_tmp(tmp_path, monkeypatch):
    monkeypatch.setattr(owner, "namespace", lambda: ())
    chosen = owner.unprivileged(tmp_path)

    told = chosen.run("id", "-u", capture_output=True)

    assert told.stdout.strip() == "65534"
    assert chosen.folder.parent == Path("/var/tmp")  # noqa: S108 -- where it is promised to be
    shutil.rmtree(chosen.folder)


def test_xdist_worker_gets_a_broker_database_of_its_own(monkeypatch):
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://:p@127.0.0.1:6379/0")

    embedded._own_broker_database("gw1")

    assert os.environ["CELERY_BROKER_URL"] == "redis://:p@127.0.0.1:6379/2"


def test_terminated_command_stops_its_services(tmp_path):
    script = (
        "import time, manage\nfrom pathlib import Path\n"
        f"manage.FOLDER = Path({str(tmp_path)!r})\n"
        "def run():\n    print('up', flush=True)\n    time.sleep(60)\n"
        "manage.run = run\nmanage.main()"
    )
    command = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    told = command.stdout.readline()

    command.terminate()
    command.wait(timeout=30)
    command.stdout.close()
    time.sleep(0.1)

    assert told == "up\n"
    assert command.returncode == 128 + signal.SIGTERM
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()
