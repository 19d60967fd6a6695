"""Who runs the servers. PostgreSQL refuses to run as root, so root steps down without creating a user and without any chmod."""

import functools
import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class CannotStart(RuntimeError):
    """The embedded services cannot run here; the message says what to do about it."""


@dataclass(frozen=True)
class Owner:
    """A folder for the data, and how to run a program that may write to it."""

    folder: Path
    prefix: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def run(self, *command: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run to the end. `/` as working folder: the present one may be closed to this owner."""
        return subprocess.run(self.argv(*command), cwd="/", stdin=subprocess.DEVNULL, text=True, check=False, **self.options, **more)

    def spawn(self, *command: str | Path, **more: Any) -> "subprocess.Popen[str]":
        """Start in a session of its own: Ctrl-C in the terminal must reach us first."""
        return subprocess.Popen(self.argv(*command), cwd="/", text=True, start_new_session=True, **self.options, **more)

    def argv(self, *command: str | Path) -> list[str]:
        return [*self.prefix, *map(str, command)]

    def give(self, path: Path) -> None:
        """Make a file that we wrote this owner's."""
        if self.options:
            os.chown(path, self.options["user"], self.options["group"])

    def discard(self) -> None:
        """Remove the folder in /var/tmp where one had to be used for throw-away data; the caller's own folder is the caller's."""
        if self.options and self.folder.name.startswith("fulcrum-throw-away-"):
            shutil.rmtree(self.folder, ignore_errors=True)


def unprivileged(folder: Path) -> Owner:
    """An ordinary user as is; root as `nobody`, inside a user namespace where there is one, else with its data in /var/tmp."""
    if os.geteuid() != 0:
        return Owner(folder)
    if prefix := namespace():
        return Owner(folder, prefix)
    nobody = pwd.getpwnam("nobody")
    options = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    kind = "throw-away" if folder.name.startswith("fulcrum-tests-") else "kept"
    home = Path("/var/tmp") / f"fulcrum-{kind}-{hashlib.sha256(bytes(folder)).hexdigest()[:16]}"  # noqa: S108 -- made by us, 0700, owner checked below
    if not home.exists():
        home.mkdir(mode=0o700)
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
    if home.is_symlink() or home.stat().st_uid != nobody.pw_uid:
        raise CannotStart(f"{home} belongs to somebody else; remove it or set DATABASE_URL")
    return Owner(home, options=options)


@functools.cache
def namespace() -> tuple[str, ...]:
    """Inside, root looks like nobody; on disk the files stay root's, so the data may lie in a folder closed to everybody else."""
    unshare = shutil.which("unshare")
    if not unshare:
        return ()
    nobody = pwd.getpwnam("nobody")
    prefix = (unshare, "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}", "--")
    tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return prefix if tried.returncode == 0 else ()
