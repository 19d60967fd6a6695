"""A round's life: planned, frozen, solved, proposed, published, re-matched; and what stops it."""

import datetime as dt
from decimal import Decimal

import pytest

from common.errors import Conflict, Invalid, NotAllowed, Stale
from common.models import AuditEvent
from ledger.models import Entry, LedgerAccount
from matching import pins, refusals, rounds, solving
from matching.commitments import Commitments
from matching.models import NonMatch, Recommendation, Round, RoundData, Weights
from organisations.actors import system
from projects.models import Filing
from tests.factories import HUBEI, NOW, TODAY, WAN
from tests.matching import provinces

pytestmark = pytest.mark.django_db


def states(round_):
    """(need, rank) → state of each recommendation."""
    return {(row.need_id, row.rank): row.state for row in round_.recommendations.order_by("need", "rank")}


def test_round_goes_from_plan_to_publication(world, cast):
    wanted = provinces.needs(world, 3)

    round_, published = provinces.published(world, cast)

    assert (round_.number, round_.state, round_.attempt, round_.matched) == ("2026-01", "published", 1, 3)
    assert (round_.proposed_by_id, round_.published_by_id) == (cast.zhao.user_id, cast.sun.user_id)
    assert [row.need_id for row in published.leads] == [need.pk for need in wanted]
    assert states(round_) == {(need.pk, rank): "standby" if rank else "published" for need in wanted for rank in range(3)}
    verbs = AuditEvent.objects.filter(subject="matching.round", subject_id=round_.pk).order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["plan", "freeze", "start", "solve", "propose", "publish"]


def test_publication_holds_every_lead_on_branch_and_bank(world, cast):
    provinces.needs(world, 2, wan=2000, branches=("ICBC-WH",), open_to_other_banks=False)

    _round, published = provinces.published(world, cast)

    held = dict(LedgerAccount.objects.filter(kind="appetite", held__gt=0).values_list("code", "held"))
    assert held == {"appetite:ICBC-WH:2026": 4000 * WAN, "appetite:ICBC:2026": 4000 * WAN}
    entries = Entry.objects.filter(kind="hold", account__code="appetite:ICBC-WH:2026").order_by("seq")
    assert [entry.business_key for entry in entries] == [f"recommendation:{lead.pk}:hold" for lead in published.leads]
    assert [lead.hold_key for lead in published.leads] == [entry.business_key for entry in entries]
    assert {entry.expires_at.date() for entry in entries} == {TODAY + dt.timedelta(days=40)}


def test_publishing_again_answers_the_same_and_writes_nothing(world, cast):
    provinces.needs(world, 2)
    round_, first = provinces.published(world, cast)
    before = (Entry.objects.count(), AuditEvent.objects.count())

    again = rounds.publish(Round.objects.get(pk=round_.pk), by=cast.sun, at=provinces.LATER, seen=0)

    assert [[row.pk for row in group] for group in (again.leads, again.standbys, again.without_room)] == [
        [row.pk for row in group] for group in (first.leads, first.standbys, first.without_room)
    ]
    assert (Entry.objects.count(), AuditEvent.objects.count()) == before


def test_publication_takes_two_people(world, cast):
    provinces.needs(world)
    round_ = provinces.solved(world, cast)

    with pytest.raises(NotAllowed):  # nobody has proposed it
        rounds.publish(round_, by=cast.sun, at=NOW, seen=round_.version)
    rounds.propose(round_, by=cast.zhao, at=NOW, seen=round_.version)
    for person in (cast.zhao, cast.wang, cast.bai, cast.lin, cast.qian, cast.system):
        with pytest.raises(NotAllowed):
            rounds.publish(round_, by=person, at=NOW, seen=round_.version)

    assert Round.objects.get(pk=round_.pk).state == "solved"
    assert not LedgerAccount.objects.filter(held__gt=0).exists()


def test_publication_of_an_outdated_page_is_refused(world, cast):
    provinces.needs(world)
    round_ = provinces.solved(world, cast)
    seen = round_.version
    rounds.propose(round_, by=cast.zhao, at=NOW, seen=seen)

    with pytest.raises(Stale):
        rounds.publish(round_, by=cast.sun, at=NOW, seen=seen)


def test_lead_without_room_is_left_out_and_listed_with_the_others_published(world, cast):
    first, second = provinces.needs(world, 2, wan=2000, branches=("ICBC-WH",), open_to_other_banks=False)
    round_ = provinces.solved(world, cast)
    provinces.limit("ICBC-WH", 3000)
    rounds.propose(round_, by=cast.zhao, at=NOW, seen=round_.version)

    published = rounds.publish(round_, by=cast.sun, at=NOW, seen=round_.version)

    assert [row.need_id for row in published.leads] == [first.pk]
    assert [(row.need_id, row.state, row.hold_key) for row in published.without_room] == [(second.pk, "no_room", "")]
    assert LedgerAccount.objects.get(code="appetite:ICBC-WH:2026").held == 2000 * WAN


@pytest.mark.parametrize("event", ["withdrawn", "refused", "parked", "closed", "smaller", "busy"])
def test_lead_overtaken_by_events_is_not_published(world, cast, event):
    gone, stays = provinces.needs(world, 2, branches=("ICBC-WH",), open_to_other_banks=False)
    round_ = provinces.solved(world, cast)
    rounds.propose(round_, by=cast.zhao, at=NOW, seen=round_.version)
    now = {
        "closed": Commitments(closed=frozenset({gone.pk})),
        "smaller": Commitments(remaining={gone.pk: Decimal(1)}),
        "busy": Commitments(busy_pairs=frozenset({(gone.pk, world["ICBC-WH"].pk)})),
    }.get(event)
    if event == "withdrawn":
        Filing.objects.filter(pk=gone.filing_id).update(state="withdrawn")
    if event == "refused":
        refusals.refuse(gone, world["ICBC-WH"], code="own_funds", by=cast.bai, at=NOW)
    if event == "parked":
        type(gone).objects.filter(pk=gone.pk).update(parked_reason="四方会商")

    published = rounds.publish(round_, by=cast.sun, at=NOW, seen=round_.version, commitments=now)

    assert [row.need_id for row in published.leads] == [stays.pk]
    assert [(row.need_id, row.state) for row in published.overtaken] == [(gone.pk, "void")]
    assert LedgerAccount.objects.get(code="appetite:ICBC-WH:2026").held == 2000 * WAN


def test_need_without_a_bank_is_explained(world, cast):
    (lonely,) = provinces.needs(world, branches=(), open_to_other_banks=False)
    provinces.needs(world)

    round_ = provinces.solved(world, cast)

    (row,) = NonMatch.objects.filter(round=round_)
    assert (row.need_id, row.code) == (lonely.pk, "no_candidate")
    assert row.explanation == {
        "limits": [],
        "next_round_on": "2026-04-01",
        "refused": [{"code": "not_named", "banks": ["工商银行", "建设银行", "湖北银行"]}],
    }


def test_freeze_needs_open_needs_and_weights(world, cast):
    round_ = provinces.planned(world, cast)
    with pytest.raises(Invalid, match="没有待推荐"):
        rounds.freeze(round_, commitments=Commitments(), by=cast.zhao, at=NOW, seen=round_.version)

    provinces.needs(world)
    Weights.objects.update(state="draft")
    with pytest.raises(Invalid, match="评分权重"):
        rounds.freeze(round_, commitments=Commitments(), by=cast.zhao, at=NOW, seen=round_.version)
    assert Round.objects.get(pk=round_.pk).state == "planned"
    assert not RoundData.objects.exists()


def test_freeze_takes_the_latest_approved_weights_of_its_day(world, cast):
    provinces.needs(world)
    later = {"programme": world.programme, "points": world.weights.points, "province": HUBEI, "state": "approved"}
    Weights.objects.create(document_no="明日", valid_from=TODAY + dt.timedelta(days=1), **later)
    today = Weights.objects.create(document_no="今日", valid_from=TODAY, **later)

    round_ = provinces.frozen(world, cast)

    assert round_.weights_id == today.pk
    assert rounds.snapshot_of(round_).header["weights"]["document_no"] == "今日"


def test_who_may_not_freeze_is_not_told_what_there_is_to_freeze(world, cast):
    round_ = provinces.planned(world, cast)

    with pytest.raises(NotAllowed):
        rounds.freeze(round_, commitments=Commitments(), by=cast.qian, at=NOW, seen=round_.version)


def test_only_the_provincial_office_plans_and_freezes(world, cast):
    provinces.needs(world)
    for person in (cast.wang, cast.bai, cast.lin):
        with pytest.raises(NotAllowed):
            rounds.plan(world.programme, province=HUBEI, planned_for=TODAY, by=person, at=NOW)
    round_ = provinces.planned(world, cast)
    with pytest.raises(NotAllowed):
        rounds.freeze(round_, commitments=Commitments(), by=cast.wang, at=NOW, seen=round_.version)


def test_one_round_at_a_time_in_a_programme_and_province(world, cast):
    provinces.needs(world)
    provinces.frozen(world, cast)
    second = provinces.planned(world, cast)

    with pytest.raises(Conflict, match="2026-01 正在进行"):
        rounds.freeze(second, commitments=Commitments(), by=cast.zhao, at=NOW, seen=second.version)
    assert second.number == "2026-02"


def test_snapshot_cannot_be_changed_once_stored(world, cast):
    provinces.needs(world)
    round_ = provinces.frozen(world, cast)

    with pytest.raises(Exception, match="frozen_snapshot"):
        RoundData.objects.filter(round=round_).update(header=b"{}")


def test_pin_that_a_rule_forbids_stops_the_freeze_with_the_reason(world, cast):
    (need,) = provinces.needs(world, branches=("ICBC-WH",), open_to_other_banks=False)
    pin = pins.set_pin(need, world["CCB-WH"], kind="pin", reason="省级协调", by=cast.zhao, at=NOW)
    pins.approve_pin(pin, by=cast.sun, at=NOW)
    round_ = provinces.planned(world, cast)

    with pytest.raises(Invalid) as refusal:
        rounds.freeze(round_, commitments=Commitments(), by=cast.zhao, at=NOW, seen=round_.version)

    (problem,) = refusal.value.problems
    assert problem.code == "not_named"
    assert "企业未填为意向银行" in str(problem.message)


def test_pins_that_exceed_a_limit_together_stop_the_freeze(world, cast):
    first, second = provinces.needs(world, 2, wan=2000)
    for need in (first, second):
        pins.approve_pin(pins.set_pin(need, world["HBB-WH"], kind="pin", reason="协调", by=cast.zhao, at=NOW), by=cast.sun, at=NOW)
    provinces.limit("HBB-WH", 3000)
    round_ = provinces.planned(world, cast)

    with pytest.raises(Invalid) as refusal:
        rounds.freeze(round_, commitments=Commitments(), by=cast.zhao, at=NOW, seen=round_.version)

    assert [problem.code for problem in refusal.value.problems] == ["limits_full"]


def test_pinned_pair_leads_and_the_firm_hears_of_the_others_as_standbys(world, cast):
    (need,) = provinces.needs(world)
    pins.approve_pin(pins.set_pin(need, world["HBB-WH"], kind="pin", reason="协调", by=cast.zhao, at=NOW), by=cast.sun, at=NOW)

    round_ = provinces.solved(world, cast)

    assert list(round_.recommendations.order_by("rank").values_list("branch__code", flat=True)) == ["HBB-WH", "ICBC-WH", "CCB-WH"]


def test_void_drops_the_drafts(world, cast):
    provinces.needs(world)
    round_ = provinces.solved(world, cast)

    rounds.void(round_, by=cast.zhao, at=NOW, seen=round_.version, note="参数有误")

    assert round_.state == "void"
    assert set(round_.recommendations.values_list("state", flat=True)) == {"void"}
    assert provinces.solved(world, cast).number == "2026-02"


@pytest.mark.parametrize("stage", ["planned", "frozen"])
def test_cancel_gives_a_round_up(world, cast, stage):
    provinces.needs(world)
    round_ = getattr(provinces, stage)(world, cast)

    with pytest.raises(Invalid):
        rounds.cancel(round_, by=cast.zhao, at=NOW, seen=round_.version)
    rounds.cancel(round_, by=cast.zhao, at=NOW, seen=round_.version, note="改期")

    assert round_.state == "void"
    assert solving.waiting() == []


def test_child_round_fills_free_capacity_with_refused_and_unmatched_needs(world, cast):
    """ICBC refuses one of two; the room it frees goes to nobody else's lead, and the parent's other lead stays."""
    refused, stays = provinces.needs(world, 2, wan=2000, branches=("ICBC-WH",))
    parent, published = provinces.published(world, cast)
    lead = next(row for row in published.leads if row.need_id == refused.pk)
    before = Recommendation.objects.filter(round=parent).order_by("pk").values()
    kept = list(before)
    (newcomer,) = provinces.needs(world, branches=("ICBC-WH",))
    refusals.refuse(refused, lead.branch, code="own_funds", by=cast.bai, at=NOW)
    now = Commitments(remaining={stays.pk: Decimal(0)})

    child = rounds.plan_child(parent, reason="银行谢绝", by=cast.system, at=provinces.LATER)
    rounds.freeze(child, commitments=now, by=cast.system, at=provinces.LATER, seen=child.version)
    solving.solve(child, at=provinces.LATER)
    again = rounds.publish(child, by=cast.system, at=provinces.LATER, seen=child.version)

    assert (child.number, child.state, child.needs) == ("2026-01-1", "published", 1)
    assert [(row.need_id, row.branch.code) for row in again.leads] == [(refused.pk, "CCB-WH")]
    assert newcomer.pk not in provinces.leads(child)
    assert child.snapshot_sha256 != parent.snapshot_sha256
    assert list(before.all()) == kept


def test_child_round_needs_a_published_parent(world, cast):
    provinces.needs(world)
    parent = provinces.solved(world, cast)

    with pytest.raises(Conflict):
        rounds.plan_child(parent, reason="银行谢绝", by=cast.system, at=NOW)


def test_child_round_waits_while_a_parent_round_is_under_way(world, cast):
    provinces.needs(world, 2)
    parent, _published = provinces.published(world, cast)
    provinces.needs(world)
    provinces.frozen(world, cast)
    child = rounds.plan_child(parent, reason="银行谢绝", by=cast.system, at=NOW)

    with pytest.raises(Conflict, match="2026-02 正在进行"):
        rounds.freeze(child, commitments=Commitments(), by=cast.system, at=NOW, seen=child.version)


def test_child_of_a_child_belongs_to_the_first_parent(world, cast):
    provinces.needs(world)
    parent, _published = provinces.published(world, cast)
    child = rounds.plan_child(parent, reason="一", by=cast.system, at=NOW)
    Round.objects.filter(pk=child.pk).update(state="published")
    child.refresh_from_db()

    grandchild = rounds.plan_child(child, reason="二", by=cast.system, at=NOW)

    assert (grandchild.parent_id, grandchild.number) == (parent.pk, "2026-01-2")


def test_next_round_is_the_planned_one_or_the_usual_interval_later_on_a_working_day(world, cast):
    assert rounds.next_round_on(world.programme, province=HUBEI, after=dt.date(2026, 3, 6)) == dt.date(2026, 4, 6)  # 5 April is a Sunday

    rounds.plan(world.programme, province=HUBEI, planned_for=dt.date(2026, 3, 20), by=cast.zhao, at=NOW)
    assert rounds.next_round_on(world.programme, province=HUBEI, after=dt.date(2026, 3, 6)) == dt.date(2026, 3, 20)
    assert rounds.next_round_on(world.programme, province=HUBEI, after=dt.date(2026, 3, 20)) == dt.date(2026, 4, 20)


def test_recommendations_are_shown_to_their_sides_once_published(world, cast):
    (need,) = provinces.needs(world, firm=cast.firm, branches=("ICBC-WH",), open_to_other_banks=True)
    round_ = provinces.solved(world, cast)
    visible = {name: set(Recommendation.objects.visible_to(getattr(cast, name))) for name in ("lin", "bai", "mo_firm", "mo_bank")}
    assert visible["bai"] == visible["lin"] == set()

    rounds.propose(round_, by=cast.zhao, at=NOW, seen=round_.version)
    published = rounds.publish(round_, by=cast.sun, at=NOW, seen=round_.version)

    def seen_by(person):
        return set(Recommendation.objects.visible_to(person))

    assert seen_by(cast.lin) == {*published.leads, *published.standbys}
    assert seen_by(cast.bai) == set(published.leads)
    assert seen_by(cast.mo_firm) == seen_by(cast.mo_bank) == seen_by(cast.mo_county) == set()
    assert need.pk in {row.need_id for row in seen_by(cast.chen)}


def test_publishing_costs_the_same_for_few_and_many(world, cast, django_assert_max_num_queries):
    provinces.needs(world, 2)
    first = provinces.solved(world, cast)
    rounds.propose(first, by=cast.zhao, at=NOW, seen=first.version)
    with django_assert_max_num_queries(60) as few:
        rounds.publish(first, by=cast.sun, at=NOW, seen=first.version)
    provinces.needs(world, 18)
    second = provinces.solved(world, cast)
    rounds.propose(second, by=cast.zhao, at=NOW, seen=second.version)

    with django_assert_max_num_queries(len(few)):
        published = rounds.publish(second, by=cast.sun, at=NOW, seen=second.version)

    assert len(published.leads) == 20


def test_system_publishes_no_parent_round(world, cast):
    provinces.needs(world)
    round_ = provinces.solved(world, cast)
    rounds.propose(round_, by=cast.zhao, at=NOW, seen=round_.version)

    with pytest.raises(NotAllowed):
        rounds.publish(round_, by=system(NOW), at=NOW, seen=round_.version)
