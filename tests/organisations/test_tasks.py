"""Tasks of the clock: twice is as good as once."""

from datetime import timedelta

import pytest

from common.models import AuditEvent, AuditSeal, IdempotencyKey
from organisations.clock import now
from organisations.tasks import forget_answers, seal_audit
from tests.factories import HUBEI, NOW


@pytest.mark.django_db(transaction=True)
def test_sealing_twice_seals_once(alone_on_the_server):
    AuditEvent.objects.create(subject="x.y", subject_id=1, verb="v", by_label="甲", at=NOW, province=HUBEI)

    digest = seal_audit()

    assert seal_audit() == ""
    assert AuditSeal.objects.get().digest == digest


@pytest.mark.django_db
def test_answers_are_kept_thirty_days():
    for key, age in (("old", 31), ("new", 29)):
        IdempotencyKey.objects.create(organisation_id=1, route="/x", key=key, body_sha256="", at=now() - timedelta(days=age))

    assert forget_answers() == 1
    assert IdempotencyKey.objects.get().key == "new"
