"""What a bank enters to declare its appetite: the same for the page, the API's description and an Excel table."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from common.steps import Param
from lenders.appetite import Place
from organisations.models import Programme

PLACE = Param("place", "code", _("申报机构"))
PROGRAMME = Param("programme", "code", _("政策项目"), choices=lambda: Programme.objects.order_by("code").values_list("code", "name"))
PERIOD = Param("period", "text", _("期间"), help=_("例如 2026H2。"))
TERMS = (
    Param("valid_from", "date", _("自")),
    Param("valid_to", "date", _("至")),
    Param(
        "limit",
        "wan",
        _("意向额度（万元）"),
        required=False,
        help=_("留空表示未申报：不参加推荐轮次，但仍可被企业指名、可签约。不再接受推荐的填 0。"),
    ),
    Param("max_ticket", "wan", _("单户上限（万元）"), required=False),
    Param("case_load", "integer", _("同时受理上限（件）"), required=False),
    Param("note", "long_text", _("说明"), required=False, help=_("内部批准文号、调整原因等。")),
)


def choosing(own: Mapping[str, Place]) -> tuple[Param, ...]:
    """For whom, under which programme and for which period a person declares."""
    place = Param(PLACE.name, PLACE.kind, PLACE.label, choices=lambda: [(code, name_of(one)) for code, one in own.items()])
    return place, PROGRAMME, PERIOD


def name_of(place: Place) -> str:
    return place.branch.organisation.name if place.branch else str(_("%(bank)s（全行）") % {"bank": place.bank.organisation.name})
