"""In a real browser: a firm fills in an application that saves itself, submits it, and the county passes it."""

import pytest

from projects.models import Filing
from tests import factories, people
from tests.factories import NOW

PASSWORD = "a long enough password"


@pytest.fixture
def cast(transactional_db, settings):
    settings.FIXED_NOW = NOW.isoformat()
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    cast = people.cast(factories.province())
    for name in ("lin", "chen"):
        cast.users[name].set_password(PASSWORD)
        cast.users[name].save(update_fields=["password"])
    return cast


def sign_in(page, address: str, name: str) -> None:
    page.goto(f"{address}/sign-in/")
    page.fill("#id_login", name)
    page.fill("#id_password", PASSWORD)
    page.click("main button.primary")
    page.wait_for_selector("h1:has-text('我的工作')")


def submit_while_saving(page) -> None:
    """Press the button while the answer to the last autosave, with the version to submit, is still on its way."""
    held = []
    page.route("**/autosave/", lambda route: held.append(route))  # noqa: PLW0108 -- a bound builtin takes no attribute, which the library sets
    with page.expect_request("**/autosave/"):
        page.fill("[name=invested]", "210")
        page.click("h1")
    page.click("button[value=submit]")
    held[0].continue_()


def test_application_is_filled_in_submitted_and_passed(cast, live_server, page):
    sign_in(page, live_server.url, "lin")
    page.click("text=新建申报")
    page.click("text=开始填写")
    form = factories.form()
    for name in ("name", "project_code", "content", "loan_purpose", "total_investment", "equipment_investment", "own_capital", "invested"):
        page.fill(f"[name={name}]", form[name])
    for name in ("amount", "term_months", "rate_cap", "starts_on", "completes_on"):
        page.fill(f"[name={name}]", form[name])
    page.select_option("[name=action]", "digital")
    page.check("[name=securities][value=mortgage]")
    page.select_option("#f-intended_banks-0", "ICBC-WH")
    for number, row in enumerate(form["equipment"]):
        if number:
            page.click("text=增加一行设备清单")
        for name in ("name", "unit_price", "quantity", "amount"):
            page.fill(f"[name='equipment.{number}.{name}']", row[name])
    page.click("h1")
    page.wait_for_selector("#saved:has-text('已保存')")
    submit_while_saving(page)
    page.wait_for_selector(".move:has-text('洪山区科学技术和经济信息化局 经办')")
    page.click("text=退出")

    sign_in(page, live_server.url, "chen")
    page.click(f"text={form['name']}")
    page.fill("#pass-note", "材料齐全，同意。")
    page.click(".steps button:has-text('通过')")
    page.wait_for_selector(".notice:has-text('已办理：通过。')")

    filing = Filing.objects.get(firm=cast.firm)
    assert (filing.state, filing.current_step.position) == (Filing.State.IN_REVIEW, 2)
    assert filing.steps.get(position=1).opinion == "材料齐全，同意。"
    assert page.complaints == []


def test_page_fits_a_phone(cast, live_server, browser):
    page = browser.new_page(locale="zh-CN", viewport={"width": 390, "height": 844})
    sign_in(page, live_server.url, "lin")
    page.goto(f"{live_server.url}/filings/new/")
    page.click("text=开始填写")
    page.wait_for_selector("#saved")

    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    assert overflow == 0
