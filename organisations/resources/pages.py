"""Lists one page at a time, in an order of the reader's choice."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.utils.encoding import force_str
from django.utils.translation import gettext_lazy as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from common.errors import Invalid, Problem
from organisations.paging import picked

PAGE_SIZE, PAGE_SIZE_MAX = 50, 200
NEWEST = "-id"


@dataclass(frozen=True)
class Mark:
    """A place in a list: after (or, going back, before) the row with that value and id."""

    value: str | None
    pk: int
    back: bool

    def text(self) -> str:
        return urlsafe_b64encode(json.dumps([self.value, self.pk, int(self.back)]).encode()).decode()


class Pages(BasePagination):
    """A page begins where the one before ended, at a value and an id: nothing shifts under the reader, and depth costs nothing."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.url = request.build_absolute_uri()
        self.order = order_of(request, view)
        size = _size(request)
        mark = self._mark(request, queryset)
        back = mark is not None and mark.back
        found = list(picked(self._sorted(self._from(queryset, mark), back=back), 0, size + 1))
        self.page = found[:size][::-1] if back else found[:size]
        more = len(found) > size
        self.has_next, self.has_previous = (True, more) if back else (more, mark is not None)
        return self.page

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._link(back=False), "previous": self._link(back=True), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        names = [sign + name for name in _fields(view) for sign in ("", "-")]
        return [
            _parameter("cursor", _("从哪里起；取自上一应答的 next 或 previous，不须自行拼写。"), {"type": "string"}),
            _parameter("page_size", _("每页行数。"), {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_MAX, "default": PAGE_SIZE}),
            _parameter("ordering", _("排序；前加减号为倒序。"), {"type": "string", "enum": names, "default": NEWEST}),
        ]

    def _from(self, rows: QuerySet[Any], mark: Mark | None) -> QuerySet[Any]:
        if mark is None:
            return rows
        name, falling = self.order.lstrip("-"), self.order.startswith("-")
        onward = "lt" if falling != mark.back else "gt"
        if name == "id":
            return rows.filter(**{f"id__{onward}": mark.pk})
        tied = (
            Q(**{name: mark.value, f"id__{onward}": mark.pk})
            if mark.value is not None
            else Q(**{f"{name}__isnull": True, f"id__{onward}": mark.pk})
        )
        empty = Q(**{f"{name}__isnull": True})  # always last, so after every value and before none
        if mark.value is None:
            return rows.filter(tied | ~empty if mark.back else tied)
        beyond = Q(**{f"{name}__{onward}": mark.value})
        return rows.filter(tied | beyond if mark.back else tied | beyond | empty)

    def _sorted(self, rows: QuerySet[Any], *, back: bool) -> QuerySet[Any]:
        name, falling = self.order.lstrip("-"), self.order.startswith("-") != back
        by_id = "-id" if falling else "id"
        if name == "id":
            return rows.order_by(by_id)
        place = {"nulls_first": True} if back else {"nulls_last": True}
        return rows.order_by(F(name).desc(**place) if falling else F(name).asc(**place), by_id)

    def _link(self, *, back: bool) -> str | None:
        if not (self.has_previous if back else self.has_next):
            return None
        if not self.page:
            return remove_query_param(self.url, "cursor")
        row = self.page[0 if back else -1]
        name = self.order.lstrip("-")
        value = None if name == "id" else getattr(row, name)
        return replace_query_param(self.url, "cursor", Mark(None if value is None else str(value), row.pk, back).text())

    def _mark(self, request: Request, rows: QuerySet[Any]) -> Mark | None:
        sent = request.query_params.get("cursor", "")
        if not sent:
            return None
        name = self.order.lstrip("-")
        try:
            value, pk, back = json.loads(urlsafe_b64decode(sent.encode()))
            if value is not None:
                rows.model._meta.get_field(name).to_python(value)
            return Mark(None if value is None else str(value), int(pk), bool(back))
        except (ValueError, TypeError, ValidationError) as error:
            raise _refusal("cursor", "not_a_cursor", _("无法识别从哪里起。"), _("请使用上一应答的 next 或 previous，排序不变。")) from error


def order_of(request: Request, view: Any) -> str:
    """The order asked for, by one of the view's `ordering_fields`."""
    wanted = request.query_params.get("ordering", NEWEST)
    if wanted.removeprefix("-") not in _fields(view):
        message = _("不能按“%(name)s”排序。") % {"name": wanted}
        raise _refusal("ordering", "unknown_order", message, _("可按以下各项排序：%(names)s。") % {"names": "、".join(_fields(view))})
    return wanted


def _fields(view: Any) -> tuple[str, ...]:
    return ("id", *getattr(view, "ordering_fields", ()))


def _size(request: Request) -> int:
    sent = request.query_params.get("page_size", str(PAGE_SIZE))
    if not (sent.isascii() and sent.isdigit() and len(sent) < 4 and 1 <= int(sent) <= PAGE_SIZE_MAX):
        message = _("每页行数须为 1 至 %(most)d 的整数。") % {"most": PAGE_SIZE_MAX}
        raise _refusal("page_size", "not_a_page_size", message, _("不填即每页 50 行。"))
    return int(sent)


def _refusal(field: str, code: str, message: Any, remedy: Any) -> Invalid:
    return Invalid([Problem(field, code, message, remedy)])


def _parameter(name: str, description: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "required": False, "in": "query", "description": force_str(description), "schema": dict(schema)}
