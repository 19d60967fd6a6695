"""Rows for tests: one small province (`province()`), and firms, filings, branches to put into it. A few queries each, whatever the number.

Everything stands as it would after the real steps, but is inserted; a test of a step makes its own case by the steps before it.
"""

from tests.factories.filings import filing, filings, firm, firms, form
from tests.factories.lenders import BANKS, BRANCHES, product
from tests.factories.province import WEIGHTS, decline_codes, province
from tests.factories.review import POLICY, REGIONS, UNITS, policy, reviewers
from tests.factories.world import HUBEI, NOW, SINCE, TODAY, WAN, World, accounts, organisations

__all__ = [
    "BANKS",
    "BRANCHES",
    "HUBEI",
    "NOW",
    "POLICY",
    "REGIONS",
    "SINCE",
    "TODAY",
    "UNITS",
    "WAN",
    "WEIGHTS",
    "World",
    "accounts",
    "decline_codes",
    "filing",
    "filings",
    "firm",
    "firms",
    "form",
    "organisations",
    "policy",
    "product",
    "province",
    "reviewers",
]
