"""The API tried against its own description, by a machine, an officer and a bank: every operation, valid and not, alone and in turn.

A sample with a fixed seed runs always; `./dev test --long tests/config/test_api_campaign.py` runs the whole campaign, every check and
phase, about ten minutes. `CAMPAIGN_EXAMPLES=100` makes more of it, `CAMPAIGN_ONLY='/api/(deals|claims)/'` part of it.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from celery.app.task import Task
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed
from schemathesis import GenerationMode
from schemathesis.core.failures import Failure, FailureGroup

from config.wsgi import application
from exchange.api import SCOPES
from organisations import tokens
from organisations.authentication import Pace
from tests import factories
from tests.config import campaign
from tests.config.campaign import in_process  # noqa: F401 -- a fixture
from tests.deals import cases
from tests.factories import NOW
from tests.people import member
from tests.permissions import samples

SEED = 20260302
EXAMPLES = int(os.environ.get("CAMPAIGN_EXAMPLES", "10"))  # of each operation, in the long campaign
CALLERS = ("firm", "bank", "officer")
ONLY = os.environ.get("CAMPAIGN_ONLY", "")
FEW = {
    "deadline": None,
    "database": None,
    "phases": [Phase.explicit, Phase.generate],
    "suppress_health_check": list(HealthCheck),
    "verbosity": hypothesis.Verbosity.quiet,
}


@pytest.fixture(autouse=True)
def alone(monkeypatch, settings, tmp_path):
    """Nothing leaves the process, nobody is asked to wait, and a test's connection outlives its requests."""
    settings.FIXED_NOW, settings.MEDIA_ROOT = NOW.isoformat(), tmp_path
    monkeypatch.setattr(Pace, "THROTTLE_RATES", {"api": None})
    monkeypatch.setattr(Task, "apply_async", lambda *_arguments, **_options: None)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def populate(world, cast):
    """Something of each kind, by the real steps where money is lent, in several states."""
    samples.scene(world, cast)
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


def caller(who: str, world, cast) -> tuple[Callable[..., Any], str]:
    """The service, and how that caller says who they are: an office's machine may only read, so its officer comes as a person."""
    match who:
        case "firm":
            return application, machine(cast.firm, cast.lin)
        case "bank":
            bank = world.branches["ICBC-WH"].organisation
            return application, machine(bank, member(bank, "unit_admin"))
    return signed_in(cast.users["zhao"]), "Bearer person"


@pytest.mark.django_db
@pytest.mark.first
@pytest.mark.parametrize(("who", "every"), [("firm", slice(0, None, 8)), ("officer", slice(4, None, 8))])
def test_a_sample_of_requests_breaks_no_promise(who, every, world, cast):
    populate(world, cast)
    schema = campaign.described(*caller(who, world, cast))
    campaign.aim(schema)

    made, broken = try_each([found.ok() for found in schema.get_all_operations()][every], examples=1)

    assert not broken, "\n\n".join(broken)
    assert made > 20


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # that a printed example would be long
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("who", CALLERS)
def test_the_whole_campaign_breaks_no_promise(who, world, cast, capsys, record_property):
    """Every check in every phase; how many cases each phase made is said while it runs and at the end of the run."""
    populate(world, cast)
    app, authorization = caller(who, world, cast)
    schema = campaign.described(campaign.on_one_connection(app), authorization)
    campaign.aim(schema)
    if ONLY:
        schema = schema.include(path_regex=ONLY)
    else:
        campaign.divide(schema, part=CALLERS.index(who), of=len(CALLERS))

    def tell(text: str) -> None:
        with capsys.disabled():
            sys.stderr.write(f"{who}: {text}\n")

    done = campaign.run(schema, examples=EXAMPLES, tell=tell)

    record_property("campaign", f"{who}: {done}")
    assert not done.broken, "\n\n".join(f"{operation} {check} {told}" for (operation, check, _title), told in done.broken.items())
    assert ONLY or set(done.made) == set(campaign.PHASES)
