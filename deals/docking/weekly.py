"""周清单: on the first working day of a week each office lists what stands open before it. Done again in that week it adds nothing."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db import transaction

from common.steps import record_many
from common.workdays import load_calendar
from deals import needs
from deals.clocks import day
from deals.models import DockingList, ListedDocking, SecondDocking
from organisations.actors import system

ONE_DAY = dt.timedelta(days=1)


def list_week(*, at: dt.datetime) -> int:
    """Write this week's lists of all offices that have anything to list, from the week's first working day on; how many are new."""
    week = day(at) - day(at).weekday() * ONE_DAY
    if day(at) < load_calendar().working_day_on_or_after(week):
        return 0
    with transaction.atomic():
        made = _make(week, at=at)
        record_many(made, "list", by=system(at), at=at)
    return len(made)


def _make(week: dt.date, *, at: dt.datetime) -> Sequence[DockingList]:
    by_unit: Mapping[int, list[SecondDocking]] = defaultdict(list)
    open_ = SecondDocking.objects.open().exclude(unit__docking_lists__week=week)
    for row in open_.select_related("need").order_by("unit_id", "since", "pk"):
        by_unit[row.unit_id].append(row)
    lists = [DockingList(unit_id=unit, week=week, listed_at=at, province=rows[0].province) for unit, rows in by_unit.items()]
    DockingList.objects.bulk_create(lists, ignore_conflicts=True)  # a second worker of the same hour: the first one's stand
    made = list(DockingList.objects.filter(unit__in=by_unit, week=week, rows=None).select_for_update(of=("self",)).order_by("pk"))
    left = needs.left([row.need for rows in by_unit.values() for row in rows])
    ListedDocking.objects.bulk_create(
        ListedDocking(list=one, docking=row, state=row.state, since=row.since, left=left[row.need_id], province=row.province)
        for one in made
        for row in by_unit[one.unit_id]
    )
    return made
