"""A project filed in two tracks is one project: which of its filings live, and where two forms say different things of it."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from projects.application import Application
from projects.form_fields import FIELDS
from projects.models import EquipmentItem, Filing, Project

SHARED_FACTS = (
    "name", "region", "zone", "industry", "action", "content", "loan_purpose", "starts_on", "completes_on",
    "total_investment", "equipment_investment", "own_capital", "invested",
)  # fmt: skip
EQUIPMENT_COLUMNS = ("replaces", "name", "model", "unit_price", "quantity", "amount", "supplier", "supplier_uscc", "is_software")

Facts = tuple[dict[str, Any], list[tuple[Any, ...]]]


def live_filings(projects: Iterable[int]) -> dict[int, list[tuple[int, str]]]:
    """Project id → (filing id, track) of each of its live filings."""
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    rows = Filing.objects.filter(project__in=list(projects), state__in=Filing.LIVE).order_by("id").values_list("project", "pk", "track")
    for project_id, pk, track in rows:
        found[project_id].append((pk, track))
    return found


def equipment_of(projects: Iterable[int]) -> dict[int, list[tuple[Any, ...]]]:
    rows: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    wanted = list(projects)
    if wanted:
        listed = EquipmentItem.objects.filter(project__in=wanted).order_by("project", "position")
        for project_id, *columns in listed.values_list("project", *EQUIPMENT_COLUMNS):
            rows[project_id].append(tuple(columns))
    return rows


def facts_typed(application: Application) -> Facts:
    values = {name: getattr(application, name) for name in SHARED_FACTS}
    plain = {name: getattr(value, "pk", value) for name, value in values.items()}
    return plain, [tuple(getattr(row, name) for name in EQUIPMENT_COLUMNS) for row in application.equipment]


def facts_kept(project: Project, equipment: list[tuple[Any, ...]]) -> Facts:
    values = {name: getattr(project, name) for name in SHARED_FACTS}
    return {name: getattr(value, "pk", value) for name, value in values.items()}, equipment


def disagreements(facts: dict[str, Any], equipment: list[tuple[Any, ...]], application: Application) -> Iterable[Problem]:
    """Where this form and the same project's other live filing say different things."""
    typed, rows = facts_typed(application)
    differing = [name for name in SHARED_FACTS if typed[name] != facts[name]] + ["equipment"] * (rows != equipment)
    for name in differing:
        yield Problem(
            name,
            "differs_from_other_track",
            _("“%(label)s”与同一项目在另一渠道的申报不一致。") % {"label": FIELDS[name].label},
            _("同一项目在各渠道的内容须一致，请核对后更正。"),
        )
