"""The demonstration's round and its child: planned, frozen, solved in a worker process, proposed by one person and published by another."""

import datetime as dt
from collections.abc import Callable
from functools import partial
from time import monotonic, sleep
from typing import Any

from deals import commitments, invitations, rematch
from matching import rounds, tasks
from matching.models import Round
from organisations.models import Programme, Role
from seeds.demo.people import Staff
from seeds.demo.stages import Facts, Stage, moment
from seeds.demo.workers import Workers
from seeds.load.words import province_of_programme
from seeds.stories import ROUND_ON

REMATCH_ON = dt.date(2026, 10, 29)  # after two weeks of answers
NUMBER, REMATCH = "2026-10", "2026-10-1"
WAIT_S, LOOK_EVERY_S, SEND_AGAIN_S = 600.0, 0.5, 5.0
Told = Callable[[Round], None]


class NotSolved(Exception):
    """The round did not come back from the worker."""


class Rounds:
    def __init__(self, staff: Staff, programme: Programme, office: int, workers: Workers, *, told: Told) -> None:
        self.staff, self.programme, self.office = staff, programme, office
        self.workers, self.told = workers, told

    def stages(self) -> list[Stage]:
        first: list[Any] = [
            ("09:00", "freeze", self._freeze, False),
            ("09:10", "solve", partial(self._solve, NUMBER), True),
            ("10:00", "propose", self._propose, False),
            ("11:00", "publish", self._publish, False),
        ]
        second: list[Any] = [
            ("09:00", "rematch-freeze", self._freeze_again, False),
            ("09:10", "rematch-solve", partial(self._solve, REMATCH), True),
            ("11:00", "rematch-publish", self._publish_again, False),
        ]
        return [
            Stage(f"{day} {clock} round-{name}", moment(day, clock), run, alone=alone)
            for day, steps in ((ROUND_ON, first), (REMATCH_ON, second))
            for clock, name, run, alone in steps
        ]

    def _freeze(self, at: dt.datetime) -> Facts:
        by = self.staff.office(self.office, Role.HANDLER)
        planned = rounds.plan(self.programme, province=province_of_programme(), planned_for=at.date(), by=by, at=at, number=NUMBER)
        frozen = commitments.freeze(planned, by=by, at=at, seen=planned.version)
        return {"needs": frozen.needs}

    def _propose(self, at: dt.datetime) -> None:
        found = round_of(NUMBER)
        rounds.propose(found, by=self.staff.office(self.office, Role.SIGNER), at=at, seen=found.version)

    def _publish(self, at: dt.datetime) -> Facts:
        found = round_of(NUMBER)
        published = invitations.publish_round(found, by=self.staff.second_signer(self.office), at=at, seen=found.version)
        return _told(published)

    def _freeze_again(self, at: dt.datetime) -> Facts:
        child = rematch.start(
            round_of(NUMBER), reason="谢绝和未获推荐的需求再次推荐", by=self.staff.office(self.office, Role.HANDLER), at=at
        )
        return {"needs": child.needs if child else 0}

    def _publish_again(self, at: dt.datetime) -> Facts:
        child = Round.objects.filter(number=REMATCH).first()
        return _told(rematch.publish(child, at=at)) if child else {}

    def _solve(self, number: str, at: dt.datetime) -> Facts:
        """Sent to the worker, and again whenever a worker died over it; solved before is solved."""
        found = Round.objects.filter(number=number).first()
        if found is None:
            return {}
        began = sent = monotonic()
        self.workers.stand_at(at)
        if found.state == Round.State.FROZEN:
            tasks.solve_round.delay(found.pk)
        while found.state in (Round.State.FROZEN, Round.State.SOLVING):
            if monotonic() - began > WAIT_S:
                raise NotSolved(f"round {number} was not solved in {WAIT_S:.0f} s; see {self.workers.log_of('rounds')}")
            sleep(LOOK_EVERY_S)
            self.workers.watch()
            if monotonic() - sent > SEND_AGAIN_S:
                tasks.redispatch_expired_leases()
                sent = monotonic()
            found.refresh_from_db()
            self.told(found)
        if found.state == Round.State.FAILED:
            raise NotSolved(found.failure)
        return {"seconds": str(found.seconds)}


def round_of(number: str) -> Round:
    return Round.objects.select_related("programme").get(number=number, province=province_of_programme())


def _told(published: Any) -> Facts:
    return {"leads": len(published.leads), "standbys": len(published.standbys), "without_room": len(published.without_room)}
