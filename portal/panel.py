"""The steps a person may take on one object, as forms: drawn from the state table, with what was typed kept after a refusal."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from common.errors import DomainError, Problem, Stale
from common.steps import Step, allowed_verbs
from organisations.actors import Person
from portal.entries import Entry
from portal.history import events_of
from portal.inputs import Field, draw, unplaced

NEGATIVE = frozenset(
    {
        "return",
        "refuse",
        "not_accept",
        "withdraw",
        "leave_out",
        "remove",
        "retire",
        "withhold",
        "decline",
        "cancel",
        "void",
        "close_drawing",
        "end",
        "hold",
        "reopen",
        "dismiss",
        "refer",
        "pause",
        "park",
    }
)
FIRST = ("pass", "accept", "confirm", "consent", "publish", "propose")


@dataclass(frozen=True)
class Refused:
    """A step that was refused: which, what the person had typed, and why."""

    verb: str
    typed: QueryDict
    error: DomainError


@dataclass(frozen=True)
class StepForm:
    verb: str
    label: Any
    url: str
    seen: int
    fields: Sequence[Field]
    needs_note: bool
    offers_note: bool
    note: str
    note_problems: Sequence[Problem]
    is_open: bool

    @property
    def takes_files(self) -> bool:
        return any(field.param.kind == "files" for field in self.fields)

    @property
    def is_plain(self) -> bool:
        """Just a button."""
        return not self.fields and not self.offers_note

    @property
    def requires_note(self) -> bool:
        """Where a coded reason is offered, its sentence will do."""
        return self.needs_note and not any(field.param.kind == "code" for field in self.fields)

    @property
    def is_negative(self) -> bool:
        return self.verb in NEGATIVE


def panel(
    kind: str,
    obj: Any,
    steps: Mapping[str, Step],
    by: Person,
    *,
    only: Container[str],
    refused: Refused | None = None,
    likely: Mapping[str, Mapping[str, str]] | None = None,
) -> list[StepForm]:
    """One form for each step the person may take now, the usual ones first; no queries but those of a choice's own rows.

    `likely` fills in what is known already (verb → name → text), for the person to correct.
    """
    verbs = [verb for verb in allowed_verbs(steps, obj, by) if verb in only]
    verbs.sort(key=lambda verb: (verb in NEGATIVE, verb not in FIRST))
    return [
        _form(kind, obj, verb, steps[verb], refused if refused and refused.verb == verb else None, (likely or {}).get(verb))
        for verb in verbs
    ]


def entry_forms(kind: str, obj: Any, entries: Mapping[str, Entry], *, refused: Refused | None = None) -> list[StepForm]:
    """The same for facts that are no steps (`portal.entries`)."""
    return [
        StepForm(
            verb=name,
            label=entry.label,
            url=reverse("entry", args=[kind, obj.pk, name]),
            seen=getattr(obj, "version", 0),
            fields=draw(
                entry.params,
                prefix=name,
                typed=refused.typed if refused and refused.verb == name else None,
                problems=refused.error.problems if refused and refused.verb == name else (),
            ),
            needs_note=False,
            offers_note=False,
            note="",
            note_problems=(),
            is_open=refused is not None and refused.verb == name,
        )
        for name, entry in entries.items()
    ]


def _form(kind: str, obj: Any, verb: str, step: Step, refused: Refused | None, likely: Mapping[str, str] | None) -> StepForm:
    problems = refused.error.problems if refused else ()
    typed = refused.typed if refused else None
    return StepForm(
        verb=verb,
        label=step.label,
        url=reverse("step", args=[kind, obj.pk, verb]),
        seen=obj.version,
        fields=draw(step.params, prefix=verb, typed=typed, problems=problems, likely=likely),
        needs_note=step.needs_note,
        offers_note=step.needs_note or verb == "pass",
        note=typed.get("note", "") if typed else "",
        note_problems=[problem for problem in problems if problem.field == "note"],
        is_open=refused is not None,
    )


def life(
    kind: str,
    obj: Any,
    steps: Mapping[str, Step],
    by: Person,
    *,
    only: Container[str],
    refused: Refused | None = None,
    likely: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """What the page of any row with a life tells: what was done, what may be done now, and why the last step was refused."""
    return {
        "timeline": events_of(obj, steps, by),
        "steps": panel(kind, obj, steps, by, refused=refused, only=only, likely=likely),
        "refused": explained(refused, steps),
    }


def explained(refused: Refused | None, steps: Mapping[str, Step | Entry]) -> dict[str, Any]:
    """What the top of the page says about a refusal: the sentence, each problem, and for a stale page what happened meanwhile."""
    if refused is None:
        return {}
    error = refused.error
    step = steps.get(refused.verb)
    changed = error.changed if isinstance(error, Stale) else ()
    return {
        "verb": refused.verb,
        "label": step.label if step else refused.verb,
        "message": error.message,
        "problems": error.problems if error.problems and error.problems[0].message != error.message else (),
        "remedy": "" if len(error.problems) != 1 else error.problems[0].remedy,
        "loose": unplaced(step.params if step else (), error.problems),
        "changed": [event | {"label": _label_of(steps, event["verb"])} for event in changed],
        "note": refused.typed.get("note", "") if changed else "",
    }


def _label_of(steps: Mapping[str, Step | Entry], verb: str) -> Any:
    return steps[verb].label if verb in steps else verb
