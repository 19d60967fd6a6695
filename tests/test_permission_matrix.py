"""The permission matrix: every route × method × reader, each cell asked and compared with what was written down for it.

A route, step or desk without a line of its own fails the build. To add one, write it into `tests/permissions/expected.py`:

    a page         PAGES["notices/"] = Page(SIGNED_IN)                        or, of one object: detail("notices")
                   Page(post=FIRM, of="filings", data={"kind": "other"})      who may send it; the others get 404 if they do not see the
                                                                              sample, 403 if they do (`closed=HIDDEN`: 404 in any case)
    a kind         SEES["notices"] = who(FIRM, "chen")                        its list, object and steps in the API; add a sample of it
                                                                              to `tests/permissions/samples.py`
    a step         STEPS["filings"]["appeal"] = FIRM                          for page, API and admin at once
    an API call    CALLS["notices/"] = {"POST": Page(post=FIRM)}
    a desk         DESKS["organisations.notice"] = who("zhao")                whose admin list it is (`tests/permissions/desks.py`)
    a button       ACTS["organisations.notice"] = ("notices", {"end": OFFICE}) on a row of it; LIST_ACTS: above the list

The readers are in `tests/permissions/readers.py`: own unit, other county, parent, other bank, other firm, a visitor and so on; of one
of each kind every run asks a share in turns, `./dev test --long` asks all of them everywhere. Every
answer is also searched for what its reader may know of neither case: a name, a code, a title that leaks fails its cell.
"""

import logging
from collections import Counter
from dataclasses import replace

import pytest
from django.contrib import admin
from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator

from portal.views.steps import KINDS
from tests.permissions import desks, expected, hanging, readers, routes
from tests.permissions.checking import Cells

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def moment(settings, tmp_path):
    logging.disable()  # what is refused here by the thousand is no warning
    settings.FIXED_NOW = readers.NOW.isoformat()
    settings.MEDIA_ROOT = tmp_path
    hanging.store(tmp_path)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def briefly(monkeypatch):
    """The description of the whole API is drawn by `tests/config`; a page that says no is the page that the same reader gets anyway."""
    monkeypatch.setattr(SchemaGenerator, "get_schema", lambda *_args, **_kwargs: {})
    for kind, entry in KINDS.items():
        monkeypatch.setitem(KINDS, kind, replace(entry, page=_no))


def _no(_request, _by, _row, *, refused, status):
    return HttpResponse(str(refused.error), status=status)


@pytest.fixture(params=["few", pytest.param("all", marks=pytest.mark.long)])
def cells(request, kept_scene, db, record_property):
    """What was asked and what was answered otherwise than expected; how many cells is said at the end of the run."""
    found = Cells(kept_scene(), readers.FEW, readers.SHARE) if request.param == "few" else Cells(kept_scene())
    yield found
    record_property("cells", found.checked)


def test_every_route_has_an_expectation():
    assert Counter(routes.pages()) == Counter(expected.PAGES.keys()), "PAGES of tests/permissions/expected.py"
    assert {kind: set(verbs) for kind, verbs in routes.step_names().items()} == {
        kind: set(verbs) for kind, verbs in expected.STEPS.items()
    }, "STEPS of tests/permissions/expected.py"
    known = set(expected.CALLS) | {f"{kind}/" for kind in expected.SEES} | {f"{kind}/<int:pk>/" for kind in expected.SEES}
    assert [address for address in routes.calls() if address not in known] == [], "SEES or CALLS of tests/permissions/expected.py"


def test_pages(cells):
    for address, page in expected.PAGES.items():
        for method in ("GET", "POST"):
            cells.check(page, address, method)

    assert not cells.wrong, cells.told


def test_lists_and_objects_of_the_api(cells):
    for kind in routes.RESOURCE_OF:
        cells.check_list(kind, expected.SEES[kind])
        cells.check(expected.Page(expected.SEES[kind], of=kind), f"api/{kind}/<int:pk>/", "GET")
    for address, by_method in expected.CALLS.items():
        for method, page in by_method.items():
            cells.check(page, f"api/{address}", method)

    assert not cells.wrong, cells.told


def test_methods_the_api_does_not_offer(cells):
    for address in routes.api():
        cells.check_methods(address)

    assert not cells.wrong, cells.told


def test_steps_by_page_and_api(cells):
    for kind, verbs in expected.STEPS.items():
        for verb, may in verbs.items():
            cells.check_step(kind, verb, may)

    assert not cells.wrong, cells.told


def test_every_desk_has_an_expectation():
    assert desks.registered() == set(desks.DESKS), "DESKS of tests/permissions/desks.py"
    assert desks.acts_offered() == desks.acts_expected(), "ACTS and LIST_ACTS of tests/permissions/desks.py"


def test_buttons_of_the_admin(cells):
    for label in desks.acts_expected():
        desks.check_acts(cells, label)

    assert not cells.wrong, cells.told


@pytest.mark.long  # four hundred pages of the admin; that each model has a desk is asked in every run
def test_desks_of_the_admin(cells):
    for model in admin.site._registry:
        desks.check(cells, model)

    assert not cells.wrong, cells.told
