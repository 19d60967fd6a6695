"""The pages of the demonstration on 127.0.0.1, and who may sign in."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

from django.conf import settings

from organisations.models import Membership
from seeds.demo import leash
from seeds.demo.people import LOGINS
from seeds.demo.workers import children_of, data_folder

HOST = "127.0.0.1"
LOOK_EVERY_S = 5.0


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def serve(port: int, *, meanwhile: Callable[[], None]) -> int:
    """Until it is interrupted; the web server's own exit status. `meanwhile` is called every few seconds."""
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"{HOST}:{port}", "--workers", "1", "--threads", "4"]
    command += ["--log-level", "warning", "--no-control-socket"]
    server = leash.start(command, folder=children_of(data_folder()), cwd=settings.BASE_DIR, env=os.environ.copy())
    try:
        while server.status is None:
            meanwhile()
            with suppress(subprocess.TimeoutExpired):
                server.keeper.wait(LOOK_EVERY_S)
    except KeyboardInterrupt:
        return 0
    finally:
        leash.end([server])
    return server.keeper.returncode


def logins() -> Iterator[tuple[str, str, str, str]]:
    """Username, what it is in Chinese and in English, and where it sits."""
    homes = dict(Membership.objects.order_by("pk").values_list("user__username", "organisation__name"))
    for login in LOGINS.values():
        yield login.username, login.title, login.title_en, homes.get(login.username, "")
