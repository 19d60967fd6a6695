"""Which banks a firm named is known to it, to the units of its case and to the province's readers. A bank is told of itself alone."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch

from organisations.actors import Person
from projects.models import Filing, IntendedBank


def tells_banks(by: Person) -> Exists:
    """The mark of a filing, so that a page of them costs no further query."""
    return Exists(Filing.objects.telling_banks_to(by).filter(pk=OuterRef("pk")))


def named_to(by: Person) -> "Prefetch[Any]":
    """Of needs: the banks the firm named, as far as `by` may know them."""
    rows = IntendedBank.objects.visible_to(by).select_related("branch__organisation", "branch__bank")
    return Prefetch("intended_banks", rows.order_by("rank"))


def form_told(filing: Any) -> Mapping[str, Any]:
    """The form as typed, for the reader whom `Filings.shown_to` marked and loaded it for."""
    form: Mapping[str, Any] = filing.form
    if filing.tells_banks:
        return form
    return without_others(form, {row.branch.code for need in filing.needs.all() for row in need.intended_banks.all()})


def without_others(form: Mapping[str, Any], own: Collection[str]) -> dict[str, Any]:
    """The form with no bank but one's own."""
    named = form.get("intended_banks")
    return dict(form) | {"intended_banks": [code for code in named if code in own] if isinstance(named, list) else []}
