"""One archive for a case's whole life: what its reader may see, an index, a digest of every file, the same bytes each time."""

import csv
import hashlib
import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.models import AuditEvent
from exchange import case_file
from ledger import accounts
from ledger.accounts import Hold
from projects import attachments, review
from projects.drafting import save_form
from projects.forwarding import scans, steps
from projects.models import Filing
from tests.factories import NOW, TODAY
from tests.portal import cases
from tests.projects.cases import draft, passed


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def filing(world, cast):
    """Handed in with a paper, returned once, corrected, and sent up to the city under a letter."""
    case = draft(world, cast)
    attachments.attach(case, kind="licence", upload=SimpleUploadedFile("执照.pdf", b"%PDF-1.7 licence"), by=cast.lin, at=NOW)
    case = review.submit(case, by=cast.lin, at=NOW, seen=case.version)
    review.return_step(case, by=cast.chen, at=NOW, seen=case.version, note="请写明设备", fields=["equipment"])
    form = case.form | {
        "content": "购置五轴加工中心四十台。",
        "equipment": [case.form["equipment"][0] | {"model": "V5"}, *case.form["equipment"][1:]],
    }
    save_form(case, form=form, by=cast.lin, at=NOW, seen=case.version)
    review.resubmit(case, by=cast.lin, at=NOW, seen=case.version)
    passed(case, cast.chen, note="设备清单已核对")
    forward = steps.prepare(world["IND-420111"], batch=world.batches[0], by=cast.hu, at=NOW)
    steps.freeze(forward, by=cast.hu, at=NOW, seen=0)
    scans.attach(forward, upload=SimpleUploadedFile("公文.pdf", b"%PDF-1.7 stamped"), by=cast.hu, at=NOW)
    forward.refresh_from_db()
    steps.send(forward, by=cast.hu, at=NOW, seen=forward.version, number="洪经信函3号", dated_on=TODAY)
    return Filing.objects.get(pk=case.pk)


def taken(filing, by) -> bytes:
    return b"".join(case_file.stream(case_file.pack(filing, by=by, at=NOW)))


def opened(filing, by) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(taken(filing, by))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_holds_every_part_an_index_of_them_and_their_digests(filing, cast):
    found = opened(filing, cast.wang)

    assert {name.split("/")[0] for name in found} == {
        "目录.txt", "01-申报表", "02-版本差异", "03-审核意见.csv", "04-申报材料", "06-上报公文", "07-办理记录.csv", "manifest.sha256",
    }  # fmt: skip
    told = dict(reversed(line.split("  ", 1)) for line in found["manifest.sha256"].decode().splitlines())
    assert told == {name: hashlib.sha256(content).hexdigest() for name, content in found.items() if name != "manifest.sha256"}
    index = found["目录.txt"].decode()
    assert all(name in index for name in found if name not in ("目录.txt", "manifest.sha256"))


def test_versions_differ_cell_by_cell(filing, cast):
    (difference,) = [content.decode() for name, content in opened(filing, cast.wang).items() if name.startswith("02-")]

    assert difference.lstrip("\ufeff").splitlines() == [
        "填报项,修改前,修改后",
        "建设内容,购置数控加工中心四十台，改造两条产线。,购置五轴加工中心四十台。",
        "设备清单 › 第 1 行 › 型号,VMC850,V5",
    ]


def test_the_same_case_is_the_same_bytes_and_taking_it_is_on_record(filing, cast):
    first = taken(filing, cast.wang)

    assert taken(filing, cast.wang) == first
    assert AuditEvent.objects.filter(verb="download_case", by_user=cast.wang.user_id).count() == 2


def test_papers_and_letters_are_as_they_were_taken_in(filing, cast):
    found = opened(filing, cast.wang)

    assert [content for name, content in found.items() if name.startswith("04-")] == [b"%PDF-1.7 licence"]
    letters = {name.rpartition("/")[2].partition("-")[0] for name in found if name.startswith("06-")}
    assert letters == {"公文.docx", "项目清单.xlsx", "项目清单.pdf", "扫描件"}
    assert b"%PDF-1.7 stamped" in found.values()


def test_the_firm_has_its_forms_and_what_it_was_told_not_what_officers_wrote_among_themselves(filing, cast):
    found = opened(filing, cast.lin)

    assert len([name for name in found if name.startswith("01-")]) == 4
    assert not [name for name in found if name.startswith(("03-", "06-"))]
    happened = found["07-办理记录.csv"].decode()
    assert "请写明设备" in happened
    assert "设备清单已核对" not in happened


def test_a_bank_has_the_form_of_today_with_itself_as_the_only_bank(world, filing, cast):
    cases.disclosure(world, filing, "ICBC-WH")

    found = opened(filing, cast.bai)

    assert [name for name in found if name.startswith(("01-", "02-", "03-"))] == ["01-申报表/第2版.txt"]
    form = found["01-申报表/第2版.txt"].decode()
    assert "意向银行：ICBC-WH\n" in form
    assert "CCB" not in form
    assert found["07-办理记录.csv"].decode().splitlines()[1:] == []


def test_what_rounds_said_of_it_and_what_it_moved_in_the_ledger(world, filing, cast):
    cases.disclosure(world, filing, "ICBC-WH")
    round_row, later = cases.round_(world), cases.round_(world)
    recommendation = cases.recommendation(world, round_row, filing)
    cases.non_match(later, filing)
    account = world.appetites["ICBC-WH"].account
    for key in (f"recommendation:{recommendation.pk}:hold", f"recommendation:{recommendation.pk}0:hold"):  # the second of another case
        accounts.hold(Hold(account.pk, recommendation.amount, key), by=cast.system, at=NOW)

    found = {name: opened(filing, getattr(cast, name)) for name in ("zhao", "lin", "bai")}

    (said,) = list(csv.DictReader(io.StringIO(found["zhao"]["09-银行对接/推荐.csv"].decode("utf-8-sig"))))
    assert (said["轮次"], said["快照摘要（SHA-256）"], said["得分"]) == (round_row.number, cases.DIGEST, "1000002000")
    assert "候补第一位为建设银行武汉分行" in said["理由"]
    (missed,) = list(csv.DictReader(io.StringIO(found["lin"]["09-银行对接/未获推荐.csv"].decode("utf-8-sig"))))
    assert (missed["轮次"], missed["主要原因"]) == (later.number, "limits_full")
    for reader in ("zhao", "bai"):
        lines = list(csv.DictReader(io.StringIO(found[reader]["11-额度与预算台账.csv"].decode("utf-8-sig"))))
        assert {(line["类型"], line["业务键"]) for line in lines} == {("预留", f"recommendation:{recommendation.pk}:hold")}
    assert not [name for name in found["bai"] if "推荐" in name]  # a reason names other banks
    assert not [name for name in found["lin"] if "台账" in name]  # a bank's appetite is no firm's business
    assert "11-额度与预算台账.csv" in found["zhao"]["manifest.sha256"].decode()


def test_who_may_not_see_the_case_gets_nothing(filing, cast, client, settings):
    settings.FIXED_NOW, settings.SESSION_COOKIE_SECURE = NOW.isoformat(), False
    for name, status in (("mo_county", 404), ("mo_firm", 404), ("mo_bank", 404), ("wang", 200)):
        client.force_login(cast.users[name], backend="django.contrib.auth.backends.ModelBackend")
        answer = client.get(f"/filings/{filing.pk}/archive/")
        assert answer.status_code == status
    assert zipfile.is_zipfile(io.BytesIO(b"".join(answer.streaming_content)))
