"""The one command: what it says when something stands in the way, and that an interrupted set-up starts over."""

import ast
import errno
import importlib.machinery
import importlib.util
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def dev(tmp_path, monkeypatch):
    """The script as a module, set on a folder of its own."""
    loader = importlib.machinery.SourceFileLoader("dev_script", str(ROOT / "dev"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("dev_script", loader))
    loader.exec_module(module)
    (tmp_path / "requirements").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("uv", "demo", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
    for name, path in {"ROOT": "", "VENV": ".venv", "PYTHON": ".venv/bin/python", "REQUIREMENTS": "requirements"}.items():
        monkeypatch.setattr(module, name, str(tmp_path / path))
    return module


@pytest.fixture
def installer(dev, monkeypatch):
    """Stands in for pip and uv: what leaves the process. It notes the commands and, like them, leaves a Python behind."""
    commands = []

    def call(command, **_more):
        commands.append(" ".join(command))
        if "-m venv" in commands[-1]:
            Path(dev.PYTHON).touch()
        return 0

    monkeypatch.setattr(dev.subprocess, "call", call)
    monkeypatch.setattr(dev, "works", lambda python: Path(python).exists())
    return commands


def test_old_python_can_read_the_script():
    ast.parse((ROOT / "dev").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_old_python_is_told_what_to_do(dev, monkeypatch):
    monkeypatch.setattr(dev.sys, "version_info", (3, 10, 13))

    with pytest.raises(SystemExit, match=r"needs Python 3.11 or newer; this is 3.10. .*python3.11-venv"):
        dev.main(["demo"])


def test_missing_ensurepip_names_the_package(dev, installer, monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)

    with pytest.raises(SystemExit, match=rf"python3.{sys.version_info.minor}-venv"):
        dev.install("demo")


def test_busy_port_is_said_before_anything_is_installed(dev, installer):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(SystemExit, match=f"Port {port} .* --port {port + 1}"):
            dev.demo(["--port", str(port)])

    assert installer == []


@pytest.mark.parametrize("given", [["--port", "x"], ["--port=0"], ["--port"], ["--port", "65536"]])
def test_port_that_is_none_is_refused(dev, given):
    with pytest.raises(SystemExit, match="1 to 65535"):
        dev.port_of(given)


def test_read_only_folder_is_said_also_with_everything_installed(dev, installer, monkeypatch):
    dev.install("demo")
    installer.clear()
    monkeypatch.setattr(dev.os, "access", lambda path, mode: not (path == dev.ROOT and mode == dev.os.W_OK))

    with pytest.raises(PermissionError) as told:
        dev.install("demo")

    assert f"Cannot write to {dev.ROOT}" in dev.not_writable(told.value)
    assert installer == []


def test_folder_that_cannot_be_written_is_said_with_the_remedy(dev):
    told = dev.not_writable(OSError(errno.EROFS, "Read-only file system", "/x/.venv"))

    assert "Cannot write to /x/.venv: Read-only file system" in told
    assert "copy the folder" in told


def test_set_up_happens_once(dev, installer):
    dev.install("demo")
    once = list(installer)

    dev.install("demo")

    assert [command.partition(" -m ")[2][:12] for command in once] == ["venv --clear", "pip install ", "uv pip insta"]
    assert installer == once


def test_larger_set_serves_the_smaller(dev, installer):
    dev.install("dev")
    once = list(installer)

    dev.install("demo")

    assert installer == once


def test_changed_pin_installs_again_into_the_same_environment(dev, installer, tmp_path):
    dev.install("demo")
    (tmp_path / "requirements" / "demo.txt").write_text("demo==2\n")
    installer.clear()

    dev.install("demo")

    assert [command.partition(" -m ")[2][:6] for command in installer] == ["pip in", "uv pip"]


def test_interrupted_set_up_starts_over(dev, installer, monkeypatch):
    def interrupted(_command, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(dev.subprocess, "call", interrupted)
        with pytest.raises(KeyboardInterrupt):
            dev.install("demo")

    dev.install("demo")

    assert dev.is_installed("demo")


def test_failing_uv_gives_way_to_pip(dev, installer, monkeypatch):
    plain = dev.subprocess.call
    monkeypatch.setattr(dev.subprocess, "call", lambda command, **more: plain(command, **more) or int("uv" in command))

    dev.install("demo")

    assert [command.partition(" -m ")[2].split()[0] for command in installer] == ["venv", "pip", "uv", "pip"]


def test_failed_install_leaves_no_stamp(dev, installer, monkeypatch):
    monkeypatch.setattr(dev.subprocess, "call", lambda command, **_more: int("install" in command))

    with pytest.raises(SystemExit, match=r"the next ./dev starts over"):
        dev.install("demo")

    assert not dev.is_installed("demo")


def test_environment_of_another_python_is_not_taken_for_ours(dev):
    assert dev.works(sys.executable) is (importlib.util.find_spec("pip") is not None)
    assert dev.works("/nonexistent/python") is False


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([], ["-n", "2"]),
        (["--long"], ["-n", "2", "-m", ""]),
        (["-n0", "tests/common"], ["-n0", "tests/common"]),
        (["--pdb", "--long"], ["-m", "", "--pdb"]),
    ],
)
def test_test_passes_its_arguments_on(dev, monkeypatch, given, wanted):
    called = []
    monkeypatch.setattr(dev, "install", called.append)
    monkeypatch.setattr(dev, "prepare", lambda: None)
    monkeypatch.setattr(dev, "migrating", nullcontext)
    monkeypatch.setattr(dev, "replace_by", called.append)
    monkeypatch.setenv("FULCRUM_LONG", "")

    dev.test(given)

    assert called == ["dev", ["-m", "pytest", *wanted]]


def test_unknown_command_prints_what_there_is():
    done = subprocess.run([sys.executable, ROOT / "dev", "dance"], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "./dev demo" in done.stdout


def test_requirements_name_no_address():
    for path in (ROOT / "requirements").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "://" not in text, path.name
        assert path.suffix == ".in" or "--hash=sha256:" in text, path.name


def test_requirement_sets_agree():
    def pins(name):
        lines = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        return {line.split(" \\")[0].strip() for line in lines if line[:1].isalnum()}

    assert pins("prod") <= pins("demo") <= pins("dev")
