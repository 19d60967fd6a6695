"""The shared desk: edits name the version they were begun from, leave an audit event, and stay in the reader's province."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from common.models import AuditEvent, CalendarException
from organisations.models import Batch, PolicyParameter, User
from tests.factories import HUBEI, SINCE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(settings):
    settings.FIXED_NOW = "2026-03-02T10:30:00"


@pytest.fixture
def cast(seated):
    return seated


@pytest.fixture
def zhao(cast):
    client = Client()
    client.force_login(cast.users["zhao"])
    return client


@pytest.fixture
def parameter():
    return PolicyParameter.objects.create(province=HUBEI, key="standbys", value=2, unit="count", valid_from=SINCE, source="测试")


def form_of(client, address):
    """What the page would send: its fields with their values."""
    form = client.get(address).context["adminform"].form
    sent = {name: form[name].value() for name in form.fields}
    sent = {name: "" if value is None else value for name, value in sent.items()}
    return sent | {"seen": client.get(address).context["seen"]}


def test_edit_leaves_an_audit_event_with_old_and_new(zhao, parameter, cast):
    address = f"/admin/organisations/policyparameter/{parameter.pk}/change/"

    answer = zhao.post(address, form_of(zhao, address) | {"value": "3"})

    assert answer.status_code == 302
    event = AuditEvent.objects.get(subject="organisations.policyparameter")
    assert (event.verb, event.by_user_id, event.changes) == ("admin.edit", cast.users["zhao"].pk, {"value": ["2.00", "3"]})


def test_second_save_from_an_older_page_is_refused_and_keeps_what_was_typed(zhao, parameter):
    address = f"/admin/organisations/policyparameter/{parameter.pk}/change/"
    old = form_of(zhao, address)
    zhao.post(address, old | {"value": "3"})

    late = zhao.post(address, old | {"value": "9", "source": "后到的依据"})
    page = late.content.decode()

    assert late.status_code == 200
    assert "已被他人更新" in page
    assert "2.00 → 3" in page
    assert "后到的依据" in page
    assert PolicyParameter.objects.get(pk=parameter.pk).value == 3
    assert zhao.post(address, old | {"value": "9", "seen": late.context["seen"]}).status_code == 302


def test_save_without_a_token_is_refused(zhao, parameter):
    address = f"/admin/organisations/policyparameter/{parameter.pk}/change/"
    sent = form_of(zhao, address) | {"value": "3"}
    del sent["seen"]

    assert zhao.post(address, sent).status_code == 200
    assert PolicyParameter.objects.get(pk=parameter.pk).value == 2


def test_versioned_row_is_amended_and_its_version_rises(zhao, world):
    product = world.products["ICBC-P1"]
    address = f"/admin/lenders/product/{product.pk}/change/"

    assert zhao.post(address, form_of(zhao, address) | {"name": "新名称", "barred_industries": ""}).status_code == 302

    product.refresh_from_db()
    event = AuditEvent.objects.get(subject="lenders.product")
    assert (product.name, product.version, event.seen_version) == ("新名称", 1, 0)
    assert event.changes["name"][1] == "新名称"


def test_rows_of_another_province_are_not_there(zhao, world):
    batch = Batch.objects.get(pk=world.batches[0].pk)
    batch.pk, batch.province, batch.name = None, "430000", "湖南批次"
    batch.save(force_insert=True)

    page = zhao.get("/admin/organisations/batch/").content.decode()

    assert "湖南批次" not in page
    assert world.batches[0].name in page
    assert zhao.get(f"/admin/organisations/batch/{batch.pk}/change/").status_code == 302


def test_row_of_the_nation_is_read_and_not_changed_by_a_province(zhao):
    national = PolicyParameter.objects.get(key="standbys", province="100000")
    address = f"/admin/organisations/policyparameter/{national.pk}/change/"

    assert zhao.get(address).status_code == 200
    assert zhao.post(address, {"value": "9"}).status_code == 403


def test_new_row_belongs_to_its_writers_province(zhao):
    sent = {
        "key": "standbys",
        "value": "1",
        "unit": "count",
        "valid_from": "2026-05-01",
        "source": "鄂经信〔2026〕2号",
        "province": "430000",
    }

    assert zhao.post("/admin/organisations/policyparameter/add/", sent).status_code == 302

    row = PolicyParameter.objects.get(source="鄂经信〔2026〕2号")
    assert row.province == HUBEI
    assert AuditEvent.objects.get(subject="organisations.policyparameter", subject_id=row.pk).verb == "admin.add"


def test_audit_and_ledger_cannot_be_touched_even_by_a_superuser(world):
    root = Client()
    root.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    account = world.appetites["ICBC-WH"].account

    assert root.post(f"/admin/ledger/ledgeraccount/{account.pk}/change/", {"limit": "1"}).status_code == 403
    assert root.get(f"/admin/ledger/ledgeraccount/{account.pk}/delete/").status_code == 403
    assert root.get("/admin/ledger/entry/add/").status_code == 403
    assert root.get("/admin/common/auditevent/add/").status_code == 403
    account.refresh_from_db()
    assert account.limit == 500_000_000


def test_a_notice_of_the_state_council_is_loaded_from_a_file(zhao):
    file = SimpleUploadedFile("2027.csv", "day,is_working,source\n2027-01-01,0,国办通知\n2027-01-03,1,国办通知\n".encode())

    checked = zhao.post("/admin/common/calendarexception/import/", {"format": "0", "import_file": file, "resource": ""})
    confirm = checked.context["confirm_form"]
    done = zhao.post("/admin/common/calendarexception/process_import/", confirm.initial)

    assert done.status_code == 302
    rows = CalendarException.objects.filter(day__year=2027).order_by("day")
    assert [(str(row.day), row.is_working) for row in rows] == [("2027-01-01", False), ("2027-01-03", True)]
    assert AuditEvent.objects.filter(subject="common.calendarexception", verb="admin.import").count() == 2


def test_sidebar_follows_the_flow_and_the_desk(zhao, cast):
    groups = [group["title"] for group in zhao.get("/admin/").context["sidebar_navigation"]]
    finance = Client()
    finance.force_login(cast.users["qian"])

    assert groups == ["申报", "银行", "推荐轮次", "对接", "贴息", "政策与参数", "账本与审计", "机构与人员"]
    assert [group["title"] for group in finance.get("/admin/").context["sidebar_navigation"]] == [
        "银行",
        "对接",
        "贴息",
        "政策与参数",
        "账本与审计",
        "机构与人员",
    ]


def test_audit_list_speaks_in_words(zhao, parameter):
    address = f"/admin/organisations/policyparameter/{parameter.pk}/change/"
    zhao.post(address, form_of(zhao, address) | {"value": "3"})

    page = zhao.get("/admin/common/auditevent/").content.decode()

    assert "编辑" in page
    assert "政策参数" in page


def test_history_is_the_audit_trail(zhao, parameter):
    address = f"/admin/organisations/policyparameter/{parameter.pk}/change/"
    zhao.post(address, form_of(zhao, address) | {"value": "3"})

    assert "2.00 → 3" in zhao.get(f"/admin/organisations/policyparameter/{parameter.pk}/history/").content.decode()
