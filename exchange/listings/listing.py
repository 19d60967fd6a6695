"""A list as it goes out: its rows, its columns, and the rows that hang on each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend

from common.errors import Invalid, Problem
from exchange.columns import Shown
from organisations.actors import Person
from organisations.resources import Resource

Filters = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Part:
    """Rows that hang on each row of a list, on a sheet of their own: a filing's equipment."""

    title: Any
    columns: Callable[[], tuple[Shown, ...]]
    rows: Callable[[Any], Iterable[Any]]


def as_the_list_is(rows: QuerySet[Any], _by: Person) -> QuerySet[Any]:
    return rows


@dataclass(frozen=True)
class Listing:
    """`columns` is called once a workbook, since choices are asked of the database; `scope` narrows what the resource shows."""

    kind: str
    label: Any
    resource: type[Resource]
    columns: Callable[[], tuple[Shown, ...]]
    scope: Callable[[QuerySet[Any], Person], QuerySet[Any]] = as_the_list_is
    parts: tuple[Part, ...] = field(default=())

    def visible(self, by: Person) -> QuerySet[Any]:
        return self.scope(self.resource.visible(by), by)

    def rows(self, by: Person, filters: Filters) -> QuerySet[Any]:
        """What the list shows under these filters, newest first. Raises Invalid for a filter it does not know or cannot read."""
        rows = self.visible(by)
        known = DjangoFilterBackend().get_filterset_class(self.resource, rows)
        names = known.base_filters if known else {}
        problems = [
            _refusal(name, "unknown_filter", _("此列表没有“%(name)s”这一筛选项。") % {"name": name})
            for name in filters
            if name not in names
        ]
        if problems:
            raise Invalid(problems)
        if known is not None:
            narrowed = known(data=MultiValueDict({name: list(values) for name, values in filters.items()}), queryset=rows)
            if not narrowed.is_valid():
                raise Invalid([_refusal(name, "bad_filter", words[0]) for name, words in narrowed.errors.items()])
            rows = narrowed.qs
        return rows.order_by("-pk")


def _refusal(name: str, code: str, message: Any) -> Problem:
    return Problem(f"filters.{name}", code, message, _("请回到列表重新筛选后导出。"))
