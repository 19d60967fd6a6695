"""Every list page offers what it shows as a workbook, or stands below with the reason why it does not."""

import re

import pytest

from exchange import exports
from exchange.columns import cell_of
from exchange.listings import LISTINGS
from tests.permissions import samples
from tests.permissions.asking import OPEN, ask
from tests.permissions.expected import PAGES
from tests.permissions.readers import FEW, readers, who
from tests.permissions.routes import fill

pytestmark = pytest.mark.django_db

OFFERED = re.compile(r'action="/exports/new/".*?name="kind" value="([a-z-]+)"', re.DOTALL)
LISTS = {
    *(address for address in PAGES if "<" not in address),
    "accounts/<int:pk>/",
    "webhooks/<int:pk>/",
    "rounds/<int:pk>/recommendations/",
}
ASKED = FEW | who("lin ops bao")
WHY_NOT = {
    "": "a desk: each of its parts is a list with a page of its own",
    "filings/new/": "a form",
    "appetites/new/": "a form",
    "exports/": "the workbooks themselves",
    "imports/": "what was handed in is downloaded where it came from",
    "notices/choices/": "settings",
    "notices/undelivered/": "what is sent again where it stands; its texts are nobody's to take away",
    "people/": "accounts of one's own office: a handful, and no list to hand around",
    "interests/": "one's own declarations",
    "tokens/": "machines of one's own",
    "webhooks/": "a handful of one's own",
    "overdue/": "clocks of cases: the ledger of filings goes out with each case's due day",
    "reporting-months/": "twelve rows a year with one button each",
    "adequacy/": "a table of sums over filings and appetites, which both go out",
    "progress/": "a table of sums over filings and deals, which both go out",
    "accounts/outlook/": "a forecast over budgets and claims, which both go out",
    "sheets/unchanged/": "a button",
    **dict.fromkeys(
        ("monitoring/", "monitoring/answers/", "monitoring/evenness/"), "sums, with a workbook of their own: monitoring/report.xlsx"
    ),
}


def shown(scene):
    """(address, reader, page) of every list page with a table or a list of work, for one reader of each kind."""
    known = readers(scene.users)
    for address in sorted(LISTS):
        page = PAGES[address]
        path = fill(address, scene.rows.get(page.of), {name: scene.number(value) for name, value in page.args.items()})
        for name in sorted(page.get & ASKED - {"visitor"}):
            answer = ask(known[name], "GET", path)
            if answer.said == OPEN and ('class="stack' in answer.text or 'class="work"' in answer.text):
                yield address, name, answer.text


def test_every_list_page_offers_an_export_or_says_why_not(scene):
    pages = list(shown(scene))
    offered = {(address, name): OFFERED.findall(text) for address, name, text in pages}

    silent = {f"{name} {address}" for (address, name), kinds in offered.items() if not kinds and address not in WHY_NOT}
    unknown = {kind for kinds in offered.values() for kind in kinds} - LISTINGS.keys()

    assert silent == set()
    assert unknown == set()
    assert len({address for address, _name, _text in pages}) > 15


def test_every_list_of_the_registry_is_written_for_whoever_sees_a_row(scene):
    """New columns are read from real rows: each listing for the first of its readers who finds any."""
    known = readers(scene.users)
    empty = set()
    for kind, listing in LISTINGS.items():
        by = next(
            (known[name].person for name in sorted(ASKED - {"visitor", "nobody"}) if listing.visible(known[name].person).exists()), None
        )
        if by is None:
            empty.add(kind)
            continue
        export = exports.ask(kind, {}, by=by, at=samples.NOW)
        columns = listing.columns()
        for row in listing.rows(by, {})[:3]:
            assert len([cell_of(column, row) for column in columns]) == len(columns)
        assert export.rows > 0
        exports.cancel(export, by=by, at=samples.NOW, seen=export.version)

    assert empty <= {"ledger-entries", "budgets", "recommendations"}
