"""A crew and its holders over a real store: whatever dies, is late, is not there or is not wanted any more, the prices are the same."""

import time
from dataclasses import replace

import numpy as np
import pytest

from matching.optimizer import shards
from matching.optimizer.presolve import as_fixed, tighten
from matching.optimizer.shards import Answer, CrewHere, Kind, Opening, Question
from matching.sharding import holder
from matching.sharding.crew import CrewOfWorkers, Patience
from matching.sharding.messages import Frame, Keys, Start, Status
from tests.matching.optimizer.instances import random_problem
from tests.matching.sharding.places import HASTY, Threads, left_behind, store, store_out_of_reach, tiny


@pytest.fixture(scope="module")
def small():
    return random_problem(5, needs=120)


@pytest.fixture(scope="module")
def alone(small):
    return found(small, CrewHere(2))


def found(problem, crew):
    """The prices, and the options that still matter at them."""
    tight = tighten(problem, as_fixed(problem, None))
    short, price = shards.fit(problem, tight, crew, stop=lambda: False)
    return price.tobytes(), short.option.tobytes()


def solved(small, crew):
    with crew:
        return found(small, crew)


def test_holders_elsewhere_give_what_one_process_gives(small, alone):
    threads = Threads(small)
    crew = threads.crew()

    assert solved(small, crew) == alone

    threads.join()
    assert threads.answered == [crew.asked, crew.asked]
    assert (crew.starts, left_behind(crew.session)) == (2, [])


def test_one_question_costs_its_prices_down_and_its_uses_up(small):
    threads = Threads(tiny())
    with threads.crew() as crew:
        tight = tighten(threads.problem, as_fixed(threads.problem, None))
        spread = shards.spread(threads.problem, tight, crew)

        spread.smoothed(np.ones(3), 0.01)

        assert (crew.bytes_down, crew.bytes_up) == (2 * (23 + 3 * 8), 2 * (18 + 3 * 8))


@pytest.mark.parametrize("answers", [0, 17])
def test_silent_holder_is_replaced_and_the_new_one_catches_up(small, alone, answers):
    threads = Threads(small, dies_before={1: answers})
    crew = threads.crew()

    assert solved(small, crew) == alone

    assert (crew.starts, len(threads.sent)) == (3, 3)
    assert threads.sent[1][1] == threads.sent[2][1]
    assert threads.sent[1][2] != threads.sent[2][2]


def test_shard_that_dies_again_and_again_is_held_here(small, alone):
    threads = Threads(small, dies_before={1: 3, 2: 3, 3: 3})
    crew = threads.crew()

    assert solved(small, crew) == alone

    assert crew.starts == 4


@pytest.mark.parametrize("places", [0, 1])
def test_shards_that_nobody_takes_are_held_here(small, alone, places):
    threads = Threads(small, places=places)
    crew = threads.crew(patience=Patience(take_s=0.3, open_s=5, answer_s=2, idle_s=5))

    assert solved(small, crew) == alone

    assert (crew.starts, left_behind(crew.session)) == (2, [])


def test_store_out_of_reach_leaves_everything_here(small, alone):
    assert solved(small, CrewOfWorkers(store_out_of_reach(), 2, lambda *_: None, {})) == alone


def test_store_lost_in_the_middle_leaves_everything_here(small, alone):
    threads = Threads(small)
    crew = threads.crew()

    def lose_the_store():
        if crew.asked == 20:
            crew.store = store_out_of_reach()

    crew.keep_alive = lose_the_store

    assert solved(small, crew) == alone
    store().delete(crew.keys.tokens, crew.keys.questions, crew.keys.answers)
    threads.join()


def test_other_options_than_those_asked_for_are_refused_and_held_here(small, alone, caplog):
    threads = Threads(small, loads=lambda start: shards.part_of(replace(small, value=small.value + 1), start.opening))

    assert solved(small, threads.crew()) == alone

    assert threads.answered == [None, None]
    assert "have other options here than where the round is solved" in caplog.text


def test_answer_under_another_token_or_to_another_question_does_not_count(small, alone):
    threads = Threads(small)
    crew = threads.crew()
    wrong = Answer(1e9, (np.full(10_000, 1e9),)).pack()

    def disturb():
        if crew.posts and crew.asked > 2:
            crew.store.rpush(crew.keys.answers, Frame("ab" * 16, crew.asked, Status.ANSWER, wrong).pack())
            crew.store.rpush(crew.keys.answers, Frame(crew.posts[0].token, crew.asked - 1, Status.ANSWER, wrong).pack())

    crew.keep_alive = disturb

    assert solved(small, crew) == alone


def test_crew_that_is_told_to_stop_lets_its_holders_go(small):
    threads = Threads(small)

    class Superseded(Exception):
        pass

    crew = threads.crew()

    def stop():
        if crew.asked == 5:
            raise Superseded

    crew.keep_alive = stop

    with pytest.raises(Superseded), crew:
        found(small, crew)
    threads.join()
    assert threads.answered == [4, 4]
    assert left_behind(crew.session) == []


@pytest.fixture
def opened():
    """A shard that is sent but not begun: (threads, crew)."""
    threads = Threads(tiny(), places=0)
    crew = threads.crew(size=1, patience=HASTY)
    crew.take(threads.problem, [opening_of_all(threads.problem)])
    yield threads, crew
    crew.dismiss()


def opening_of_all(problem):
    nothing = np.zeros(0, dtype=np.int32)
    return Opening(0, problem.needs, np.full(problem.needs, -2), problem.capacity.copy(), np.arange(3), nothing, np.ones(3))


def serve(threads):
    session, index, token = threads.sent[-1]
    return holder.serve(
        store(), session=session, index=index, token=token, load=lambda start: start.opening.part(*arrays_of(threads.problem))
    )


def arrays_of(p):
    return p.option_start, p.value, p.use_start, p.use_resource, p.use_amount


def test_task_that_comes_late_does_nothing(opened):
    threads, crew = opened

    crew.dismiss()

    assert serve(threads) == 0


def test_task_delivered_twice_begins_once(opened):
    threads, crew = opened
    store().delete(crew.keys.tokens)

    assert store().exists(Keys.opening(threads.sent[0][2]))
    assert serve(threads) == 0  # begun, and found that nobody wants it
    assert not store().exists(Keys.opening(threads.sent[0][2]))
    assert serve(threads) == 0


def test_holder_whose_token_was_replaced_ends(opened):
    threads, crew = opened
    store().hset(crew.keys.tokens, "0", "another")

    began = time.monotonic()

    assert serve(threads) == 0
    assert time.monotonic() - began < 5


def test_holder_ends_when_whoever_asked_gives_no_sign_of_life(opened):
    threads, crew = opened
    store().expire(crew.keys.tokens, 1)

    assert serve(threads) == 0
    assert store().ttl(crew.keys.tokens) == -2


def test_holder_that_missed_a_question_ends(opened):
    threads, crew = opened
    store().xadd(crew.keys.questions, {b"q": Question(Kind.BUSYNESS, 0).pack()}, id="2-0")

    assert serve(threads) == 0
    assert store().llen(crew.keys.answers) == 0


def test_every_key_expires_by_itself(opened):
    threads, crew = opened
    store().xadd(crew.keys.questions, {b"q": Question(Kind.BUSYNESS, 0).pack()}, id="1-0")
    store().expire(crew.keys.questions, 9)
    store().expire(crew.keys.tokens, 1)
    opening = Keys.opening(threads.sent[0][2])

    assert 0 < store().ttl(opening) <= 2
    assert serve(threads) == 1
    assert all(0 < store().ttl(key) <= 60 for key in left_behind(crew.session))
    assert len(left_behind(crew.session)) == 2


def test_start_says_the_same_after_its_journey():
    problem = tiny()
    opening = opening_of_all(problem)
    start = Start({"round": 7}, {"at": np.arange(4)}, opening, "ab", 9, (b"one", b""))

    again = Start.unpack(start.pack())

    assert again.pack() == start.pack()
    assert (again.facts, again.sha256, again.question, tuple(again.made)) == ({"round": 7}, "ab", 9, (b"one", b""))
    assert again.arrays["at"].tolist() == [0, 1, 2, 3]
    for name in ("fixed", "room", "resource", "floor_resource", "scale"):
        before, after = getattr(opening, name), getattr(again.opening, name)
        assert (before.dtype, before.tolist()) == (after.dtype, after.tolist())


@pytest.mark.parametrize("data", [b"", b"\x00" * 24, b"\x00" * 24 + b"\x07"])
def test_bytes_that_are_no_answer_are_refused(data):
    with pytest.raises(ValueError, match=r"\d"):
        Frame.unpack(data)
