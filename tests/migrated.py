"""Tests start from a migrated database in a second instead of fifteen.

Running the migrations costs mostly Python time, the same for every run and every process of a run. So it is done once: the
result is dumped into `.fulcrum/` under a name made from all migration files and the lock, loaded into a template of the
server at hand, and each test database is a clone of the template. `migrate` still runs on the clone and finds nothing to do.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import django
import psycopg
from django.apps import apps

from config.embedded import postgres, services

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".fulcrum"
TEMPLATE = "fulcrum_migrated"


def template() -> str | None:
    """The name of a migrated database to clone; None on a server that is not ours to add one to."""
    if "FULCRUM_TEST_SERVER" not in os.environ:
        return None
    address = os.environ["DATABASE_URL"]
    KEPT.mkdir(mode=0o700, exist_ok=True)
    with _one_at_a_time(), psycopg.connect(address, autocommit=True) as server:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            _build(server, address, KEPT / f"migrated-{_digest()}.sql")
    return TEMPLATE


def cut_off(database: str) -> None:
    """End every session that still uses this database. Asked from `postgres`, which every server has, as Django does for its own."""
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl()
    with psycopg.connect(address, autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", [database])


def _build(server: psycopg.Connection, address: str, dump: Path) -> None:
    """Under another name first, so that an interrupted run leaves nothing that looks finished."""
    unfinished = f"{TEMPLATE}_unfinished"
    server.execute(f"DROP DATABASE IF EXISTS {unfinished}")
    server.execute(f"CREATE DATABASE {unfinished}")
    target = urlsplit(address)._replace(path=f"/{unfinished}").geturl()
    if dump.exists():
        _run([postgres.program("psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1", "-d", target, "-f", dump])
    else:
        _run([sys.executable, ROOT / "manage.py", "migrate", "-v0"], {"DATABASE_URL": target})
        for old in KEPT.glob("migrated-*.sql*"):
            old.unlink(missing_ok=True)
        _run([postgres.program("pg_dump"), "-d", target, "-f", dump.with_suffix(".sql.new")])
        dump.with_suffix(".sql.new").rename(dump)
    server.execute(f"ALTER DATABASE {unfinished} RENAME TO {TEMPLATE}")


def _digest() -> str:
    """Of everything a migrated database depends on: each migration, and the versions of what runs them."""
    digest = hashlib.sha256((ROOT / "requirements" / "dev.txt").read_bytes())
    for config in sorted(apps.get_app_configs(), key=lambda config: config.name):
        digest.update(config.name.encode())
        for file in sorted(Path(config.path, "migrations").glob("*.py")):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _run(command: list[str | Path], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(list(map(str, command)), env=os.environ | (environment or {}), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr or done.stdout}")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (KEPT / "migrated.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main() -> None:
    """The dump, if there is none, by a server of its own."""
    with services(durable=False) as running:
        addresses = {"DATABASE_URL": running.database_url, "CELERY_BROKER_URL": running.broker_url}
        os.environ.update(addresses, DJANGO_SETTINGS_MODULE="config.settings", SECRET_KEY="none")
        if (running.folder / "postgres").exists():
            os.environ["FULCRUM_TEST_SERVER"] = str(running.folder)
        django.setup()
        template()


if __name__ == "__main__":
    main()
