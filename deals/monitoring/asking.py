"""Which figures are asked for, as page, API and workbook spell it: `by`, `place`, `bank`, `industry`, `size`, `period`."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from deals.monitoring.funnel import BY, CITY, Cut
from lenders.models import Bank
from organisations.models import FirmProfile, Industry, Region

PERIOD = re.compile(r"20\d\dQ[1-4]")
ASKED: Mapping[str, Any] = {
    "by": _("按什么比较：city、county、bank、branch、industry、size 或 period。"),
    "place": _("只看一个市州或县市区：行政区划代码。"),
    "bank": _("只看一家银行：银行代码。"),
    "industry": _("只看一个行业：行业代码。"),
    "size": _("只看一类规模的企业：large、medium、small 或 micro。"),
    "period": _("只看一个季度提交的申报，例如 2026Q1。"),
}


def cut_of(sent: Mapping[str, Any]) -> Cut:
    """At most one query for each thing that is named. Raises Invalid for what there is none of."""
    asked = {name: str(sent.get(name) or "").strip() for name in ASKED}
    by, size, period = asked["by"] or CITY, asked["size"], asked["period"]
    found = {
        "place": _one(Region.objects.filter(valid_to=None), asked["place"]),
        "bank": _one(Bank.objects.select_related("organisation"), asked["bank"]),
        "industry": _one(Industry.objects.order_by("-edition"), asked["industry"]),
    }
    wrong = [name for name, row in found.items() if asked[name] and row is None]
    wrong += ["by"] * (by not in BY) + ["size"] * (size not in ("", *FirmProfile.Size.values))
    wrong += ["period"] * (period != "" and PERIOD.fullmatch(period) is None)
    if wrong:
        raise Invalid([Problem(name, "unknown_value", _("没有“%(value)s”。") % {"value": asked[name]}, ASKED[name]) for name in wrong])
    return Cut(by, found["place"], found["bank"], found["industry"], size, period)


def _one(rows: Any, code: str) -> Any:
    return rows.filter(code=code).first() if code and "\0" not in code else None
