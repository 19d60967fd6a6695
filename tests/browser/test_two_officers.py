"""In a real browser: two officers open one case. The second to save is told what changed and finds the typed text again."""

import pytest

from organisations.models import User
from projects.models import Filing
from tests import factories, people
from tests.browser.test_pass_a_case import PASSWORD, sign_in
from tests.factories import NOW

TYPED = "备案文件与设备清单金额不一致，请核对后重新提交。"


@pytest.fixture
def case(transactional_db, settings):
    """A case at the county's first stage, which has two people for it."""
    settings.FIXED_NOW = NOW.isoformat()
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    world = factories.province()
    cast = people.cast(world)
    people.member(world["IND-420111"].organisation, "handler", name="deng")
    for user in User.objects.filter(username__in=["chen", "deng"]):
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    return factories.filing(world, cast.firm, state="in_review")


def opened(browser, address, name, case):
    """The page of the case, in a window of this officer's own."""
    page = browser.new_context(locale="zh-CN").new_page()
    sign_in(page, address, name)
    page.goto(f"{address}/filings/{case.pk}/")
    return page


def test_second_save_is_told_what_changed_and_keeps_the_text(case, live_server, browser):
    first, second = (opened(browser, live_server.url, name, case) for name in ("deng", "chen"))
    second.click("summary:has-text('退回修改')")
    second.fill("#return-note", TYPED)

    first.fill("#pass-note", "材料齐全，同意。")
    first.click(".steps button:has-text('通过')")
    first.wait_for_selector(".notice:has-text('已办理：通过。')")
    with second.expect_response(f"**/filings/{case.pk}/return/") as answer:
        second.click(".steps button:has-text('退回修改')")

    assert answer.value.status == 409
    shown = second.inner_text("#refused")
    assert "deng" in shown
    assert "通过" in shown
    assert second.inner_text("#refused-note") == TYPED
    filing = Filing.objects.get(pk=case.pk)
    assert (filing.state, filing.current_step.position) == (Filing.State.IN_REVIEW, 2)
