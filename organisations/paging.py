"""Long lists, said and shown without reading all of them.

A count is exact up to a bound, beyond it "10,000+". A page is picked by its keys, so that what a row is shown with is loaded for the
rows shown and for none that were passed over.
"""

from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

COUNTED = 10_000  # rows of one list that are counted and may be paged through; what lies further down is found by a filter, or exported


def counted(rows: QuerySet[Any], *, most: int = COUNTED) -> int:
    """How many rows there are; `most` + 1 where there are more."""
    return rows.order_by().values("pk")[: most + 1].count()


def told(number: int, *, most: int = COUNTED) -> str:
    return f"{most:,}+" if number > most else f"{number:,}"


def picked(rows: QuerySet[Any], first: int, last: int) -> QuerySet[Any]:
    """`rows[first:last]`, in their order. Two queries: made one, the database guesses wrong how few the keys are."""
    return rows.filter(pk__in=list(rows.values_list("pk", flat=True)[first:last]))


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # generic to the checker alone
    """Pages of the first `most` rows. `found`: how many there are, where the caller has counted already."""

    def __init__(self, object_list: Any, per_page: int, *more: Any, found: int | None = None, most: int = COUNTED, **named: Any) -> None:
        super().__init__(object_list, per_page, *more, **named)
        self.most = most
        if found is not None:
            self.found = found

    @cached_property
    def found(self) -> int:
        return counted(self.object_list, most=self.most) if isinstance(self.object_list, QuerySet) else len(self.object_list)

    @cached_property
    def count(self) -> int:
        return min(self.found, self.most)

    @property
    def told(self) -> str:
        return told(self.found, most=self.most)

    @property
    def is_cut(self) -> bool:
        return self.found > self.most


class PickingPaginator(BoundedPaginator):
    """The rows of a page are picked by their keys."""

    def page(self, number: int | str) -> Page[Any]:
        if not isinstance(self.object_list, QuerySet):
            return super().page(number)
        place = self.validate_number(number)
        first = (place - 1) * self.per_page
        return Page(picked(self.object_list, first, min(first + self.per_page, self.count)), place, self)
