"""Which unit receives a case, and the way it climbs from there. Both are rows; no digit of any code is ever looked at.

A case is filed where the project is built, not where the firm is registered. A development zone receives like a county; a directly
administered county's chain leads to the province; a province without a tier has no row for it.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from organisations.models import Region, ReviewChain, Unit, UnitCovers

UNITS_IN_A_CHAIN_MAX = 10

Stop = tuple[Unit, str, int]  # unit, stage, working days


@dataclass(frozen=True)
class Routes:
    """All chains and receiving units of some processes as of one day, so that a thousand cases cost two queries."""

    links: dict[tuple[str, int], ReviewChain]
    receivers: dict[tuple[str, int], tuple[Unit, ...]]

    def receiving_unit(self, region: Region, zone: Unit | None, *, line: str) -> Unit:
        """The zone's office if the project lies in one and it works in that line, else the county's.

        Raises Invalid at `region` when the rows name no unit, or more than one.
        """
        units = self.receivers.get((line, region.pk), ())
        if zone is not None and zone in units:
            return zone
        found = [unit for unit in units if unit.kind != Unit.Kind.ZONE]
        if len(found) == 1:
            return found[0]
        raise Invalid([_no_receiver(region) if not found else _several_receivers(region)])

    def chain(self, unit: Unit, *, process: str) -> list[Stop]:
        """Every stage of every unit from `unit` to the top. Raises Invalid where the rows end nowhere or run in a circle."""
        stops: list[Stop] = []
        seen: set[int] = set()
        current: Unit | None = unit
        while current is not None:
            link = self.links.get((process, current.pk))
            if link is None or current.pk in seen or len(seen) >= UNITS_IN_A_CHAIN_MAX:
                raise Invalid([_broken_chain(current)])
            seen.add(current.pk)
            stops += [(current, stage, link.working_days) for stage in link.stages]
            current = link.next_unit
        return stops


def load_routes(processes: Iterable[str], *, on: dt.date) -> Routes:
    processes = list(processes)
    links = {
        (link.process, link.unit_id): link
        for link in ReviewChain.objects.filter(in_force(on), process__in=processes)
        .select_related("next_unit__organisation", "unit__organisation")
        .order_by("valid_from")
    }
    units = {link.unit_id: link.unit for link in links.values()}
    receivers: dict[tuple[str, int], list[Unit]] = defaultdict(list)
    covers = UnitCovers.objects.filter(unit__line__in=processes, unit__organisation__is_active=True).order_by("unit_id")
    for unit_id, region_id in covers.values_list("unit", "region"):
        if unit_id in units:
            receivers[units[unit_id].line, region_id].append(units[unit_id])
    return Routes(links=links, receivers={key: tuple(found) for key, found in receivers.items()})


def receiving_unit(region: Region, zone: Unit | None, *, line: str, on: dt.date) -> Unit:
    return load_routes([line], on=on).receiving_unit(region, zone, line=line)


def chain(unit: Unit, *, process: str, on: dt.date) -> list[Stop]:
    return load_routes([process], on=on).chain(unit, process=process)


def in_force(on: dt.date) -> Q:
    """Rows of a dated table that hold on that day."""
    return Q(valid_from__lte=on) & (Q(valid_to=None) | Q(valid_to__gte=on))


def _no_receiver(region: Region) -> Problem:
    return Problem(
        "region",
        "no_receiving_unit",
        _("“%(region)s”没有受理本渠道申报的单位。") % {"region": region.name},
        _("请选择项目建设地所在的县（市、区）；如选择无误，请联系省级主管部门。"),
    )


def _several_receivers(region: Region) -> Problem:
    return Problem(
        "region",
        "several_receiving_units",
        _("“%(region)s”登记了不止一个受理单位，无法确定由谁受理。") % {"region": region.name},
        _("请联系省级主管部门更正受理范围。"),
    )


def _broken_chain(unit: Unit) -> Problem:
    return Problem(
        "region",
        "broken_chain",
        _("受理单位“%(unit)s”之后的审核链不完整。") % {"unit": unit.organisation.name},
        _("请联系省级主管部门更正审核链后再提交。"),
    )
