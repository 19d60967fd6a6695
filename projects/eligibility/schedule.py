"""Whether the project happens when the programme asks."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Problem


def dates_in_order(values: Mapping[str, Any], _known: Any) -> Iterable[Problem]:
    if values["completes_on"] <= values["starts_on"]:
        yield Problem(
            "completes_on",
            "dates_out_of_order",
            _("竣工日期 %(end)s 不晚于开工日期 %(start)s。") % {"end": values["completes_on"], "start": values["starts_on"]},
            _("请核对两个日期。"),
        )


def starts_this_year(values: Mapping[str, Any], known: Any) -> Iterable[Problem]:
    """Under construction, or starting in the year of the application."""
    if values["starts_on"].year > known.on.year:
        yield Problem(
            "starts_on",
            "starts_too_late",
            _("开工日期 %(start)s 晚于本年度。") % {"start": values["starts_on"]},
            _("只受理在建项目和本年度内开工的项目，请在开工年度申报。"),
        )
