"""A need brought to each stage of its second docking, by the steps themselves."""

from deals import bank_review, tasks
from deals.docking import steps
from deals.models import Invitation, SecondDocking
from projects.models import Need
from tests.deals import cases
from tests.factories import NOW, TODAY

CODE = "collateral_short"
SUMMARY = "企业补充抵押物后，由建行牵头再对接一次。"
REASON = "市场订单不足，暂不具备对接条件"


def declined(world, cast, row, *, at=NOW, code=CODE):
    row.refresh_from_db()
    return bank_review.decline(row, by=cases.officer(world, cast, row.branch), at=at, seen=row.version, code=code)


def all_declined(world, cast, *branches, at=NOW, **options):
    """A listed need that every bank its firm named has declined."""
    letters = cases.invited(world, cast, *(branches or ("ICBC-WH",)), at=at, **options)
    for row in letters.values():
        declined(world, cast, row, at=at)
    return Need.objects.select_related("filing__firm").get(filing=next(iter(letters.values())).filing_id)


def listed(world, cast, *branches, at=NOW, **options):
    """And listed for second docking by the task."""
    need = all_declined(world, cast, *branches, at=at, **options)
    tasks.dock_due(at=at)
    return SecondDocking.objects.get(need=need)


def fresh(docking):
    return steps.loaded(docking)


def asked(docking, cast, first="HBB-WH", *, at=NOW, why="已补充抵押物", **banks):
    docking = fresh(docking)
    return steps.ask(docking, first=first, why=why, by=cast.lin, at=at, seen=docking.version, **banks)


def letter(docking, branch):
    return Invitation.objects.select_related("branch").filter(need=docking.need_id, branch__code=branch).latest("pk")


def round_lost(world, cast, docking, branch="HBB-WH", *, at=NOW):
    """Asked once more, declined once more."""
    asked(docking, cast, branch, at=at)
    declined(world, cast, letter(docking, branch), at=at)
    return fresh(docking)


def rounds_lost(world, cast, docking):
    """Both rounds that the policy allows."""
    round_lost(world, cast, docking, "HBB-WH")
    return round_lost(world, cast, docking, "CCB-WH")


def meeting_due(world, cast):
    return rounds_lost(world, cast, listed(world, cast))


def convened(docking, cast, *, at=NOW, by=None, meeting_on=TODAY, owner="区经信局 王局长"):
    docking = fresh(docking)
    return steps.convene(docking, owner=owner, meeting_on=meeting_on, by=by or cast.chen, at=at, seen=docking.version)


def agreed(docking, cast, *, at=NOW):
    docking = fresh(docking)
    return steps.agree(docking, held_on=TODAY, summary=SUMMARY, by=cast.chen, at=at, seen=docking.version)


def parked(docking, cast, *, at=NOW):
    docking = fresh(docking)
    return steps.park(docking, held_on=TODAY, summary=SUMMARY, reason=REASON, by=cast.chen, at=at, seen=docking.version)


def partly_approved(world, cast, *, wan=1200):
    """A bank approved a part of the need; the rest is nobody's."""
    return cases.approved(world, cast, approved_amount=wan * 10_000)


def listed_expired(world, cast, *, at=NOW + 40 * cases.DAY):
    """The one bank named let its time pass, and may still accept."""
    cases.invited(world, cast, "ICBC-WH")
    tasks.expire_due(at=at)
    tasks.dock_due(at=at)
    return SecondDocking.objects.get()
