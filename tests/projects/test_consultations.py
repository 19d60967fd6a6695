"""Another unit is asked: it sees the case for that only, answers in its days, and the case waits for nobody."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import AuditEvent, Deadline
from common.workdays import SHANGHAI
from organisations import interests
from organisations.actors import person
from projects import review
from projects.case import consultations, files
from projects.models import CaseFile, Consultation, Filing
from tests import people
from tests.factories import NOW
from tests.projects.cases import day, submitted

PDF = b"%PDF-1.7 stamped opinion"


@pytest.fixture
def filing(world, cast):
    return submitted(world, cast)


@pytest.fixture
def li(world):
    """An officer of the county's development and reform bureau, which is not in the case's chain."""
    return people.member(world["NDRC-420111"].organisation, "handler")


def asked(filing, by, *, unit="NDRC-420111", at=NOW):
    return consultations.ask(filing, to_unit=unit, question="是否符合产业政策？", by=by, at=at)


def test_the_asked_unit_has_its_days_and_a_clock(world, cast, filing):
    row = asked(filing, cast.chen)

    assert (row.state, row.from_unit.code, row.to_unit.code) == ("open", "IND-420111", "NDRC-420111")
    assert row.due_at.astimezone(SHANGHAI).date() == dt.date(2026, 3, 9)  # five working days after Monday 2 March
    clock = Deadline.objects.get(subject="projects.consultation", subject_id=row.pk)
    assert (clock.kind, clock.organisation_id, clock.due_at) == ("consultation", world["NDRC-420111"].organisation_id, row.due_at)
    event = AuditEvent.objects.get(subject="projects.consultation")
    assert (event.verb, event.note, event.changes) == ("ask", "是否符合产业政策？", {"to_unit": "NDRC-420111"})


def test_the_asked_unit_sees_the_case_until_it_has_answered(cast, filing, li):
    assert not Filing.objects.visible_to(li).exists()

    row = asked(filing, cast.chen)
    during = list(Filing.objects.visible_to(li))
    consultations.answer(row, by=li, at=NOW, seen=row.version, opinion="agrees")

    assert during == [filing]
    assert not Filing.objects.visible_to(li).exists()
    assert list(Consultation.objects.visible_to(li)) == [row]


def test_firm_and_strangers_never_see_a_consultation(cast, filing, li):
    row = asked(filing, cast.chen)

    seen = {name: Consultation.objects.visible_to(getattr(cast, name)).exists() for name in ("lin", "mo_county", "bai", "wang", "chen")}

    assert seen == {"lin": False, "mo_county": False, "bai": False, "wang": True, "chen": True}
    assert row.pk


def test_answering_closes_the_clock_and_keeps_the_stamped_file(cast, filing, li, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    row = asked(filing, cast.chen)

    consultations.answer(
        row, by=li, at=day(3, 4), seen=row.version, opinion="objects", answer="属限制类", upload=[SimpleUploadedFile("意见.pdf", PDF)]
    )

    row = Consultation.objects.get(pk=row.pk)
    assert (row.state, row.opinion, row.answer, row.answered_by_id) == ("answered", "objects", "属限制类", li.user_id)
    assert not Deadline.objects.filter(subject="projects.consultation", closed_at=None).exists()
    file = CaseFile.objects.get()
    assert (file.name, files.find(file.pk, by=cast.hu), files.find(file.pk, by=li)) == ("意见.pdf", file, file)


def test_its_file_is_not_there_for_who_does_not_see_it(cast, filing, li, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    row = asked(filing, cast.chen)
    consultations.answer(row, by=li, at=NOW, seen=row.version, opinion="agrees", upload=[SimpleUploadedFile("意见.pdf", PDF)])

    for stranger in (cast.lin, cast.mo_county, cast.bai):
        with pytest.raises(files.NotFound):
            files.find(CaseFile.objects.get().pk, by=stranger)


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        ([SimpleUploadedFile("a.pdf", b"MZ program")], "not_taken"),
        ([SimpleUploadedFile("a.pdf", b"")], "empty"),
        ([SimpleUploadedFile(f"{n}.pdf", PDF + bytes([n])) for n in range(4)], "too_many"),
    ],
)
def test_what_is_no_paper_is_refused_and_nothing_is_half_saved(upload, code, cast, filing, li, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    row = asked(filing, cast.chen)

    with pytest.raises(Invalid) as refused:
        consultations.answer(row, by=li, at=NOW, seen=row.version, opinion="agrees", upload=upload)

    assert [problem.code for problem in refused.value.problems] == [code]
    assert Consultation.objects.get().state == "open"


def test_an_objection_says_why(cast, filing, li):
    row = asked(filing, cast.chen)

    with pytest.raises(Invalid) as refused:
        consultations.answer(row, by=li, at=NOW, seen=row.version, opinion="with_remarks", answer=" ")

    assert [problem.field for problem in refused.value.problems] == ["answer"]


@pytest.mark.parametrize("name", ["lin", "wang", "mo_county", "bai", "dong"])
def test_only_the_unit_where_the_case_lies_asks(name, cast, filing):
    with pytest.raises(NotAllowed):
        asked(filing, getattr(cast, name))

    assert not Consultation.objects.exists()


@pytest.mark.parametrize(
    ("unit", "code"), [("IND-420111", "unknown_choice"), ("IND-420205", "unknown_choice"), ("NOWHERE", "unknown_choice")]
)
def test_offices_of_elsewhere_and_the_own_cannot_be_asked(unit, code, cast, filing):
    with pytest.raises(Invalid) as refused:
        asked(filing, cast.chen, unit=unit)

    assert [problem.code for problem in refused.value.problems] == [code]


def test_a_unit_is_asked_once_at_a_time(cast, filing):
    row = asked(filing, cast.chen)

    with pytest.raises(Invalid):
        asked(filing, cast.hu)

    consultations.recall(row, by=cast.hu, at=NOW, seen=row.version, note="已电话确认")
    assert asked(filing, cast.chen).pk != row.pk


def test_others_do_not_answer_and_the_second_answer_comes_too_late(world, cast, filing, li):
    row, second = asked(filing, cast.chen), people.member(world["NDRC-420111"].organisation, "checker")
    with pytest.raises(NotAllowed):
        consultations.answer(row, by=cast.wang, at=NOW, seen=row.version, opinion="agrees")

    consultations.answer(Consultation.objects.get(), by=li, at=NOW, seen=0, opinion="agrees")

    with pytest.raises(Stale):
        consultations.answer(row, by=second, at=NOW, seen=0, opinion="objects", answer="x")
    with pytest.raises(Conflict):
        consultations.answer(row, by=second, at=NOW, seen=1, opinion="objects", answer="x")
    assert Consultation.objects.get().opinion == "agrees"


def test_an_officer_with_an_interest_in_the_firm_does_not_answer(cast, filing, li):
    row = asked(filing, cast.chen)
    interests.declare(cast.firm, reason="近亲属任职", by=li, at=NOW)
    recused = person(people.User.objects.get(pk=li.user_id), at=NOW)

    with pytest.raises(NotAllowed) as refused:
        consultations.answer(row, by=recused, at=NOW, seen=row.version, opinion="agrees")

    assert refused.value.code == "recused"


def test_the_case_passes_while_it_is_open_and_the_page_can_warn(cast, filing):
    row = asked(filing, cast.chen)

    assert consultations.open_of(filing) == [row]
    passed = review.pass_step(filing, by=cast.chen, at=NOW, seen=filing.version)

    assert passed.current_step.position == 2
    assert Consultation.objects.get().state == "open"


def test_a_case_that_ends_recalls_what_was_asked(cast, filing, li):
    row = asked(filing, cast.chen)

    review.refuse(filing, by=cast.chen, at=NOW, seen=filing.version, note="属限制类")

    assert Consultation.objects.get(pk=row.pk).state == "recalled"
    assert not Filing.objects.visible_to(li).exists()
    assert not Deadline.objects.filter(subject="projects.consultation", closed_at=None).exists()


def test_overdue_is_shown_never_decided(cast, filing):
    row = asked(filing, cast.chen)

    assert list(Consultation.objects.overdue(at=row.due_at)) == []
    assert list(Consultation.objects.overdue(at=row.due_at + dt.timedelta(seconds=1))) == [row]
    assert Consultation.objects.get().state == "open"
