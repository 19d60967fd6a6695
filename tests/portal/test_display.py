"""Money, rates, dates and clocks as pages show them; pages without inline script or style; pages for what goes wrong."""

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client, override_settings
from django.utils import translation

from common.models import CalendarException
from deals.models import DeclineCode
from portal.templatetags import portal as tags
from portal.tones import TONES
from tests.factories import NOW

CHINESE = re.compile("[一-鿿]")
TEMPLATES = Path(tags.__file__).parent.parent / "templates"


@pytest.mark.parametrize(
    ("yuan", "shown", "title"),
    [
        (Decimal("12505000.00"), "1,250.5", "12,505,000.00 元"),
        (Decimal("12345678.90"), "1,234.57", "12,345,678.90 元"),
        (Decimal("3666.67"), "0.366667", "3,666.67 元"),
        (Decimal(0), "0", "0.00 元"),
    ],
)
def test_money_is_shown_in_wan_with_the_exact_yuan_beside(yuan, shown, title):
    html = tags.wan(yuan)

    assert f">{shown}&nbsp;" in html
    assert f'title="{title}"' in html


def test_what_is_not_there_is_a_dash():
    assert [tags.wan(None), tags.yuan(None), tags.rate(None), tags.day(None), tags.count(None)] == ["—"] * 5


def test_rates_are_percentages():
    assert [tags.rate(285), tags.rate(0), tags.share(0.353)] == ["2.85%", "0.00%", "35.3%"]


@pytest.mark.parametrize(
    ("days", "words", "tone"),
    [(5, "还有 5 天", "due-calm"), (2, "还有 2 天", "due-soon"), (0, "今天到期", "due-soon"), (-1, "已逾期 1 天", "due-late")],
)
def test_deadline_says_how_long_is_left(days, words, tone):
    html = tags.due(NOW + dt.timedelta(days=days))

    assert words in html
    assert tone in html


def test_day_is_said_as_people_say_it():
    assert tags.short_day(dt.date(2026, 3, 6)) == "3月6日"
    with translation.override("en"):
        assert tags.short_day(dt.date(2026, 3, 6)) == "6 Mar"


def test_every_tone_has_a_mark_beside_its_colour():
    assert all(mark.strip() for _tone, mark in TONES.values())


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_template_has_no_inline_script_style_or_handler(path):
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", text)


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_unknown_address_says_what_to_do_in_the_readers_language(language):
    answer = Client().get("/nowhere/", headers={"accept-language": language})

    shown = answer.content.decode()
    assert answer.status_code == 404
    assert ("怎么办：" in shown) == (language == "zh-hans")
    assert (CHINESE.search(shown.replace("中文", "")) is None) == (language == "en")


@pytest.mark.django_db
def test_forbidden_page_says_what_to_do(as_):
    answer = as_("lin").get("/rounds/")

    assert answer.status_code == 403
    assert "请联系本单位管理员调整岗位" in answer.content.decode()


@pytest.mark.django_db
def test_expired_page_says_what_to_do(cast):
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {"login": "lin"})

    assert answer.status_code == 403
    assert "页面已过期，内容未提交" in answer.content.decode()


@pytest.mark.django_db
def test_fault_of_ours_says_that_nothing_was_done(as_, monkeypatch):
    def broken(*_args, **_kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr("portal.views.home._heaps", broken)
    client = as_("lin")
    client.raise_request_exception = False

    answer = client.get("/")

    assert answer.status_code == 500
    assert "您的操作没有生效" in answer.content.decode()


@pytest.mark.django_db
def test_missing_calendar_year_is_a_red_banner(as_):
    client = as_("lin")

    without = client.get("/").content.decode()
    CalendarException.objects.create(day=dt.date(2026, 1, 1), is_working=False, source="测试")
    with_it = client.get("/").content.decode()

    assert "工作日历缺少 2026 年的放假安排" in without
    assert "工作日历缺少" not in with_it


@pytest.mark.django_db
def test_language_is_switched_and_kept(as_):
    client = as_("lin")

    answer = client.post("/i18n/setlang/", {"language": "en", "next": "/"}, follow=True)

    assert '<html lang="en">' in answer.content.decode()
    assert "My work" in answer.content.decode()


@pytest.mark.django_db
def test_sign_in_and_out(cast):
    user = cast.users["lin"]
    user.set_password("correct horse battery")
    user.save(update_fields=["password"])
    client = Client()

    wrong = client.post("/sign-in/", {"login": "lin", "password": "nonsense"})
    right = client.post("/sign-in/?next=/filings/mine/", {"login": "lin", "password": "correct horse battery"})
    out = client.post("/sign-out/")

    assert wrong.status_code == 200
    assert "登录未成功" in wrong.content.decode()
    assert right["Location"] == "/filings/mine/"
    assert out["Location"] == "/sign-in/"
    assert client.get("/").status_code == 302


@pytest.mark.django_db
def test_pages_forbid_foreign_scripts(as_):
    policy = as_("lin").get("/")["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.django_db
@override_settings(DEBUG=False)
def test_person_without_a_seat_is_told_whom_to_ask(cast, as_):
    cast.users["mo_firm"].memberships.all().delete()

    shown = as_("mo_firm").get("/").content.decode()

    assert "您的账号还没有岗位，请联系本单位管理员授权。" in shown


@pytest.mark.django_db
def test_account_pages_wear_our_frame(cast, as_):
    cast.users["lin"].set_password("correct horse battery")
    cast.users["lin"].save(update_fields=["password"])

    answer = as_("lin").get("/account/password/change/")

    assert answer.status_code == 200
    assert 'class="card narrow account"' in answer.content.decode()


@pytest.mark.django_db
def test_one_persons_mistakes_do_not_lock_out_the_office(cast):
    cast.users["chen"].set_password("correct horse battery")
    cast.users["chen"].save(update_fields=["password"])
    client = Client()

    answers = [client.post("/sign-in/", {"login": "lin", "password": f"wrong-{n}"}) for n in range(6)]
    other = Client().post("/sign-in/", {"login": "chen", "password": "correct horse battery"})

    assert answers[-1].status_code == 429
    assert "登录失败次数过多" in answers[-1].content.decode()
    assert other.status_code == 302


def test_decline_is_told_in_the_readers_language():
    code = DeclineCode(sentence="担保不足。", sentence_en="Security is short.")

    chinese = tags.in_language(code, "sentence")
    with translation.override("en"):
        english = tags.in_language(code, "sentence")

    assert (chinese, english) == ("担保不足。", "Security is short.")
