"""`{% export_button "deals" %}` on a list page: what it shows now, as a workbook."""

from typing import Any

from django import template

from portal.exporting import filters_of

register = template.Library()


@register.inclusion_tag("portal/parts/export.html", takes_context=True)
def export_button(context: dict[str, Any], listing: str, *, page: str = "", **fixed: Any) -> dict[str, Any]:
    """`page`: whose address is read, where it is not that of the kind; `fixed`: filters that the page itself implies."""
    request = context["request"]
    filters = filters_of(page or listing, request.GET) | {name: [str(value)] for name, value in fixed.items() if value not in (None, "")}
    pairs = [(name, value) for name, values in filters.items() for value in values]
    return {"kind": listing, "filters": pairs, "csrf_token": context.get("csrf_token"), "request": request}
