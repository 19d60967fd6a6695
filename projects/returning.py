"""A case goes back to its firm: whose clock runs, what is open, and who above hears of it when one unit does it again and again."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.steps import Actor, Crew, record_many, update_rows
from common.workdays import load_calendar
from organisations import policy
from projects import clocks
from projects.models import Filing, ReviewStep


def send_back(
    filings: Sequence[Filing], *, by: Actor | Crew | Mapping[int, Actor], at: dt.datetime, names: list[str]
) -> dict[int, dict[str, Any]]:
    if not filings:
        return {}
    keys = ["firm_correction_days", "review_return_escalate"]
    days = policy.values(keys, province=filings[0].province, on=timezone.localdate(at))
    calendar = load_calendar()
    clocks.wait_for_firm(filings, at=at, days=int(days["firm_correction_days"]), calendar=calendar)
    for filing in filings:
        filing.current_step.returns += 1
    update_rows([filing.current_step for filing in filings], ["returns"])
    often = [filing for filing in filings if returns_by_unit(filing) >= days["review_return_escalate"]]
    if often:
        above = {filing.pk: _step_above(filing) for filing in often}
        clocks.escalate(often, to=above, at=at, calendar=calendar)
        record_many(often, "escalate", by=by, at=at, note=str(_("多次退回，报请上一级单位关注。")))
    return {filing.pk: {"returns": filing.returns + 1, "open_fields": names} for filing in filings}


def returns_by_unit(filing: Filing) -> int:
    """How often the unit where the case lies has returned it, at whatever stage."""
    return sum(step.returns for step in filing.steps.all() if step.unit_id == filing.current_step.unit_id)


def _step_above(filing: Filing) -> ReviewStep:
    """The first stage of the next unit, or the last stage where there is none above."""
    own = filing.current_step.unit_id
    later = [step for step in filing.steps.all() if step.position > filing.current_step.position and step.unit_id != own]
    return later[0] if later else list(filing.steps.all())[-1]
