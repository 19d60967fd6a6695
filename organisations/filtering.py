"""The filters of the API's lists. django-filter takes whatever is neither true nor false for no filter at all, and would list everything."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django_filters import BooleanFilter
from django_filters.rest_framework import DjangoFilterBackend

from common.errors import Invalid, Problem

KNOWN = frozenset({"", "true", "false"})


class StrictFilters(DjangoFilterBackend):
    def get_filterset(self, request: Any, queryset: Any, view: Any) -> Any:
        filterset = super().get_filterset(request, queryset, view)
        wrong = [name for name in _booleans(filterset) if request.query_params.get(name, "").lower() not in KNOWN]
        if wrong:
            raise Invalid(Problem(name, "not_a_boolean", _("只能填 true 或 false。"), _("不筛选时请省略此项。")) for name in wrong)
        return filterset


def _booleans(filterset: Any) -> list[str]:
    return [name for name, one in filterset.filters.items() if isinstance(one, BooleanFilter)] if filterset else []
