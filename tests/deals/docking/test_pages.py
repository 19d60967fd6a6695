"""What firm, office and bank meet of a second docking: by page, API, admin, workbook and notice."""

import datetime as dt

import pytest
from rest_framework.test import APIClient

from common.models import AuditEvent
from deals import changes, tasks
from deals.docking import beginning, weekly
from deals.models import DockingList, Invitation, ListedDocking, SecondDocking
from exchange import telling
from exchange.models import Channel, Notice
from organisations import reminders
from projects.models import Filing, Need
from tests import people
from tests.deals import cases
from tests.deals.cases import DAY
from tests.deals.docking import courses
from tests.factories import NOW, TODAY

DESK = "/admin/deals/seconddocking/"


@pytest.fixture(autouse=True)
def clock(settings):
    settings.FIXED_NOW = NOW.isoformat()
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False


@pytest.fixture
def page(cast):
    return lambda name: people.signed_in(cast, name)


@pytest.fixture
def api(cast):
    return lambda name: people.signed_in(cast, name, APIClient)


def told():
    """(kind, who) → the latest notice of second docking in the inboxes."""
    events = AuditEvent.objects.filter(subject__in=["deals.seconddocking", "deals.dockinglist", "deals.invitation", "deals.deal"])
    telling.tell(list(events.order_by("id")), at=NOW)
    rows = Notice.objects.filter(channel=Channel.IN_APP).select_related("recipient").order_by("event", "pk")
    return {(row.kind, row.recipient.username): row for row in rows}


def test_firm_reads_why_and_what_it_can_do_and_asks_again(world, cast, docking, page):
    address = f"/second-dockings/{docking.pk}/"

    shown = page("lin").get(address).content.decode()
    home = page("lin").get("/").content.decode()
    case = page("lin").get(f"/filings/{docking.filing_id}/").content.decode()
    answer = page("lin").post(f"{address}ask/", {"seen": docking.version, "once": "1", "first": "CCB-WH", "why": "已有保函"})

    assert all(words in shown for words in ("您可以这样做", "可提供的担保不足", "（曾谢绝）", "参加下一轮推荐", "还可再对接 2 轮"))
    assert "安排四方会商" not in shown
    assert address in home
    assert address in case
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert courses.fresh(docking).state == "seeking"
    assert courses.letter(docking, "CCB-WH").origin == "second_docking"


def test_form_sent_twice_asks_once(world, cast, docking, page):
    form = {"seen": docking.version, "once": "same", "first": "CCB-WH"}

    answers = [page("lin").post(f"/second-dockings/{docking.pk}/ask/", form).status_code for _n in range(2)]

    assert answers == [302, 302]
    assert Invitation.objects.filter(origin="second_docking").count() == 1


def test_office_finds_whose_move_it_is_and_since_when_and_calls_the_meeting(world, cast, due, page):
    address = f"/second-dockings/{due.pk}/"

    listed = page("chen").get("/second-dockings/").content.decode()
    assert all(words in listed for words in (address, "安排四方会商", "2026-03-02", "2 / 2 轮"))
    assert address in page("chen").get("/").content.decode()
    called = {"seen": due.version, "once": "1", "owner": "区经信局 王局长", "meeting_on": TODAY.isoformat()}
    assert page("chen").post(f"{address}convene/", called).status_code == 302
    row = courses.fresh(due)
    parked = {"held_on": TODAY.isoformat(), "summary": "各方均不具备条件", "reason": "订单不足"}
    assert page("chen").post(f"{address}park/", {"seen": row.version, "once": "2", **parked}).status_code == 302

    shown = page("wang").get(address).content.decode()
    assert all(words in shown for words in ("暂停对接", "订单不足", "区经信局 王局长", "各方均不具备条件"))
    assert address in page("chen").get("/second-dockings/?state=parked").content.decode()


def test_change_that_the_firm_has_asked_for_is_the_deciding_offices_move(world, cast, docking, page):
    filing = Filing.objects.get(pk=docking.filing_id)
    changes.ask(filing, kinds=["amount"], form={"amount": "1500"}, reason="压减", by=cast.lin, at=NOW)

    listed = page("chen").get("/second-dockings/").content.decode()

    assert all(words in listed for words in (world["IND-420100"].organisation.name, "决定变更申请"))
    assert f"/second-dockings/{docking.pk}/" not in page("wang").get("/").content.decode()  # it is asked of Wang by the change itself


@pytest.mark.parametrize("who", ["bai", "mo_firm", "mo_county", "qian", "xu"])
def test_nobody_else_finds_it(world, cast, docking, page, api, who):
    assert page(who).get(f"/second-dockings/{docking.pk}/").status_code == 404
    assert api(who).get(f"/api/second-dockings/{docking.pk}/").status_code == 404
    assert not SecondDocking.objects.visible_to(getattr(cast, who)).exists()


def test_filing_page_lists_at_once_and_offers_the_rest(world, cast, page):
    need = courses.all_declined(world, cast)
    deal = courses.partly_approved(world, cast)

    first = page("chen").post(f"/filings/{need.filing_id}/entries/second-docking/", {"once": "1", "need": need.pk})
    rest = page("lin").post(f"/filings/{deal.filing_id}/entries/second-docking/", {"once": "2", "need": deal.need_id})

    made = {row.need_id: row for row in SecondDocking.objects.all()}
    assert first["Location"] == f"/second-dockings/{made[need.pk].pk}/"
    assert rest["Location"] == f"/second-dockings/{made[deal.need_id].pk}/"
    assert "其余由企业要求再次对接" in page("lin").get(rest["Location"]).content.decode()
    assert "二次对接" not in page("bai").get(f"/filings/{deal.filing_id}/").content.decode()
    covered = cases.approved(world, cast)
    assert "列入二次对接" not in page("lin").get(f"/filings/{covered.filing_id}/").content.decode()


def test_api_from_the_list_to_the_reopening(world, cast, api):
    need = courses.all_declined(world, cast)
    new = {"need": need.pk}

    made = api("lin").post("/api/second-dockings/", new, headers={"Idempotency-Key": "d1"})
    again = api("lin").post("/api/second-dockings/", new, headers={"Idempotency-Key": "d1"})
    assert (made.status_code, again.json()["id"], SecondDocking.objects.count()) == (201, made.json()["id"], 1)
    address = f"/api/second-dockings/{made.json()['id']}/"

    def take(who, verb, **values):
        answer = api(who).post(f"{address}{verb}/", {"seen": api(who).get(address).json()["version"], **values})
        assert answer.status_code == 200, answer.json()
        return answer.json()

    assert {step["verb"] for step in api("lin").get(address).json()["actions"]} == {"ask", "join", "pause"}
    take("chen", "convene", owner="区经信局", meeting_on=TODAY.isoformat())
    take("chen", "park", held_on=TODAY.isoformat(), summary="意见", reason="订单不足")
    told_ = take("lin", "resume", note="订单已签")
    assert (told_["state"], told_["parked_reason"], told_["meetings"][0]["outcome"]) == ("adjusting", "", "parked")
    assert take("lin", "ask", first="CCB-WH")["state"] == "seeking"
    assert api("lin").post(f"{address}ask/", {"seen": 0, "first": "CCB-WH"}).status_code == 409
    assert api("lin").get("/api/second-dockings/?state=seeking&state=parked").json()["results"][0]["id"] == made.json()["id"]


def test_admin_lists_and_convenes_nothing_that_is_not_its_own(world, cast, page):
    people.seated(cast)
    need = courses.all_declined(world, cast)

    refused = page("zhao").post(f"{DESK}do/dock/", {"need": need.pk})
    unknown = page("zhao").post(f"{DESK}do/dock/", {"need": 10**6})
    tasks.dock_due(at=NOW)
    row = SecondDocking.objects.get()

    assert "二次对接由企业或受理单位列入" in refused.content.decode()
    assert "没有编号为 1000000 的融资需求" in unknown.content.decode()
    assert page("zhao").get(f"{DESK}{row.pk}/change/").status_code == 200
    assert cast.firm.name in page("zhao").get(DESK).content.decode()


def test_firm_is_told_why_and_the_bank_what_the_firm_says(world, cast, docking):
    courses.asked(docking, cast, "ICBC-WH", why="已追加抵押")

    notices = told()

    why = notices["seconddocking.dock", "lin"].facts["told"]
    assert all(words in why for words in (world["ICBC-WH"].organisation.name, "可提供的担保不足", "您可以"))
    assert not {who for kind, who in notices if kind.startswith("seconddocking")} & {"bai", "an", "chen", "mo_firm"}
    assert notices["invitation.invite.open", "bai"].facts["told"] == "已追加抵押"


def test_both_are_told_of_the_meeting_and_of_the_rest(world, cast, due):
    docking = courses.parked(courses.convened(due, cast), cast)

    notices = told()

    assert {("seconddocking.return.meeting_due", who) for who in ("lin", "chen", "hu")} <= set(notices)
    assert notices["seconddocking.convene", "lin"].facts["told"] == "2026-03-02 区经信局 王局长"
    assert notices["seconddocking.park", "lin"].facts["told"] == courses.REASON
    assert notices["seconddocking.park", "lin"].link == f"/second-dockings/{docking.pk}/"


def test_first_bank_is_told_that_the_rest_is_offered(world, cast):
    deal = courses.partly_approved(world, cast)
    beginning.begin(Need.objects.get(pk=deal.need_id), by=cast.lin, at=NOW)

    assert ("deal.offer_rest", "bai") in told()


def test_each_office_lists_its_week_once(world, cast, page, api):
    courses.meeting_due(world, cast)
    courses.listed(world, cast)  # NOW is a Monday: dock_due has listed the week as it found it
    first = DockingList.objects.get()

    assert (first.unit, first.week, ListedDocking.objects.count()) == (world["IND-420111"], TODAY, 1)
    assert weekly.list_week(at=NOW + 3 * DAY) == 0
    assert weekly.list_week(at=NOW + 6 * DAY) == 0  # a Sunday
    assert weekly.list_week(at=NOW + 7 * DAY) == 1
    second = DockingList.objects.latest("week")
    assert set(second.rows.values_list("state", flat=True)) == {"meeting_due", "adjusting"}
    notice = told()["dockinglist.list", "chen"]
    assert (notice.facts["number"], notice.facts["waiting"]) == ("1", "0") if notice.link.endswith(f"/{first.pk}/") else ("2", "1")
    shown = page("chen").get(f"/docking-lists/{second.pk}/").content.decode()
    assert all(words in shown for words in ("待安排四方会商", "2026-03-09"))
    assert page("mo_county").get(f"/docking-lists/{second.pk}/").status_code == 404
    assert len(api("zhao").get(f"/api/docking-lists/{second.pk}/").json()["rows"]) == 2


def test_week_that_begins_with_a_holiday_is_listed_on_its_first_working_day(world, cast):
    courses.listed(world, cast)
    DockingList.objects.all().delete()
    holiday = NOW.replace(month=5, day=4)  # 4 May 2026 is a Monday within the May holiday

    listed = [weekly.list_week(at=holiday + n * DAY) for n in range(3)]

    assert sum(listed) == 1
    assert DockingList.objects.get().week == dt.date(2026, 5, 4)


def test_meeting_that_is_not_called_is_supervised(world, cast, due, page, settings):
    reminders.remind(at=NOW + 30 * DAY)
    settings.FIXED_NOW = (NOW + 30 * DAY).isoformat()

    supervised = {who for kind, who in told() if kind == "seconddocking.overdue"}

    assert {"chen", "hu", "wang", "zhao"} <= supervised
    assert not supervised & {"lin", "bai", "mo_county"}
    assert f"/second-dockings/{due.pk}/" in page("wang").get("/overdue/").content.decode()
