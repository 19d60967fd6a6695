"""Verb → step function, for pages, admin and API. `deals.actions` overrides those that must also tell the banks."""

from collections.abc import Callable, Mapping
from typing import Any

from projects import candidate_list, review

FILING_ACTIONS: Mapping[str, Callable[..., Any]] = {
    "submit": review.submit,
    "resubmit": review.resubmit,
    "withdraw": review.withdraw,
    "pass": review.pass_step,
    "return": review.return_step,
    "refuse": review.refuse,
    "not_accept": review.not_accept,
    "report": candidate_list.report,
    "list": candidate_list.list_filing,
    "leave_out": candidate_list.leave_out,
    "remove": candidate_list.remove,
    "retire": candidate_list.retire,
}
