"""The API tried against its own description, by a machine, an officer and a bank: every operation, valid and not, alone and in turn.

A sample with a fixed seed runs always; `./dev test --long tests/config/test_api_campaign.py` runs schemathesis itself, every check and
phase, against a served API.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
import schemathesis
from celery.app.task import Task
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup

from config.wsgi import application
from exchange.api import RESOURCES, SCOPES
from organisations import tokens
from organisations.authentication import Pace
from tests import factories
from tests.deals import cases
from tests.factories import NOW
from tests.people import member

SEED = 20260302
EXAMPLES = os.environ.get("CAMPAIGN_EXAMPLES", "20")  # of each operation, in the long campaign
FEW = {
    "deadline": None,
    "database": None,
    "phases": [Phase.explicit, Phase.generate],
    "suppress_health_check": list(HealthCheck),
    "verbosity": hypothesis.Verbosity.quiet,
}
SUMMARY = re.compile(r"(?P<cases>[\d,]+) generated")


@pytest.fixture(autouse=True)
def alone(monkeypatch, settings):
    """Nothing leaves the process, nobody is asked to wait, and a test's connection outlives its requests."""
    settings.FIXED_NOW = NOW.isoformat()
    monkeypatch.setattr(Pace, "THROTTLE_RATES", {"api": None})
    monkeypatch.setattr(Task, "apply_async", lambda *_arguments, **_options: None)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def populate(world, cast):
    """Something of each kind, in several states."""
    cases.drawn(world, cast, cases.signed(world, cast))
    cases.invited(world, cast)
    cases.published(world, cast, cases.open_need(world, cast), "ICBC-WH")
    for state in ("draft", "in_review", "in_pool"):
        factories.filing(world, cast.firm, state=state)


def machine(organisation, by) -> str:
    """The header of a token that may do all its organisation may."""
    known = [scope for scope in SCOPES if organisation.kind != "unit" or scope.startswith("read:")]
    return f"Bearer {tokens.issue(organisation, name='试', scopes=known, known=SCOPES, days=30, by=by, at=NOW).text}"


def signed_in(user) -> Callable[..., Any]:
    """The service as a person's browser finds it, where the request says it is that person; a header stands for the cookies."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    session, token = client.cookies["sessionid"].value, "c" * 32

    def app(environ, start_response):
        if environ.get("HTTP_AUTHORIZATION") == "Bearer person":
            del environ["HTTP_AUTHORIZATION"]
            environ |= {"HTTP_COOKIE": f"sessionid={session}; csrftoken={token}", "HTTP_X_CSRFTOKEN": token}
        return application(environ, start_response)

    return app


def described(app, authorization):
    config = SchemathesisConfig.discover()
    config.projects.default.update(headers={"Authorization": authorization})
    return schemathesis.openapi.from_wsgi("/api/schema/?format=json", app, config=config, headers={"Authorization": authorization})


def known_ids() -> dict[str, list[int]]:
    return {resource.kind: sorted(resource.model.objects.values_list("pk", flat=True))[:20] or [1] for resource in RESOURCES}


def aim(schema) -> None:
    """Every other id is one there is: a stranger to everything would only ever learn that nothing is there."""
    ids = known_ids()

    @schema.hook
    def map_path_parameters(context, path_parameters):
        kind = context.operation.path.split("/")[2]
        wanted = (path_parameters or {}).get("id")
        if isinstance(wanted, int) and wanted % 4:
            path_parameters = {**path_parameters, "id": ids[kind][wanted % len(ids[kind])]}
        return path_parameters


def try_each(operations, *, examples: int) -> tuple[int, list[str]]:
    """Each operation as described and not: how many requests, and what was wrong with each answer that broke a promise."""
    made, broken = 0, []
    for operation in operations:
        for mode in GenerationMode:
            made += _try(operation, mode, examples, broken)
    return made, broken


def _try(operation, mode, examples: int, broken: list[str]) -> int:
    made = 0

    @seed(SEED)
    @hypothesis.settings(max_examples=examples, **FEW)
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case):
        nonlocal made
        made += 1
        try:
            case.call_and_validate()
        except (Failure, FailureGroup) as failure:
            broken.append(f"{operation.label} {failure}")

    try:
        run()
    except hypothesis.errors.Unsatisfiable:
        assert mode == GenerationMode.NEGATIVE, operation.label  # nothing about it can be wrong
    return made


def caller(who: str, cast) -> tuple[Callable[..., Any], str]:
    """The service, and how that caller says who they are."""
    if who == "firm":
        return application, machine(cast.firm, cast.lin)
    return signed_in(cast.users["zhao"]), "Bearer person"


@pytest.mark.django_db
@pytest.mark.first
@pytest.mark.parametrize(("who", "every"), [("firm", slice(0, None, 8)), ("officer", slice(4, None, 8))])
def test_a_sample_of_requests_breaks_no_promise(who, every, world, cast):
    populate(world, cast)
    schema = described(*caller(who, cast))
    aim(schema)

    made, broken = try_each([found.ok() for found in schema.get_all_operations()][every], examples=1)

    assert not broken, "\n\n".join(broken)
    assert made > 20


@pytest.mark.long
@pytest.mark.parametrize("who", ["firm", "bank", "auditor"])
def test_the_whole_campaign_breaks_no_promise(who, world, cast, live_server, settings, tmp_path):
    """Schemathesis by its own command: examples, coverage, fuzzing, stateful; the number of its cases stands in its summary."""
    settings.SESSION_COOKIE_SECURE = False
    populate(world, cast)
    own = {"firm": (cast.firm, "firm_owner"), "bank": (world.branches["ICBC-WH"].organisation, "unit_admin")}
    organisation, role = own.get(who, (world.units["IND-420000"].organisation, "unit_admin"))
    authorization = machine(organisation, member(organisation, role))
    description = tmp_path / "schema.json"
    description.write_bytes(Client().get("/api/schema/?format=json", headers={"Authorization": authorization}).content)
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(description), "--url", live_server.url]
    command += ["--header", f"Authorization: {authorization}", "--request-timeout", "120"]

    done = subprocess.run(
        [*command, "--checks", "all", "--max-examples", EXAMPLES, "--no-color"], capture_output=True, text=True, check=False
    )

    sys.stdout.write(done.stdout[-2000:])
    assert done.returncode == 0, done.stdout[-20_000:]
    assert int(SUMMARY.search(done.stdout)["cases"].replace(",", "")) > 3000
