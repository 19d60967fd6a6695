"""Schemathesis in this process: every phase and check against one schema, with what it made counted and what it found told."""

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
from django.db import connection, connections
from schemathesis import engine
from schemathesis.config import OperationConfig, SchemathesisConfig
from schemathesis.engine import events
from schemathesis.transport.wsgi import WSGITransport

from exchange.api import RESOURCES

PHASES = ("examples", "coverage", "fuzzing", "stateful")
TOLD_EVERY = 500
WALKS = 5  # for each example of an operation
Application = Callable[..., Any]


@dataclass
class Campaign:
    """`made`: cases by phase; `checks`: how often each was asked; `broken`: what was wrong, each thing once."""

    made: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    broken: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def __str__(self) -> str:
        phases = ", ".join(f"{phase} {self.made[phase]:,}" for phase in PHASES)
        return (
            f"{self.made.total():,} cases ({phases}), {self.checks.total():,} checks of {len(self.checks)} kinds, {len(self.broken)} broken"
        )


def described(app: Application, authorization: str) -> Any:
    """The description as the service itself hands it out."""
    config = SchemathesisConfig.discover()
    config.projects.default.update(headers={"Authorization": authorization})
    return schemathesis.openapi.from_wsgi("/api/schema/?format=json", app, config=config, headers={"Authorization": authorization})


def aim(schema: Any) -> None:
    """Every other id is one there is: a stranger to everything would only ever learn that nothing is there."""
    ids = known_ids()

    @schema.hook
    def map_path_parameters(context, path_parameters):
        kind = context.operation.path.split("/")[2]
        wanted = (path_parameters or {}).get("id")
        if isinstance(wanted, int) and wanted % 4:
            path_parameters = {**path_parameters, "id": ids[kind][wanted % len(ids[kind])]}
        return path_parameters


def divide(schema: Any, *, part: int, of: int) -> None:
    """What is malformed is refused to whoever sends it: the coverage of each operation falls to one of so many callers."""
    labels = sorted(found.ok().label for found in schema.get_all_operations())
    others = [label for place, label in enumerate(labels) if place % of != part]
    schema.config.operations.operations.append(
        OperationConfig.from_dict({"include-name": others, "phases": {"coverage": {"enabled": False}}})
    )


def known_ids() -> dict[str, list[int]]:
    return {resource.kind: sorted(resource.model.objects.values_list("pk", flat=True))[:20] or [1] for resource in RESOURCES}


def on_one_connection(app: Application) -> Application:
    """The service on the test's own connection, whichever of the engine's threads asks; each answer is read to its end and closed."""
    connection.inc_thread_sharing()
    own = connections["default"]

    def asked(environ, start_response):
        connections["default"] = own
        with closing(app(environ, start_response)) as answer:
            return [b"".join(answer)]

    return asked


@pytest.fixture
def in_process(monkeypatch):
    """One of its checks sends a request without the session that tells its transport to leave out what concerns sockets."""
    send = WSGITransport.send

    def without_sockets(self, case, *, session=None, **options):
        return send(self, case, session=session or requests.Session(), **options)

    monkeypatch.setattr(WSGITransport, "send", without_sockets)


def run(schema: Any, *, examples: int, tell: Callable[[str], None]) -> Campaign:
    """All phases: so many examples of each operation, and walks from one to the other; `tell` hears how far it is."""
    schema.config.phases.fuzzing.generation.update(max_examples=examples)
    schema.config.phases.stateful.generation.update(max_examples=examples * WALKS)
    campaign, told = Campaign(), 0
    for event in engine.from_schema(schema).execute():
        match event:
            case events.ScenarioFinished():
                _count(campaign, event)
            case events.NonFatalError() | events.FatalError():
                campaign.broken[getattr(event, "label", ""), "error", str(event)] = _said(event)
            case events.PhaseFinished(phase=phase) if phase.name.value in PHASES:
                tell(f"{phase.name.value} {event.status}: {campaign}")
        if campaign.made.total() >= told + TOLD_EVERY:
            told = campaign.made.total()
            tell(str(campaign))
    return campaign


def _count(campaign: Campaign, event: events.ScenarioFinished) -> None:
    campaign.made[event.phase.value] += len(event.recorder.cases)
    for case_id, checks in event.recorder.checks.items():
        for check in checks:
            campaign.checks[check.name] += 1
            if check.failure_info is not None:
                answer = event.recorder.find_response(case_id=case_id)
                failure, sample = check.failure_info.failure, check.failure_info.code_sample
                body = answer.content[:1000].decode(errors="replace") if answer else ""
                campaign.broken.setdefault((failure.operation or "", check.name, failure.title), f"{failure}\n{sample}\n{body}")


def _said(event: Any) -> str:
    return f"{event.info.title} {event.info.message}" if isinstance(event, events.NonFatalError) else str(event.exception)
