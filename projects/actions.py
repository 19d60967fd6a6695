"""Verb → step function, for pages, admin and API. `deals.actions` overrides those that must also tell the banks."""

from collections.abc import Callable, Mapping
from typing import Any

from projects import candidate_list, refiling, review
from projects.forwarding import steps as forwarding

FILING_ACTIONS: Mapping[str, Callable[..., Any]] = {
    "submit": review.submit,
    "resubmit": review.resubmit,
    "withdraw": review.withdraw,
    "pass": review.pass_step,
    "return": review.return_step,
    "refuse": review.refuse,
    "not_accept": review.not_accept,
    "report": candidate_list.report,
    "hold": candidate_list.hold,
    "release": candidate_list.release,
    "list": candidate_list.list_filing,
    "leave_out": candidate_list.leave_out,
    "remove": candidate_list.remove,
    "refile": refiling.refile,
    "retire": candidate_list.retire,
}
FORWARD_ACTIONS: Mapping[str, Callable[..., Any]] = {
    "gather": forwarding.gather,
    "freeze": forwarding.freeze,
    "reopen": forwarding.reopen,
    "pull_back": forwarding.pull_back,
    "send": forwarding.send,
    "void": forwarding.void,
}
