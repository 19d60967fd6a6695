"""The filters of the API's lists, as strict as their description.

django-filter takes what it cannot read as a number, a day or a truth, and whatever is left empty, for no filter at all, and the list
would show everything.
"""

import re
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_filters import BooleanFilter, DateFilter, Filter, NumberFilter
from django_filters.rest_framework import DjangoFilterBackend

from common.errors import Invalid, Problem

FORMS = (
    (BooleanFilter, re.compile(r"true|false", re.IGNORECASE), _("只能填 true 或 false。")),
    (NumberFilter, re.compile(r"-?\d{1,18}"), _("只能填整数。")),
    (DateFilter, re.compile(r"\d{4}-\d{2}-\d{2}"), _("只能填日期，例如 2026-11-20。")),
    (Filter, re.compile(r".+", re.DOTALL), _("不能为空。")),
)


class StrictFilters(DjangoFilterBackend):
    def get_filterset(self, request: Any, queryset: Any, view: Any) -> Any:
        filterset = super().get_filterset(request, queryset, view)
        if problems := [_problem(name, form) for name, form in _forms(filterset) if _is_wrong(request, name, form[0])]:
            raise Invalid(problems)
        return filterset


def _forms(filterset: Any) -> list[tuple[str, tuple[re.Pattern[str], Any]]]:
    """Each filter's name, and the form its text has."""
    filters = filterset.filters if filterset else {}
    return [(name, next((form, words) for kind, form, words in FORMS if isinstance(one, kind))) for name, one in filters.items()]


def _is_wrong(request: Any, name: str, form: re.Pattern[str]) -> bool:
    return any(not form.fullmatch(sent) for sent in request.query_params.getlist(name))


def _problem(name: str, form: tuple[re.Pattern[str], Any]) -> Problem:
    return Problem(name, "not_a_filter", form[1], _("不筛选时请省略此项。"))
