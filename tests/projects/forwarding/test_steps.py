"""Cases gathered, frozen under a letter, and sent up together."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import AuditEvent
from projects import candidate_list, review
from projects.forwarding import scans, steps
from projects.models import Filing, ForwardBatch, ForwardedCase
from tests import factories
from tests.factories import NOW, TODAY
from tests.projects.cases import passed

PDF = b"%PDF-1.7 scan"
LETTER = {"number": "洪经信函〔2026〕3号", "dated_on": TODAY}


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def at_the_checker(world, cast, number=3):
    """Cases of Hongshan that its handler has passed."""
    filings = factories.filings(world, factories.firms(world, number), state="in_review")
    return [passed(filing, cast.chen) for filing in filings]


def prepared(world, cast, number=3, *, by=None, unit="IND-420111"):
    at_the_checker(world, cast, number)
    return steps.prepare(world[unit], batch=world.batches[0], by=by or cast.hu, at=NOW)


def scanned(forward, by, *, content=PDF):
    scans.attach(forward, upload=SimpleUploadedFile("盖章公文.pdf", content), by=by, at=NOW)
    return ForwardBatch.objects.with_offices().get(pk=forward.pk)


def frozen(world, cast, number=3):
    forward = prepared(world, cast, number)
    return scanned(steps.freeze(forward, by=cast.hu, at=NOW, seen=0), cast.hu)


def on_list(forward):
    return list(ForwardedCase.objects.filter(forward=forward, pulled_at=None).order_by("filing").values_list("filing", flat=True))


def test_a_batch_begins_with_every_case_that_waits_and_no_other(world, cast):
    ready = at_the_checker(world, cast, 2)
    factories.filing(world, state="in_review")  # still with the handler
    elsewhere = factories.filing(world, state="in_review", region="420115")

    forward = steps.prepare(world["IND-420111"], batch=world.batches[0], by=cast.hu, at=NOW)

    assert on_list(forward) == sorted(row.pk for row in ready)
    assert (forward.state, forward.to_unit, elsewhere.pk in on_list(forward)) == ("draft", world["IND-420100"], False)
    event = AuditEvent.objects.get(subject="projects.forwardbatch")
    assert (event.verb, event.changes) == ("prepare", {"cases": on_list(forward)})


def test_a_case_stands_on_one_list_of_a_unit_at_a_time(world, cast):
    forward = prepared(world, cast, 2)
    (late,) = at_the_checker(world, cast, 1)

    other = steps.prepare(world["IND-420111"], batch=world.batches[0], by=cast.hu, at=NOW)

    assert (on_list(other), len(on_list(forward))) == ([late.pk], 2)
    with pytest.raises(Invalid) as nothing:
        steps.prepare(world["IND-420111"], batch=world.batches[0], by=cast.hu, at=NOW)
    assert nothing.value.problems[0].code == "nothing_waits"


def test_a_case_of_a_later_batch_waits_for_its_own(world, cast):
    early, late = at_the_checker(world, cast, 2)
    Filing.objects.filter(pk=late.pk).update(batch=world.batches[1])

    forward = steps.prepare(world["IND-420111"], batch=world.batches[0], by=cast.hu, at=NOW)

    assert on_list(forward) == [early.pk]


def test_only_the_unit_itself_prepares_and_sends(world, cast):
    at_the_checker(world, cast, 1)

    for by in (cast.mo_county, cast.wang, cast.zhao, cast.lin, cast.qian):
        with pytest.raises(NotAllowed):
            steps.prepare(world["IND-420111"], batch=world.batches[0], by=by, at=NOW)
    forward = steps.prepare(world["IND-420111"], batch=world.batches[0], by=cast.hu, at=NOW)
    for by in (cast.mo_county, cast.wang, cast.lin):
        with pytest.raises(NotAllowed):
            steps.freeze(forward, by=by, at=NOW, seen=forward.version)


def test_cases_move_together_with_the_letter(world, cast):
    forward = frozen(world, cast)

    sent = steps.send(forward, by=cast.hu, at=NOW, seen=forward.version, **LETTER)

    assert (sent.state, sent.number, sent.list_version, len(sent.content)) == ("sent", LETTER["number"], 1, 3)
    filings = Filing.objects.filter(pk__in=on_list(sent)).select_related("current_step")
    assert {(row.state, row.current_step.unit_id, row.batch_id) for row in filings} == {
        ("in_review", world["IND-420100"].pk, world.batches[0].pk)
    }
    assert AuditEvent.objects.filter(verb="pass", note="随 洪经信函〔2026〕3号 上报").count() == 3


def test_none_moves_when_one_cannot(world, cast):
    forward = frozen(world, cast)
    first = Filing.objects.get(pk=on_list(forward)[0])
    review.return_step(first, by=cast.hu, at=NOW, seen=first.version, note="请补充", fields=["content"])

    with pytest.raises(Invalid) as refused:
        steps.send(forward, by=cast.hu, at=NOW, seen=forward.version, **LETTER)

    assert [problem.code for problem in refused.value.problems] == ["not_here"]
    assert not AuditEvent.objects.filter(verb="pass", note__startswith="随").exists()
    assert ForwardBatch.objects.get(pk=forward.pk).state == "frozen"

    forward = steps.pull_back(forward, filing=first.pk, by=cast.hu, at=NOW, seen=forward.version, note="退回补充")
    assert steps.send(forward, by=cast.hu, at=NOW, seen=forward.version, **LETTER).state == "sent"
    assert len(on_list(forward)) == 2


def test_who_may_not_pass_a_case_cannot_send_it(world, cast):
    """Chen handled the cases; the letter is not a way around four eyes."""
    forward = frozen(world, cast, 1)

    with pytest.raises(Invalid) as refused:
        steps.send(forward, by=cast.chen, at=NOW, seen=forward.version, **LETTER)

    assert [problem.code for problem in refused.value.problems] == ["refused"]


@pytest.mark.parametrize("is_frozen", [False, True])
def test_a_case_is_pulled_back_with_its_reason(is_frozen, world, cast):
    forward = prepared(world, cast)
    if is_frozen:
        forward = steps.freeze(forward, by=cast.hu, at=NOW, seen=forward.version)
    before, pulled = forward.sha256, on_list(forward)[0]

    forward = steps.pull_back(forward, filing=pulled, by=cast.hu, at=NOW, seen=forward.version, note="设备清单有误")

    case = ForwardedCase.objects.get(forward=forward, filing=pulled)
    assert (case.pulled_reason, case.pulled_at, pulled in on_list(forward)) == ("设备清单有误", NOW, False)
    assert forward.list_version == (2 if is_frozen else 0)
    assert (forward.sha256 != before) is is_frozen
    assert pulled not in [row["filing"] for row in forward.content]
    forward = steps.prepare(world["IND-420111"], batch=world.batches[0], by=cast.hu, at=NOW)
    assert on_list(forward) == [pulled]


def test_pulling_back_needs_a_reason_and_a_case_that_is_there_and_leaves_one(world, cast):
    forward = prepared(world, cast, 1)
    (only,) = on_list(forward)

    for filing, note, code in ((only, "", "required"), (only, "x", "last_one"), (only + 1, "x", "not_on_list")):
        with pytest.raises(Invalid) as refused:
            steps.pull_back(forward, filing=filing, by=cast.hu, at=NOW, seen=forward.version, note=note)
        assert code in [problem.code for problem in refused.value.problems]


def test_a_list_that_tells_otherwise_than_the_case_is_not_sent(world, cast):
    forward = frozen(world, cast, 1)
    filing = Filing.objects.select_related("project").get(pk=on_list(forward)[0])
    filing.project.name = "另一个名称"
    filing.project.save(update_fields=["name"])

    with pytest.raises(Invalid) as refused:
        steps.send(forward, by=cast.hu, at=NOW, seen=forward.version, **LETTER)

    assert [problem.code for problem in refused.value.problems] == ["changed"]


def test_the_letter_goes_with_number_and_scan(world, cast):
    forward = steps.freeze(prepared(world, cast, 1), by=cast.hu, at=NOW, seen=0)
    forward = ForwardBatch.objects.with_offices().get(pk=forward.pk)

    with pytest.raises(Invalid) as refused:
        steps.send(forward, by=cast.hu, at=NOW, seen=forward.version, **LETTER)

    assert [problem.field for problem in refused.value.problems] == ["scan"]


def test_a_number_is_used_once_by_a_unit(world, cast):
    first = frozen(world, cast, 1)
    steps.send(first, by=cast.hu, at=NOW, seen=first.version, **LETTER)
    second = frozen(world, cast, 1)

    with pytest.raises(Invalid) as refused:
        steps.send(second, by=cast.hu, at=NOW, seen=second.version, **LETTER)

    assert [problem.field for problem in refused.value.problems] == ["number"]


def test_scans_are_papers_taken_once_and_not_before_there_is_a_letter(world, cast):
    forward = prepared(world, cast, 1)
    with pytest.raises(Conflict):
        scanned(forward, cast.hu)
    forward = steps.freeze(forward, by=cast.hu, at=NOW, seen=0)
    with pytest.raises(Invalid):
        scanned(forward, cast.hu, content=b"MZ")
    with pytest.raises(NotAllowed):
        scanned(forward, cast.wang)

    for _again in range(2):
        forward = scanned(forward, cast.hu)

    assert [row.name for row in forward.scans.all()] == ["盖章公文.pdf"]


def test_a_void_batch_lets_its_cases_wait_again(world, cast):
    forward = frozen(world, cast, 2)

    steps.void(forward, by=cast.hu, at=NOW, seen=forward.version, note="重新编制")

    again = steps.prepare(world["IND-420111"], batch=world.batches[0], by=cast.hu, at=NOW)
    assert (len(on_list(again)), on_list(forward)) == (2, [])


def test_a_frozen_batch_takes_no_more_cases_until_it_is_reopened(world, cast):
    forward = frozen(world, cast, 1)
    at_the_checker(world, cast, 1)

    with pytest.raises(Conflict):
        steps.gather(forward, by=cast.hu, at=NOW, seen=forward.version)
    forward = steps.reopen(forward, by=cast.hu, at=NOW, seen=forward.version, note="补报")
    forward = steps.gather(forward, by=cast.hu, at=NOW, seen=forward.version)

    assert len(on_list(forward)) == 2
    with pytest.raises(Stale):
        steps.freeze(forward, by=cast.hu, at=NOW, seen=0)


def test_the_province_reports_what_is_in_its_pool_and_not_held(world, cast):
    first, held = factories.filings(world, factories.firms(world, 2), state="in_pool")
    held = candidate_list.hold(held, by=cast.zhao, at=NOW, seen=held.version, note="环评待补")

    forward = steps.prepare(world["IND-420000"], batch=world.batches[0], by=cast.zhao, at=NOW)
    forward = scanned(steps.freeze(forward, by=cast.zhao, at=NOW, seen=0), cast.zhao)
    forward = steps.send(forward, by=cast.zhao, at=NOW, seen=forward.version, number="鄂经信函〔2026〕9号", dated_on=dt.date(2026, 3, 20))

    assert (forward.to_unit, forward.receiver, on_list(forward)) == (None, "工业和信息化部", [first.pk])
    assert set(Filing.objects.filter(pk__in=[first.pk, held.pk]).values_list("pk", "state")) == {(first.pk, "reported"), (held.pk, "held")}
    assert candidate_list.release(held, by=cast.zhao, at=NOW, seen=held.version).state == "in_pool"


def test_a_list_is_seen_by_its_unit_and_after_sending_by_whom_it_went_to(world, cast):
    forward = frozen(world, cast, 1)

    def readers():
        names = ("chen", "hu", "wang", "zhao", "mo_county", "dong", "lin", "bai", "qian")
        return {name for name in names if ForwardBatch.objects.visible_to(getattr(cast, name)).exists()}

    assert readers() == {"chen", "hu"}
    steps.send(forward, by=cast.hu, at=NOW, seen=forward.version, **LETTER)
    assert readers() == {"chen", "hu", "wang"}
