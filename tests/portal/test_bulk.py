"""Passing, reporting and listing many filings: preview first, then a result for each."""

import pytest

from projects.models import Filing
from tests import factories

pytestmark = pytest.mark.django_db


def ticked(*filings: Filing) -> list[str]:
    return [f"{row.pk}:{row.version}" for row in filings]


def test_preview_changes_nothing_and_tells_each_row(world, cast, as_):
    ready, elsewhere = factories.filings(world, factories.firms(world, 2), state="in_review")
    elsewhere.current_step = elsewhere.steps.get(position=2)
    elsewhere.save(update_fields=["current_step"])

    answer = as_("chen").post("/filings/bulk/pass/", {"row": ticked(ready, elsewhere)})

    shown = answer.content.decode()
    ready.refresh_from_db()
    assert answer.status_code == 200
    assert "选中 2 件，可办理 1 件" in shown
    assert "洪山区科学技术和经济信息化局 复核" in shown
    assert "此件当前不在您可办理的环节。" in shown
    assert ready.current_step.position == 1


def test_going_on_tells_the_result_of_each_row(world, cast, as_):
    good, stale = factories.filings(world, factories.firms(world, 2), state="in_review")
    rows = ticked(good, stale)
    Filing.objects.filter(pk=stale.pk).update(version=stale.version + 1)

    answer = as_("chen").post("/filings/bulk/pass/", {"row": rows, "go": "yes", "note": "同意", "once": "k1"})

    shown = answer.content.decode()
    good.refresh_from_db()
    stale.refresh_from_db()
    assert "共 2 件，已办理 1 件" in shown
    assert "未办理" in shown
    assert (good.current_step.position, stale.current_step.position) == (2, 1)


def test_sent_twice_acts_once(world, cast, as_):
    (filing,) = factories.filings(world, factories.firms(world, 1), state="in_review")
    form = {"row": ticked(filing), "go": "yes", "once": "k1"}
    client = as_("chen")

    first, second = (client.post("/filings/bulk/pass/", form).content.decode() for _twice in range(2))

    assert "已办理 1 件" in first
    assert "已办理 1 件" in second


def test_rows_of_others_are_left_out(world, cast, as_):
    filing = factories.filing(world, cast.other_firm, state="in_review", region="420115", unit="IND-420115")

    answer = as_("chen").post("/filings/bulk/pass/", {"row": [*ticked(filing), "x:1", "9"], "go": "yes", "once": "k1"})

    filing.refresh_from_db()
    assert filing.title not in answer.content.decode()
    assert "没有选中任何申报" in answer.content.decode()
    assert filing.current_step.position == 1


def test_listing_many_asks_for_the_number_of_the_list(world, cast, as_):
    filings = factories.filings(world, factories.firms(world, 2), state="reported")
    client = as_("zhao")

    refused = client.post("/filings/bulk/list/", {"row": ticked(*filings), "go": "yes", "list_number": "", "once": "k1"})
    done = client.post("/filings/bulk/list/", {"row": ticked(*filings), "go": "yes", "list_number": "2026-02", "once": "k2"})

    assert refused.status_code == 422
    assert "清单批次" in refused.content.decode()
    assert "共 2 件，已办理 2 件" in done.content.decode()
    assert set(Filing.objects.values_list("state", "list_number")) == {("listed", "2026-02")}


@pytest.mark.parametrize("verb", ["refuse", "fly"])
def test_only_known_steps_are_taken_in_bulk(as_, verb):
    assert as_("chen").post(f"/filings/bulk/{verb}/", {}).status_code == 404
