"""Whether the project is where it says it is."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Problem


def zone_covers_place(values: Mapping[str, Any], known: Any) -> Iterable[Problem]:
    """A zone may lie in several districts; which ones are rows."""
    region, zone = values["region"], values["zone"]
    if zone is not None and region.pk not in known.zone_regions.get(zone.pk, ()):
        yield Problem(
            "zone",
            "zone_elsewhere",
            _("开发区“%(zone)s”不在“%(region)s”受理。") % {"zone": zone.organisation.name, "region": region.name},
            _("请核对建设地点和开发区；不在开发区内的不填。"),
        )
