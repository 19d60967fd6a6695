"""Rounds as the provincial office sees them, and what a firm reads of one."""

import datetime as dt

import pytest

from matching.models import Round
from portal.unmatched import with_reasons
from tests import factories
from tests.factories import NOW
from tests.portal import cases

pytestmark = pytest.mark.django_db


def test_page_shows_the_result_and_its_proof(world, as_, listed):
    row = cases.round_(world)
    cases.recommendation(world, row, listed)
    cases.non_match(row, factories.filing(world))

    shown = as_("zhao").get(f"/rounds/{row.pk}/").content.decode()

    for text in ("0.1000%", "已通过", cases.DIGEST, "有符合条件的银行，但其额度或受理能力已满。", "2,000"):
        assert text in shown


def test_running_round_is_polled_until_it_is_done(world, as_):
    row = cases.round_(world, state="solving", progress={"phase": "搜索", "gap": 0.02})
    client = as_("zhao")

    running = client.get(f"/rounds/{row.pk}/status/")
    Round.objects.filter(pk=row.pk).update(state="solved")
    done = client.get(f"/rounds/{row.pk}/status/")

    assert running.status_code == 200
    assert 'hx-trigger="every 2s"' in running.content.decode()
    assert "2.0000%" in running.content.decode()
    assert done.status_code == 286
    assert "hx-trigger" not in done.content.decode()


def test_other_signer_may_publish_and_the_proposer_may_not(world, cast, as_):
    row = cases.round_(world, state="solved", proposed_by_id=cast.zhao.user_id)

    of_zhao, of_sun = (as_(name).get(f"/rounds/{row.pk}/").content.decode() for name in ("zhao", "sun"))

    assert f"/rounds/{row.pk}/publish/" not in of_zhao
    assert f"/rounds/{row.pk}/publish/" in of_sun


def test_lists_tell_reasons_in_words(world, as_, listed):
    row = cases.round_(world)
    cases.recommendation(world, row, listed)
    other = factories.filing(world)
    cases.non_match(row, other)
    client = as_("zhao")

    led, missed = (client.get(f"/rounds/{row.pk}/{page}/").content.decode() for page in ("recommendations", "non-matches"))

    assert listed.title in led
    assert other.title in missed
    assert "建设银行仙桃支行：不服务项目所在地。" in missed


def test_firm_reads_why_and_when_the_next_round_is(world, cast, as_, listed):
    cases.non_match(cases.round_(world), listed)

    shown = as_("lin").get(f"/filings/{listed.pk}/").content.decode()

    assert "轮未能推荐银行" in shown
    assert "下一轮推荐计划于 2026年3月16日 进行" in shown


def test_next_round_is_always_ahead_of_the_reader(world, listed):
    row = cases.non_match(cases.round_(world), listed)

    told = with_reasons([row], at=NOW + dt.timedelta(days=60))

    said = dt.date.fromisoformat(row.explanation["next_round_on"])
    assert said >= (NOW + dt.timedelta(days=60)).date()
    assert told[0][1][-1] == f"下一轮推荐计划于 {said.year}年{said.month}月{said.day}日 进行，届时自动再次参加。"
    row.refresh_from_db()
    assert row.explanation["next_round_on"] == "2026-03-16"


def test_firm_compares_offers_by_cost_after_subsidy(world, cast, as_, listed):
    row = cases.round_(world)
    for rank, (branch, cost) in enumerate((("ICBC-WH", 155), ("HBB-WH", 140))):
        lead = cases.recommendation(world, row, listed, branch, rank=rank, cost_bp=cost)
        asked = cases.invitation(world, listed, branch, state="accepted", origin="recommended", recommendation=lead)
        cases.deal(world, listed, branch, invitation=asked)

    shown = as_("lin").get(f"/filings/{listed.pk}/").content.decode()

    best = shown[shown.index("offer-best") :]
    assert best.index("湖北银行武汉分行") < best.index("综合成本最低") < best.index("1.40%")
    assert shown.count("offer-best") == 1
