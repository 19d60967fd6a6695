"""Real Celery workers hold the shards, and one of them is killed in the middle."""

import os
import signal
import uuid
from contextlib import ExitStack

import pytest

from benchmarks import shards as bench
from benchmarks.loan_instances import generate
from matching import solving, tasks, verify
from matching.optimizer import Budget, Problem, check, replay, solve
from matching.optimizer.shards import Kind
from matching.sharding import of_round
from matching.sharding.crew import CrewOfWorkers, Patience
from tests.factories import NOW
from tests.matching import provinces
from tests.matching.optimizer.test_shards import told
from tests.matching.sharding.places import digest_in_one_process, left_behind
from tests.matching.test_worker_killed import worker


@pytest.mark.long
def test_province_in_two_workers_is_solved_as_in_one_process_also_if_one_is_killed():
    problem = Problem(**generate("provincial", 402))
    budget = Budget(steps=20_000)

    with bench.workers(3) as workers:  # the third has nothing to hold until another is killed
        alone = solve(problem, budget=budget)
        with workers.crew(problem, 2) as crew:
            undisturbed = solve(problem, budget=budget, crew=crew)
        with workers.crew(problem, 2, Patience(answer_s=3.0)) as crew:
            crew.keep_alive = lambda: crew.asked == 40 and kill_a_busy_one(workers)
            disturbed = solve(problem, budget=budget, crew=crew)

    assert told(undisturbed) == told(disturbed) == told(alone)
    assert crew.starts == 3
    assert left_behind(crew.session) == []
    assert check(problem, disturbed).violations == ()
    assert replay(problem, disturbed).tobytes() == disturbed.choice.tobytes()


def kill_a_busy_one(workers):
    """The worker whose log says last that it received a task; once."""
    if all(process.poll() is None for process in workers.processes):
        busy = [k for k in range(3) if "received" in (workers.folder / f"worker-{k}.log").read_text().rsplit("succeeded", 1)[-1]]
        os.killpg(workers.processes[busy[0]].pid, signal.SIGKILL)
        workers.processes[busy[0]].wait(timeout=10)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_round_spread_over_two_workers_outlives_the_death_of_one(world, cast, settings, monkeypatch, tmp_path):
    queue = f"shards-{uuid.uuid4().hex}"
    asked = []
    settings.SHARDS, settings.SHARD_ABOVE_OPTIONS, settings.SHARD_ANSWER_S = 2, 0, 3.0
    monkeypatch.setattr(of_round, "begin", lambda *told: begin_on(queue, *told))
    provinces.needs(world, 30, branches=("ICBC-WH", "CCB-WH"))
    provinces.limit("ICBC-WH", 20_000)
    round_ = provinces.frozen(world, cast, steps=5_000)

    with ExitStack() as running:
        first = running.enter_context(worker(queue, tmp_path / "first.log"))
        running.enter_context(worker(queue, tmp_path / "second.log"))
        ask = CrewOfWorkers.ask

        def ask_and_kill(crew, question):
            asked.append(question.kind)
            if len(asked) == 10:
                os.killpg(first.pid, signal.SIGKILL)
                first.wait(timeout=10)
                running.enter_context(worker(queue, tmp_path / "third.log"))
            return ask(crew, question)

        monkeypatch.setattr(CrewOfWorkers, "ask", ask_and_kill)
        landed = solving.solve(round_, at=NOW)

    logs = {name: (tmp_path / f"{name}.log").read_text() for name in ("first", "second", "third")}
    assert (landed.state, landed.failure) == ("solved", "")
    assert all("hold_shard" in log and "received" in log for log in logs.values()), logs
    assert {Kind.SMOOTHED, Kind.RESTRICT, Kind.EXACT} <= set(asked)
    assert landed.result_sha256 == digest_in_one_process(landed, shards=2)
    assert verify.verify(landed).breaches == []


def begin_on(queue, session, index, token):
    tasks.hold_shard.apply_async(kwargs={"session": session, "index": index, "token": token}, queue=queue)
