"""Events become notices: for each kind of `exchange.notices` its receivers, whoever of them may see the page, by the ways each has chosen."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone

from common.models import AuditEvent, Deadline
from exchange.models import Channel, GroupRobot, Notice, NoticeChoice, Outgoing
from exchange.notices import Kind, kinds_of
from exchange.receivers import Desk, Happened, Seating
from exchange.subjects import SUBJECTS
from organisations.actors import Person, persons
from organisations.models import Unit, User

When = NoticeChoice.When
DIGEST_AT = dt.time(8, 30)
OURS = uuid.UUID("6f1d4a52-4a3c-5b8e-9a52-0d4a5b1e7c11")  # the namespace of our message ids


@dataclass(frozen=True)
class Telling:
    """One kind of notice of one event, and the desks it goes to."""

    happened: Happened
    kind: Kind
    desks: tuple[Desk, ...]

    @property
    def key(self) -> tuple[str, int]:
        return self.kind.subject, SUBJECTS[self.kind.subject].seen_id(self.happened.obj)


def tell(events: Sequence[AuditEvent], *, at: dt.datetime) -> int:
    """Write the notices of these events; how many. Done again it adds nothing."""
    tellings = list(_tellings([event for event in events if kinds_of(event.subject, event.verb, event.target)]))
    seating = Seating({desk for telling in tellings for desk in telling.desks}, on=timezone.localdate(at))
    told = {id(telling): _people(telling, seating) for telling in tellings}
    users = User.objects.in_bulk({user for people in told.values() for user in people})
    readers = persons(users.values(), at=at)
    found = _found(tellings, told, readers)
    choices = _choices(users)
    rows = [
        row
        for telling in tellings
        for user in sorted(told[id(telling)])
        if telling.key[1] in found[user, telling.kind.subject]
        for row in _to_person(telling, users[user], choices, at=at)
    ]
    rows += _to_groups(tellings, at=at)
    return len(Notice.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True))


def default_choice(kind: Kind, channel: str) -> str:
    """Without a choice: what is urgent at once, the rest of the e-mail once a day, no other SMS."""
    if kind.urgent:
        return When.NOW
    return When.DAILY if channel == Channel.EMAIL else When.NEVER


def channels() -> list[str]:
    """The ways this installation can send by."""
    known = {Channel.EMAIL: settings.EMAIL_URL, Channel.SMS: settings.SMS_BACKEND}
    return [channel for channel, is_set in known.items() if is_set]


def next_digest(at: dt.datetime) -> dt.datetime:
    here = timezone.localtime(at)
    today = here.replace(hour=DIGEST_AT.hour, minute=DIGEST_AT.minute, second=0, microsecond=0)
    return today if here < today else today + dt.timedelta(days=1)


def _tellings(events: Sequence[AuditEvent]) -> Iterator[Telling]:
    by_subject: dict[str, set[int]] = defaultdict(set)
    for event in events:
        by_subject[event.subject].add(event.subject_id)
    objects = {(name, pk): obj for name, ids in by_subject.items() for pk, obj in SUBJECTS[name].rows().in_bulk(ids).items()}
    clocks = _clocks(by_subject)
    offices = _offices() if events else {}
    for event in events:
        if (obj := objects.get((event.subject, event.subject_id))) is None:
            continue
        happened = Happened(event, obj, clocks[event.subject, event.subject_id], offices)
        for kind in kinds_of(event.subject, event.verb, event.target):
            yield Telling(happened, kind, tuple(kind.to(happened)))


def _clocks(by_subject: Mapping[str, set[int]]) -> Mapping[tuple[str, int], list[Deadline]]:
    found: dict[tuple[str, int], list[Deadline]] = defaultdict(list)
    for subject, ids in by_subject.items():
        for clock in Deadline.objects.filter(subject=subject, subject_id__in=ids).order_by("pk"):
            found[subject, clock.subject_id].append(clock)
    return found


def _offices() -> Mapping[tuple[str, str], int]:
    rows = Unit.objects.filter(kind=Unit.Kind.PROVINCE).values_list("line", "province", "organisation")
    return {(line, province): organisation for line, province, organisation in rows}


def _people(telling: Telling, seating: Seating) -> set[int]:
    """Everybody at the desks but whoever did it."""
    return {user for desk in telling.desks for user in seating.at(desk)} - {telling.happened.event.by_user_id}


def _found(tellings: Iterable[Telling], told: Mapping[int, set[int]], readers: Mapping[int, Person]) -> Mapping[tuple[int, str], set[int]]:
    """By reader and subject: which of the pages they would be sent to they find."""
    wanted: dict[tuple[int, str], set[int]] = defaultdict(set)
    for telling in tellings:
        for user in told[id(telling)]:
            subject, pk = telling.key
            wanted[user, subject].add(pk)
    return {(user, subject): SUBJECTS[subject].seen_by(readers[user], ids) for (user, subject), ids in wanted.items()}


def _choices(users: Mapping[int, User]) -> Mapping[tuple[int, str, str], str]:
    rows = NoticeChoice.objects.filter(user__in=users).values_list("user", "kind", "channel", "when")
    return {(user, kind, channel): when for user, kind, channel, when in rows}


def _to_person(telling: Telling, user: User, choices: Mapping[tuple[int, str, str], str], *, at: dt.datetime) -> Iterator[Notice]:
    yield _notice(telling, Channel.IN_APP, at=at, recipient=user, state=Outgoing.State.SENT, sent_at=at)
    reachable = {Channel.EMAIL: user.email, Channel.SMS: user.phone}
    for channel in channels():
        when = choices.get((user.pk, telling.kind.code, channel)) or default_choice(telling.kind, channel)
        if reachable[Channel(channel)] and when != When.NEVER:
            daily = when == When.DAILY
            due = next_digest(at) if daily else at
            yield _notice(telling, channel, at=at, recipient=user, is_daily=daily, next_attempt_at=due)


def _to_groups(tellings: Iterable[Telling], *, at: dt.datetime) -> Iterator[Notice]:
    wanted = [telling for telling in tellings if telling.kind.group]
    organisations = {desk.organisation_id for telling in wanted for desk in telling.desks}
    robots = {row.organisation_id: row for row in GroupRobot.objects.filter(organisation__in=organisations, is_active=True)}
    for telling in wanted:
        for organisation in {desk.organisation_id for desk in telling.desks} & robots.keys():
            yield _notice(telling, Channel.ROBOT, at=at, robot=robots[organisation])


def _notice(telling: Telling, channel: str, *, at: dt.datetime, **more: Any) -> Notice:
    event, obj = telling.happened.event, telling.happened.obj
    subject = SUBJECTS[telling.kind.subject]
    facts = dict(subject.about(obj))
    words = {"note": event.note, "": ""}.get(telling.kind.tells, facts.get(telling.kind.tells, ""))
    receiver = more.get("recipient") or more["robot"]
    return Notice(
        event=event,
        message_id=uuid.uuid5(OURS, f"{event.pk}:{channel}:{receiver.pk}"),
        channel=channel,
        kind=telling.kind.code,
        facts={**facts, "told": words},
        link=subject.link(obj),
        made_at=at,
        province=event.province,
        **{"next_attempt_at": at, **more},
    )
