"""What steps leave in the audit, and what of it an outdated page is told."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from common.errors import Stale
from common.models import AuditEvent
from common.steps import record, record_many, take
from projects.models import Filing
from tests.common.steps.cases import STEPS, events
from tests.factories import NOW


def test_stale_tells_the_own_organisation_everything_that_happened(draft, cast):
    take(STEPS, "send", draft, by=cast.su, at=NOW, seen=draft.version, note="已补齐", changes={"returns": 1})

    with pytest.raises(Stale) as refused:
        take(STEPS, "drop", Filing.objects.get(pk=draft.pk), by=cast.lin, at=NOW, seen=draft.version - 1, note="撤")

    (told,) = refused.value.changed
    assert told == {
        "verb": "send",
        "by": cast.su.label,
        "at": timezone.localtime(NOW).isoformat(),
        "note": "已补齐",
        "changes": {"returns": [0, 1]},
    }
    assert refused.value.version == draft.version


def test_stale_is_no_window_into_another_tenant(draft, cast):
    take(STEPS, "send", draft, by=cast.lin, at=NOW, seen=draft.version, note="内部意见", changes={"returns": 1})

    with pytest.raises(Stale) as refused:
        take(STEPS, "drop", Filing.objects.get(pk=draft.pk), by=cast.mo_firm, at=NOW, seen=0, note="撤")

    assert refused.value.changed == ()


def test_stale_tells_another_organisation_that_may_act_who_but_not_what(draft, cast):
    record(draft, "examine", by=cast.chen, at=NOW, note="只供内部", changes={"secret": [1, 2]})

    with pytest.raises(Stale) as refused:
        take(STEPS, "send", draft, by=cast.lin, at=NOW, seen=draft.version - 1)

    assert refused.value.changed == ({"verb": "examine", "by": cast.chen.label, "at": timezone.localtime(NOW).isoformat()},)


def test_stale_does_not_tell_a_record_of_the_version_that_was_seen(draft, cast):
    record(draft, "read", by=cast.lin, at=NOW)
    seen = draft.version
    take(STEPS, "send", draft, by=cast.su, at=NOW, seen=seen)
    record(draft, "examine", by=cast.su, at=NOW)

    with pytest.raises(Stale) as refused:
        take(STEPS, "drop", Filing.objects.get(pk=draft.pk), by=cast.lin, at=NOW, seen=seen, note="撤")

    assert [told["verb"] for told in refused.value.changed] == ["send", "examine"]


def test_record_changes_no_version(draft, cast):
    record(draft, "read", by=cast.chen, at=NOW, changes={"file": "甲"})
    record_many([draft], "read", by={draft.pk: cast.hu}, at=NOW + timedelta(minutes=1))

    assert [(event.verb, event.by_user_id, event.target) for event in events(draft)] == [
        ("read", cast.chen.user_id, "draft"),
        ("read", cast.hu.user_id, "draft"),
    ]
    assert Filing.objects.get(pk=draft.pk).version == draft.version


def test_audit_events_can_be_neither_changed_nor_deleted(draft, cast):
    event = record(draft, "read", by=cast.chen, at=NOW)

    for forbidden in (lambda: AuditEvent.objects.filter(pk=event.pk).update(note="改"), event.delete):
        with pytest.raises(Exception, match="Cannot "), transaction.atomic():
            forbidden()
