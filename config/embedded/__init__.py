"""PostgreSQL and Valkey for the demonstration and the tests: real servers from wheels, started by us, with nothing to install.

`DATABASE_URL` and `CELERY_BROKER_URL` override, each for itself: what is given is never started. Standard library only, and
no Django: the addresses have to be in the environment before settings are read. Also a pytest plugin (`-p config.embedded`).
"""

import fcntl
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from config.embedded import postgres, valkey
from config.embedded.owner import CannotStart, unprivileged

__all__ = ["CannotStart", "Running", "development", "services", "start", "stop"]

THROW_AWAY = "fulcrum-tests-"


@dataclass(frozen=True)
class Running:
    """Where the services answer. Whoever holds one keeps them up; the last `stop` ends them."""

    database_url: str
    broker_url: str
    folder: Path
    durable: bool
    hold: IO[str]


@contextmanager
def services(data_dir: Path | None = None, *, durable: bool) -> Iterator[Running]:
    """Both services for the length of a `with`."""
    running = start(data_dir, durable=durable)
    try:
        yield running
    finally:
        stop(running)


def start(data_dir: Path | None = None, *, durable: bool) -> Running:
    """Start what is not running yet in this folder, or reuse it: also what a killed process left behind.

    Durable data stays in the folder for the next run. Otherwise nothing is synced to disk and the folder goes with `stop`.
    """
    if data_dir is None:
        _sweep()
        data_dir = Path(tempfile.mkdtemp(prefix=THROW_AWAY))
    folder = data_dir.resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _lock(folder / "lock"):
            hold = _open(folder / "users")
            fcntl.flock(hold, fcntl.LOCK_SH)
            owner = unprivileged(folder)
            password = _secret(folder, "password")
            database_url = os.environ.get("DATABASE_URL") or postgres.start(owner, password=password, durable=durable)
            broker_url = os.environ.get("CELERY_BROKER_URL") or valkey.start(owner, password=password)
    except OSError as error:
        raise CannotStart(f"cannot keep the services' data in {folder}: {error.strerror or error}") from error
    return Running(database_url, broker_url, folder, durable, hold)


def stop(running: Running) -> None:
    """Let go; stop the servers when nobody else uses them."""
    with suppress(FileNotFoundError), _lock(running.folder / "lock"):
        running.hold.close()
        _stop_if_unused(running.folder)
    if not running.durable:
        shutil.rmtree(running.folder, ignore_errors=True)


@contextmanager
def development(data_dir: Path) -> Iterator[Running]:
    """What settings need on a developer's machine, put into the environment: services, a key of this folder, plain cookies."""
    with services(data_dir, durable=True) as running:
        os.environ.update(DATABASE_URL=running.database_url, CELERY_BROKER_URL=running.broker_url)
        os.environ.setdefault("SECRET_KEY", _secret(running.folder, "secret_key"))
        os.environ.setdefault("SECURE_COOKIES", "false")
        yield running


def pytest_load_initial_conftests(early_config: Any) -> None:
    """Start throw-away services before pytest-django reads settings; the workers of pytest-xdist inherit the addresses."""
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        _own_broker_database(worker)
        return
    running = start(durable=False)
    early_config.add_cleanup(lambda: stop(running))
    os.environ.update(DATABASE_URL=running.database_url, CELERY_BROKER_URL=running.broker_url)
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
    if (running.folder / "postgres").exists():
        os.environ["FULCRUM_TEST_SERVER"] = str(running.folder)


# Before pytest-django's own `tryfirst` hook. Set by hand: this module is imported where pytest is not installed.
pytest_load_initial_conftests.pytest_impl = {"tryfirst": True}  # type: ignore[attr-defined]  # what pytest's own decorator sets


def _own_broker_database(worker: str) -> None:
    """Two test processes must not take each other's tasks: each gets a numbered database of the one broker."""
    base, slash, database = os.environ["CELERY_BROKER_URL"].rpartition("/")
    if slash and database == "0":
        os.environ["CELERY_BROKER_URL"] = f"{base}/{int(worker.removeprefix('gw')) + 1}"


def _stop_if_unused(folder: Path) -> bool:
    with _open(folder / "users") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        owner = unprivileged(folder)
        password = _secret(folder, "password")
        valkey.stop(owner, password=password)
        postgres.stop(owner)
        owner.discard()
    return True


def _sweep() -> None:
    """Stop and remove what test runs that were killed have left: their lock on `users` went with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{THROW_AWAY}*"):
        with suppress(OSError):
            if folder.stat().st_uid != os.geteuid() or not (folder / "users").exists():
                continue
            with _lock(folder / "lock", block=False):
                unused = _stop_if_unused(folder)
            if unused:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _lock(path: Path, *, block: bool = True) -> Iterator[None]:
    with _open(path) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX if block else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _open(path: Path) -> IO[str]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")


def _secret(folder: Path, name: str) -> str:
    """A secret of this folder, made on first use, readable by its owner only."""
    path = folder / "secrets.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if name not in kept:
        kept[name] = secrets.token_urlsafe(50 if name == "secret_key" else 24)
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            json.dump(kept, handle)
        fresh.replace(path)
    return kept[name]
