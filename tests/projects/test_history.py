"""Each reader's own history of a case."""

from projects import review
from projects.disclosures import disclose
from projects.history import timeline
from projects.models import Filing
from tests.factories import NOW
from tests.projects.cases import passed, submitted


def story(filing, by):
    return [(event.verb, event.by, event.note) for event in timeline(Filing.objects.get(pk=filing.pk), by)]


def returned(world, cast):
    filing = passed(submitted(world, cast), cast.chen, note="内部：企业负债偏高")
    return review.return_step(filing, by=cast.hu, at=NOW, seen=filing.version, note="请补正名称", fields=["name"])


def test_the_units_see_everything(world, cast):
    filing = returned(world, cast)

    assert story(filing, cast.zhao) == [
        ("start", cast.lin.label, ""),
        ("submit", cast.lin.label, ""),
        ("pass", cast.chen.label, "内部：企业负债偏高"),
        ("return", cast.hu.label, "请补正名称"),
    ]


def test_the_firm_sees_what_was_decided_not_what_officers_think(world, cast):
    filing = returned(world, cast)
    office = world["IND-420111"].organisation.name

    events = timeline(filing, cast.su)

    assert [(event.verb, event.by, event.note) for event in events] == [
        ("start", cast.lin.label, ""),
        ("submit", cast.lin.label, ""),
        ("pass", office, ""),
        ("return", office, "请补正名称"),
    ]
    assert [str(label) for label in events[-1].fields] == ["项目名称"]
    assert [str(event.label) for event in events] == ["开始填写", "提交", "通过", "退回修改"]


def test_a_bank_sees_that_it_was_listed_and_a_stranger_nothing_of_the_review(world, cast):
    filing = returned(world, cast)
    disclose(filing, world["ICBC-WH"].organisation, scope="file", basis="named", by=cast.system, at=NOW)

    assert story(filing, cast.bai) == []
    assert story(filing, cast.mo_firm) == []
    review.withdraw(filing, by=cast.lin, at=NOW, seen=filing.version, note="内部原因")
    assert story(filing, cast.bai) == [("withdraw", cast.firm.name, "")]


def test_any_number_of_events_costs_the_same(world, cast, django_assert_num_queries):
    filing = submitted(world, cast)
    for _time in range(3):
        filing = review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="x", fields=["name"])
        filing = review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)

    with django_assert_num_queries(2):
        assert len(timeline(filing, cast.lin)) == 8
