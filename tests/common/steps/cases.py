"""A small table of steps on filings, and the events that it leaves."""

from common.errors import Problem
from common.models import AuditEvent
from common.steps import Step
from organisations.actors import Person
from projects.models import Filing


def by_owner(filing: Filing, by: Person) -> bool:
    return by.seat(filing.firm_id) is not None


def titled(filing: Filing):
    if not filing.title:
        yield Problem("title", "required", "须有名称。", "请填写。")


STEPS = {
    "send": Step(frozenset({"draft"}), "withdrawn", by_owner, "送出", missing=titled),
    "drop": Step(
        frozenset({"draft", "in_pool"}), lambda filing: "withdrawn" if filing.returns else "retired", by_owner, "放弃", needs_note=True
    ),
}


def events(obj) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(subject="projects.filing", subject_id=obj.pk).order_by("id"))
