"""A batch by API, admin and workbook; the flags of a claim on its admin page."""

import openpyxl
import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from deals.crosschecks.models import CrossCheckFlag
from deals.models import FundingBatch
from exchange import exports
from exchange.models import Export
from tests import people
from tests.deals import claim_cases

pytestmark = pytest.mark.django_db
DESK = "/admin/deals/fundingbatch/"


@pytest.fixture(autouse=True)
def clock(settings):
    settings.FIXED_NOW = "2026-07-01T10:30:00"


@pytest.fixture
def claims(seated_two):
    return seated_two


def test_admin_drafts_publishes_and_shows_each_cut(world, seated, claims):
    world.budgets[2026].account.__class__.objects.filter(pk=world.budgets[2026].account_id).update(limit=30_000)

    drafted = people.signed_in(seated, "qian").post(f"{DESK}do/draft/", {"scheme": "HB-ADDON", "fiscal_year": 2026, "number": "方案一"})
    batch = FundingBatch.objects.get()
    facts = {"seen": batch.version, "notice_from": "2026-07-01", "phone": "027-1"}
    published = people.signed_in(seated, "feng").post(f"{DESK}{batch.pk}/do/publish/", facts)
    shown = people.signed_in(seated, "feng").get(f"{DESK}{batch.pk}/change/").content.decode()

    assert (drafted.status_code, published.status_code) == (302, 302)
    assert all(words in shown for words in ("4,444.44", "当年预算不足，结转下一资金文件优先安排", "2026年7月8日"))


def test_api_shows_the_batch_with_its_claims_and_takes_its_steps(world, seated, claims):
    qian = people.signed_in(seated, "qian", APIClient)
    made = qian.post("/api/funding-batches/", {"scheme": "HB-ADDON", "fiscal_year": 2026, "number": "方案一"})
    address = f"/api/funding-batches/{made.json()['id']}/"

    told = qian.post(f"{address}publish/", {"seen": made.json()["version"], "notice_from": "2026-07-01", "phone": "027-1"}).json()
    objected = qian.post(
        f"{address}object/",
        {"seen": told["version"], "claim": claims[0].pk, "objector": "某某", "text": "未到厂", "received_on": "2026-07-01"},
    )

    assert [row["arranged"] for row in told["claims"]] == ["25555.56", "25555.56"]
    assert objected.status_code == 200
    (objection,) = qian.get(f"/api/objections/?batch={told['id']}").json()["results"]
    upheld = qian.post(f"/api/objections/{objection['id']}/uphold/", {"seen": objection["version"], "note": "查实"})
    assert (upheld.status_code, upheld.json()["answer"]) == (200, "查实")
    assert people.signed_in(seated, "lin", APIClient).get(address).status_code == 404


def test_workbook_for_the_finance_bureau_has_each_claim_with_its_cuts(world, seated, claims, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    qian = people.signed_in(seated, "qian", APIClient)
    qian.post("/api/funding-batches/", {"scheme": "HB-ADDON", "fiscal_year": 2026, "number": "方案一"})

    export = exports.ask("funding-batches", {}, by=seated.qian, at=claim_cases.JULY)
    exports.run(export, at=claim_cases.JULY, clock=timezone.now)

    with Export.objects.get(pk=export.pk).file.open("rb") as stored:
        sheets = {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in openpyxl.load_workbook(stored)}
    told = [str(cell) for row in sheets["逐件安排"] for cell in row]
    assert {"申领人统一社会信用代码", "核减及原因", seated.firm.uscc, "2.555556"} <= set(told)


def test_claims_page_shows_flags_line_by_line_and_where_to_answer(world, seated, claims):
    claim = claims[0]
    drawdown = claim.deal.drawdowns.get()
    evidence = {"drawn_on": "2026-03-02", "amount": "1", "back_on": "2026-03-02", "back": "1"}
    flag = CrossCheckFlag.objects.create(
        claim=claim, drawdown=drawdown, rule="round_trip", evidence=evidence, found_at=claim_cases.JULY, province=claim.province
    )
    qian = people.signed_in(seated, "qian")

    page = qian.get(f"/admin/deals/subsidyclaim/{claim.pk}/change/").content.decode()
    answered = qian.post(f"/admin/deals/crosscheckflag/{flag.pk}/do/dismiss/", {"seen": 0, "note": "提前还款，有凭证"})

    assert "资金快进快出" in page
    assert f"/admin/deals/crosscheckflag/{flag.pk}/change/" in page
    flag.refresh_from_db()
    assert (answered.status_code, flag.state, flag.answer) == (302, "dismissed", "提前还款，有凭证")
