"""The production files, as far as they can be checked without a container engine: their form, their variables, their secrets."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
OURS = {"migrate", "web", "worker-default", "worker-rounds", "worker-shards", "beat"}
READ_BY_LIBRARIES = {"OPENBLAS_NUM_THREADS"}
NEVER_IN_PRODUCTION = {"DEBUG", "FULCRUM_FIXED_NOW", "SECURE_COOKIES", "SMS_FILE"}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def dockerfile():
    return (ROOT / "Dockerfile").read_text(encoding="utf-8")


def read_by_settings():
    """Every variable that settings ask the environment for: name → whether they can do without it."""
    tree = ast.parse((ROOT / "config" / "settings.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("env.")]
    return {call.args[0].value: any(keyword.arg == "default" for keyword in call.keywords) for call in calls}


def asked_of_the_operator():
    return set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))


def example():
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def optional_in_example():
    return re.findall(r"^# ([A-Z_]+)=$", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)


def set_by(dockerfile):
    """What the last stage of the image puts into the environment."""
    return set(re.findall(r"^\s*(?:ENV )?([A-Z_]+)=", dockerfile[dockerfile.rindex("FROM ") :], re.MULTILINE))


def test_compose_file_follows_the_published_schema():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("service", sorted(OURS))
def test_every_variable_given_is_one_that_settings_read(compose, service):
    given = set(compose["services"][service]["environment"])

    assert given <= read_by_settings().keys() | READ_BY_LIBRARIES


@pytest.mark.parametrize("service", sorted(OURS))
def test_every_variable_that_settings_need_is_given(compose, service):
    needed = {name for name, has_default in read_by_settings().items() if not has_default}

    assert needed <= set(compose["services"][service]["environment"])


def test_image_sets_only_what_is_read(dockerfile):
    own_to_python = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "NUMBA_CACHE_DIR"}

    assert set_by(dockerfile) - own_to_python <= read_by_settings().keys()


@pytest.mark.parametrize("service", sorted(OURS))
def test_every_variable_that_settings_read_can_be_given(compose, dockerfile, service):
    given = set(compose["services"][service]["environment"]) | set_by(dockerfile)

    assert read_by_settings().keys() - NEVER_IN_PRODUCTION <= given
    assert not NEVER_IN_PRODUCTION & given


def test_example_names_what_may_be_left_out(compose):
    passed_on = [name for name, value in compose["services"]["web"]["environment"].items() if value is None]

    assert passed_on == optional_in_example() == sorted(passed_on)


def test_example_asks_for_exactly_what_compose_asks_for():
    assert set(example()) == asked_of_the_operator()


def test_no_secret_has_a_value_or_a_default(compose):
    assert set(example().values()) == {""}
    assert ":-" not in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def test_secrets_stay_out_of_the_repository_and_the_image(dockerfile):
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert ".env" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert not re.search(r"^(ARG|ENV).*(SECRET|PASSWORD|KEY)", dockerfile, re.MULTILINE)


def test_every_lasting_service_has_a_health_check(compose):
    assert {name for name, service in compose["services"].items() if "healthcheck" not in service} == {"migrate"}


def test_rounds_are_solved_without_threads_over_small_matrices(compose):
    assert compose["services"]["worker-rounds"]["environment"]["OPENBLAS_NUM_THREADS"] == "1"


def test_each_queue_has_its_worker(compose):
    served = {
        words[words.index("--queues") + 1]
        for service in compose["services"].values()
        if "--queues" in (words := service.get("command", []))
    }
    used = {settings.CELERY_TASK_DEFAULT_QUEUE, *(route["queue"] for route in settings.CELERY_TASK_ROUTES.values())}

    assert served == used == {"default", "rounds", "shards"}


def test_our_containers_may_do_as_little_as_possible(compose, dockerfile):
    for name in OURS:
        service = compose["services"][name]
        assert (service["read_only"], service["cap_drop"], service["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    assert re.findall(r"^USER (\w+)$", dockerfile, re.MULTILINE) == ["fulcrum"]
    assert dockerfile.rindex("USER fulcrum") > dockerfile.rindex("RUN ")


def test_only_the_web_is_reachable_and_only_from_this_machine(compose):
    ports = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}

    assert ports == {"web": ["127.0.0.1:8000:8000"]}


def test_image_installs_hashed_packages_of_the_production_set(dockerfile):
    assert dockerfile.count("pip install") == 1
    assert "pip install --require-hashes" in dockerfile
    assert "requirements/prod.txt" in dockerfile


def test_what_the_image_copies_is_there(dockerfile):
    copied = [source for source, _target in re.findall(r"^COPY (?!--from)(\S+) (\S+)$", dockerfile, re.MULTILINE)]

    assert copied
    assert all((ROOT / source).exists() for source in copied)
