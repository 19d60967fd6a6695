"""Nothing is saved from an older page: every form that changes something carries the version its page was made from, and is refused without it.

The forms are found by opening every page of the permission matrix as everybody who may. What only ever adds a row is named in ADDS.
The admin's own forms are walked in `tests/test_admin_walk.py`.
"""

import re
from collections.abc import Iterator

import pytest

from tests.permissions import hanging, samples
from tests.permissions.asking import STOPPED, ask
from tests.permissions.expected import PAGES, detail
from tests.permissions.readers import Reader, readers, who
from tests.permissions.routes import fill

pytestmark = pytest.mark.django_db

FORM = re.compile(r'<form\b[^>]*method="post"[^>]*>.*?</form>', re.DOTALL)
ACTION = re.compile(r'^<form\b[^>]*action="([^"]*)"')
TOKEN = re.compile(r'name="seen"[^>]* value="\d+"')
CHOSEN = re.compile(r'name="row"')  # of a list: each row carries its own, "12:3"
ADDS = re.compile(
    r"/(sign-out|i18n/setlang|sign-in|account/.*|register|register/ask|join|can-i-apply|interests|covers(/.*)?|forwards|answers|sheets/(unchanged|\d+)"
    r"|(notices|machine|tokens|webhooks|exports|imports|people)(/.*)?|filings/new|filings/bulk/.*|appetites/new|rounds/\d+/scenarios"
    r"|(filings|deals)/\d+/entries/.*|filings/\d+/(files|change|archive)|.*/scans|filings/\d+/files/\d+/remove"
    r"|filings/\d+/disclosures/\d+/withdraw|non-matches/\d+/smallest|monitoring/publish)/"
)
TELLS = who("lin chen zhao qian tan bai bao uadmin")  # the pages of the others have no form that none of these has


@pytest.fixture
def scene(kept_scene, db, settings, tmp_path):
    settings.FIXED_NOW = samples.NOW.isoformat()
    settings.MEDIA_ROOT = tmp_path
    hanging.store(tmp_path)
    return kept_scene()


def forms(scene: samples.Scene) -> Iterator[tuple[Reader, str, str]]:
    """(reader, where it is sent, the form), of every page that shows something of one object."""
    known = readers(scene.users)
    in_other_states = [("filings/<int:pk>/", detail(kind)) for kind in ("drafts", "reviews")]
    for address, page in [*PAGES.items(), *in_other_states]:
        path = fill(address, scene.rows.get(page.of), {name: scene.number(value) for name, value in page.args.items()})
        for name in sorted(page.get & TELLS):
            for found in FORM.finditer(ask(known[name], "GET", path).text):
                sent_to = ACTION.match(found[0])
                if "<button" in found[0]:
                    yield known[name], sent_to[1] if sent_to else path, found[0]


def test_every_form_that_changes_something_carries_a_version_and_is_refused_without(scene):
    found = [(reader, to, form) for reader, to, form in forms(scene) if not ADDS.fullmatch(to.partition("?")[0])]

    bare = {f"{reader.name} {to}" for reader, to, form in found if not (TOKEN.search(form) or CHOSEN.search(form))}
    sent = {(reader.name, to): reader for reader, to, form in found if TOKEN.search(form)}
    answers = {f"{name} {to}": ask(reader, "POST", to, {"note": "理由"}).said for (name, to), reader in sent.items()}

    assert bare == set()
    assert {who_where: said for who_where, said in answers.items() if said != STOPPED} == {}
    assert len({to for _reader, to, _form in found}) > 20
