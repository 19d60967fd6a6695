"""A firm comes aboard by its code and papers; a second claim of a code is somebody's to decide."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.errors import Invalid, NotAllowed
from common.models import AuditEvent
from organisations import codes, registering, staff
from organisations.actors import person
from organisations.identifiers import make_uscc
from organisations.models import AccessCode, Membership, Organisation, Registration
from tests.factories import NOW

pytestmark = pytest.mark.django_db
CODE = make_uscc("420111", 777)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def papers(content=b"%PDF-1.7 licence"):
    return {name: SimpleUploadedFile(f"{name}.pdf", content) for name in ("licence", "authorisation")}


def claim(world, uscc=CODE, **changed):
    values = {
        "uscc": uscc,
        "firm_name": "湖北新来设备有限公司",
        "region": world["420111"].pk,
        "applicant_name": "新来",
        "applicant_phone": "139",
    }
    return registering.register(values | changed, papers(), at=NOW)


def test_claim_waits_for_the_unit_of_its_place(world, cast):
    row, text = claim(world)

    assert (row.state, row.unit.code, row.firm) == ("submitted", "IND-420111", None)
    assert registering.find(text.lower().replace("-", " ")) == row
    assert (
        AuditEvent.objects.filter(subject="organisations.registration", subject_id=row.pk).values_list("verb", flat=True).get()
        == "register"
    )


def test_what_is_wrong_is_said_at_once(world, cast):
    values = {"uscc": CODE[:-1] + "A", "firm_name": "某", "region": world["420111"].pk, "applicant_name": "某", "applicant_phone": "1"}

    with pytest.raises(Invalid) as refused:
        registering.register(values, {"licence": SimpleUploadedFile("a.exe", b"MZ")}, at=NOW)

    assert {problem.field for problem in refused.value.problems} == {"uscc", "licence", "authorisation"}


def test_admission_makes_the_firm_and_its_owner_chooses_a_password(world, cast):
    row, text = claim(world)

    registering.admit(row, by=cast.chen, at=NOW, seen=0)
    owner = codes.redeem(codes.find(text, address="10.0.0.1", at=NOW), username="xinlai", password="k7-mountain-river", at=NOW)

    firm = Organisation.objects.get(uscc=CODE)
    assert Registration.objects.get(pk=row.pk).firm == firm
    assert [(seat.organisation_id, seat.role) for seat in person(owner, at=NOW).seats] == [(firm.pk, "firm_owner")]


@pytest.mark.parametrize("stranger", ["mo_county", "wang", "zhao", "lin"])
def test_only_the_unit_of_the_place_admits(world, cast, stranger):
    row, _text = claim(world)

    with pytest.raises(NotAllowed):
        registering.admit(row, by=getattr(cast, stranger), at=NOW, seen=0)


def test_refusal_tells_reason_and_remedy(world, cast):
    row, text = claim(world)

    registering.refuse(row, by=cast.chen, at=NOW, seen=0, code="not_authorised")

    assert "授权书" in registering.find(text).told
    with pytest.raises(Invalid):
        codes.find(text, address="10.0.0.1", at=NOW)


def test_second_claim_of_a_code_is_a_dispute_that_ends_one_ownership(world, cast):
    row, text = claim(world, uscc=cast.firm.uscc)
    assert (row.state, row.firm) == ("disputed", cast.firm)

    registering.uphold(row, by=cast.zhao, at=NOW, seen=0, note="原负责人已离职")
    codes.redeem(codes.find(text, address="10.0.0.1", at=NOW), username="xinlai", password="k7-mountain-river", at=NOW)

    owners = Membership.objects.filter(organisation=cast.firm, role="firm_owner", valid_to=None)
    assert [seat.user.username for seat in owners] == ["xinlai"]
    assert person(cast.users["lin"], at=NOW).seats == ()


def test_of_two_claims_on_the_way_none_takes_the_firm_from_the_other_unseen(world, cast):
    first, text = claim(world)
    second, other_text = claim(world, applicant_name="另一人", applicant_phone="138")
    assert (first.state, second.state) == ("submitted", "disputed")

    registering.uphold(second, by=cast.chen, at=NOW, seen=0, note="授权书属实")
    first.refresh_from_db()
    third, _text = claim(world, applicant_name="第三人", applicant_phone="137")

    assert (first.state, first.firm_id, third.state) == ("disputed", second.firm_id, "disputed")
    registering.uphold(first, by=cast.chen, at=NOW, seen=first.version, note="后查明为前者")
    assert codes.find(text, address="10.0.0.1", at=NOW).role == "firm_owner"
    with pytest.raises(Invalid):
        codes.find(other_text, address="10.0.0.1", at=NOW)


def test_whom_an_ousted_owner_invited_does_not_come_in_any_more(world, cast):
    invited = staff.invite(cast.firm, name="小李", role="firm_clerk", by=cast.lin, at=NOW)
    row, _text = claim(world, uscc=cast.firm.uscc)

    registering.uphold(row, by=cast.zhao, at=NOW, seen=0, note="原负责人已离职")

    with pytest.raises(Invalid):
        codes.find(invited.text, address="10.0.0.1", at=NOW)


def test_dismissed_dispute_changes_nobody(world, cast):
    row, _text = claim(world, uscc=cast.firm.uscc)

    registering.dismiss(row, by=cast.chen, at=NOW, seen=0, code="already_aboard")

    assert person(cast.users["lin"], at=NOW).organisation_ids == {cast.firm.pk}
    assert not AccessCode.objects.exists()
