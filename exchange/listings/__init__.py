"""Every list that goes out as a workbook: what the API's resource of that kind shows this person under these filters, as columns.

Rows come through the resource's own `visible`, so that an export never shows more than the list it was made from.
"""

from collections.abc import Mapping

from exchange.listings import accounts, deals, lenders, offices, openings, projects, reporting, rounds
from exchange.listings.listing import Listing, Part

LISTINGS: Mapping[str, Listing] = {
    listing.kind: listing
    for of_subject in (projects, rounds, deals, openings, reporting, lenders, accounts, offices)
    for listing in of_subject.LISTINGS
}

__all__ = ["LISTINGS", "Listing", "Part"]
