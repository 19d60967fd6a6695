"""我的导出: from a list page to a file that is its owner's alone."""

import re
from io import BytesIO

import openpyxl
import pytest

from exchange import dispatch, exports
from exchange.models import Export
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def _button(page):
    """What the button of a list page would send."""
    form = re.search(r'<form method="post" action="/exports/new/".*?</form>', page, re.DOTALL).group()
    fields = {}
    for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form):
        fields.setdefault(name, []).append(value)
    return fields


def _exported(client, address):
    answer = client.post("/exports/new/", _button(client.get(address).content.decode()), follow=True)
    return [row[0].value for row in openpyxl.load_workbook(BytesIO(answer.getvalue())).worksheets[0].iter_rows(min_row=2)]


@pytest.mark.parametrize(
    ("who", "address"),
    [
        ("zhao", "/filings/"),
        ("lin", "/filings/mine/"),
        ("chen", "/inbox/"),
        ("bai", "/invitations/"),
        ("zhao", "/deals/?state=signed"),
        ("qian", "/claims/"),
        ("zhao", "/rounds/"),
        ("an", "/appetites/"),
        ("zhao", "/accounts/"),
    ],
)
def test_every_list_page_exports_what_it_shows(who, address, as_, listed):
    client = as_(who)

    rows = _exported(client, address)

    assert len(rows) == Export.objects.get().rows


def test_the_tab_and_the_words_searched_for_are_the_filter(world, cast, as_, listed):
    other = factories.filing(world, cast.firm, state="in_review")

    assert _exported(as_("zhao"), "/filings/?state=listed") == [listed.pk]
    assert _exported(as_("zhao"), f"/filings/?q={cast.firm.name}") == [other.pk, listed.pk]
    assert _exported(as_("zhao"), f"/filings/?place={world.regions['420200'].pk}") == []


def test_a_large_list_is_left_to_a_worker_and_shown_under_way(as_, listed, monkeypatch, django_capture_on_commit_callbacks):
    sent = []
    monkeypatch.setattr(exports, "AT_ONCE", 0)
    monkeypatch.setattr(dispatch.current_app, "send_task", lambda name, args: sent.append((name, args)))
    client = as_("zhao")

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/exports/new/", {"kind": "filings", "once": "k1"})
    export = Export.objects.get()

    assert (answer.url, sent) == (f"/exports/{export.pk}/", [("exchange.tasks.write_export", [export.pk])])
    assert f'hx-get="/exports/{export.pk}/status/"' in client.get(answer.url).content.decode()
    client.post(f"/exports/{export.pk}/cancel/", {"seen": export.version, "once": "k2"})
    assert Export.objects.get().state == "cancelled"
    assert client.get(f"/exports/{export.pk}/status/").status_code == 286
    assert client.get(f"/exports/{export.pk}/file/").status_code == 409


def test_an_export_is_nobody_elses(as_, listed):
    owner = as_("zhao")
    owner.post("/exports/new/", {"kind": "filings", "once": "k1"})
    export = Export.objects.get()

    assert owner.get(f"/exports/{export.pk}/").status_code == 200
    for address in (f"/exports/{export.pk}/", f"/exports/{export.pk}/file/", f"/exports/{export.pk}/status/"):
        assert as_("sun").get(address).status_code == 404
    assert "还没有导出过" in as_("sun").get("/exports/").content.decode()


def test_an_unknown_list_is_refused(as_):
    assert as_("zhao").post("/exports/new/", {"kind": "passwords", "once": "k1"}).status_code == 404
    assert not Export.objects.exists()
