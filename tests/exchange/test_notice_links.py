"""Every notice leads somewhere: each kind of the table is told of the samples of the permission matrix, and its link opens for whoever got it."""

import pytest

from common.models import AuditEvent, Deadline
from exchange import telling
from exchange.models import Channel, Notice
from exchange.notices import KINDS
from matching.models import Scenario
from projects.models import Filing
from tests.permissions import samples
from tests.permissions.asking import OPEN, ask
from tests.permissions.readers import Reader

pytestmark = pytest.mark.django_db

MARKS = ("reminded_at_50", "reminded_at_80", "overdue_noticed_at")


def happened(scene, kind):
    """An event of that kind on each sample it can happen to, as if its clock had just passed a mark."""
    subjects = [row for row in scene.rows.values() if row._meta.label_lower == kind.subject]
    for row in {row.pk: row for row in subjects}.values():
        unit = getattr(row, "to_unit", None) or getattr(row, "unit", None)
        clock = "escalation" if kind.verb == "escalate" else "review" if isinstance(row, Filing) else "other"
        office = unit.organisation_id if unit else scene.users["chen"].memberships.first().organisation_id
        facts = {"subject": kind.subject, "subject_id": row.pk, "kind": clock, "organisation_id": office}
        times = dict.fromkeys(("starts_at", "due_at", *MARKS), samples.NOW)
        Deadline.objects.get_or_create(**facts, defaults=times | {"closed_at": samples.NOW, "province": row.province})
        yield AuditEvent.objects.create(
            subject=kind.subject,
            subject_id=row.pk,
            verb=kind.verb,
            target=kind.target or getattr(row, "state", ""),
            by_label="系统",
            at=samples.NOW,
            province=row.province,
        )


def test_every_kind_is_told_and_its_link_opens_for_whoever_was_told(scene):
    Scenario.objects.update(asked_by=scene.users["zhao"])
    events = [event for kind in KINDS for event in happened(scene, kind)]
    telling.tell(events, at=samples.NOW)
    rows = list(Notice.objects.filter(event__in=events, channel=Channel.IN_APP).select_related("recipient"))

    links = {(row.recipient, row.link): row.kind for row in rows}
    opened = {f"{kind} {user.username} {link}": ask(Reader(user.username, user), "GET", link).said for (user, link), kind in links.items()}

    assert {kind.code for kind in KINDS} - {row.kind for row in rows} == set()
    assert {which: said for which, said in opened.items() if said != OPEN} == {}
    assert len(opened) > 40
