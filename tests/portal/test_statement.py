"""An account's statement says in words what each entry belongs to."""

import pytest

from ledger.models import Entry
from portal.templatetags import portal as tags
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def entries(world):
    account = world.appetites["ICBC-WH"].account
    rows = [
        ("hold", "recommendation:868:hold", "2026-10-1"),
        ("release", "recommendation:868:hold:release", "转为对接项目预留"),
        ("post", "deal:7:sign", "签约"),
    ]
    return Entry.objects.bulk_create(
        Entry(
            account=account,
            seq=seq,
            kind=kind,
            amount=1,
            limit_after=account.limit,
            held_after=0,
            posted_after=0,
            business_key=key,
            note=note,
            at=NOW,
            by_label="测试",
            province="420000",
        )
        for seq, (kind, key, note) in enumerate(rows, start=2)
    )


def test_statement_names_rounds_and_deals_in_words(entries, as_):
    shown = as_("zhao").get(f"/accounts/{entries[0].account_id}/").content.decode()

    assert "推荐轮次 2026-10-1" in shown
    assert "推荐 868</span>" in shown
    assert '<a href="/deals/7/" title="deal:7:sign">对接项目 7</a>' in shown
    assert "<code" not in shown


def test_statement_is_in_the_readers_language(entries, as_):
    shown = as_("zhao").get(f"/accounts/{entries[0].account_id}/", headers={"accept-language": "en"}).content.decode()

    assert "Passed on to the deal" in shown
    assert "Round 2026-10-1" in shown


def test_entry_of_no_known_kind_is_the_systems(entries):
    entries[0].business_key = "k0"

    assert tags.entry_about(entries[0]) == '<span class="muted" title="k0">系统记录</span>'
