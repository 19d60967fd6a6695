"""Two officers at the same cases at the same moment: a case stands on one list, and goes up once."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.errors import Invalid, Stale
from common.models import AuditEvent
from projects.forwarding import scans, steps
from projects.models import ForwardBatch, ForwardedCase
from tests.common.steps.test_at_once import in_threads
from tests.factories import NOW
from tests.projects.forwarding.test_steps import LETTER, PDF, at_the_checker

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_begin_and_two_send_and_each_case_moves_once(world, cast, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    at_the_checker(world, cast, 2)

    def begin():
        return steps.prepare(world["IND-420111"], batch=world.batches[0], by=cast.hu, at=NOW)

    begun = in_threads(begin, begin)

    assert {type(answer) for answer in begun} == {ForwardBatch, Invalid}
    forward = next(answer for answer in begun if isinstance(answer, ForwardBatch))
    assert ForwardedCase.objects.count() == 2
    steps.freeze(forward, by=cast.hu, at=NOW, seen=0)
    scans.attach(forward, upload=SimpleUploadedFile("公文.pdf", PDF), by=cast.hu, at=NOW)

    def send():
        return steps.send(ForwardBatch.objects.with_offices().get(pk=forward.pk), by=cast.hu, at=NOW, seen=1, **LETTER)

    sent = in_threads(send, send)

    assert {type(answer) for answer in sent} == {ForwardBatch, Stale}
    assert AuditEvent.objects.filter(verb="pass", note__startswith="随").count() == 2
