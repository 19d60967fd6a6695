"""Each reader's own history of a case."""

from projects import review
from projects.case import consultations, records
from projects.disclosures import disclose
from projects.history import timeline
from projects.models import Filing
from tests.factories import NOW, TODAY
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

    with django_assert_num_queries(3):
        assert len(timeline(filing, cast.lin)) == 9


def test_what_happened_at_the_case_is_told_with_it_to_each_his_own(world, cast):
    filing = submitted(world, cast)
    records.check(filing, kind="credit_list", result="clear", checked_on=TODAY, by=cast.chen, at=NOW)
    records.note(filing, text="内部", by=cast.chen, at=NOW)
    records.message(filing, text="请补充", by=cast.chen, at=NOW)
    row = consultations.ask(filing, to_unit="NDRC-420111", question="是否符合？", by=cast.chen, at=NOW)
    consultations.recall(row, by=cast.chen, at=NOW, seen=row.version, note="改为电话")

    told = {name: [str(event.label) for event in timeline(filing, getattr(cast, name))][-5:] for name in ("chen", "wang", "lin")}

    assert told == {
        "chen": ["登记核查", "内部备注", "留言", "发出会商", "收回会商"],
        "wang": ["开始填写", "提交", "登记核查", "发出会商", "收回会商"],
        "lin": ["开始填写", "提交", "留言"],
    }


def test_the_firm_is_told_that_a_third_return_went_up(world, cast):
    filing = submitted(world, cast)
    for _time in range(3):
        review.return_step(filing, by=cast.chen, at=NOW, seen=filing.version, note="x", fields=["name"])
        if filing.returns < 3:
            review.resubmit(filing, by=cast.lin, at=NOW, seen=filing.version)

    assert "多次退回，报请上一级单位关注。" in [event.note for event in timeline(filing, cast.lin)]
