"""Verb → step function, for pages, admin and API; of filings and rounds too, since some of their steps must also tell the banks."""

from collections.abc import Callable, Mapping
from typing import Any

from deals import bank_review, commitments, deal_steps, drawdowns, invitations, loan_events, ministry_answers, waiting
from deals.changes import CHANGE_ACTIONS
from deals.subsidies.actions import CLAIM_ACTIONS
from matching.actions import ROUND_ACTIONS as MATCHING_ROUND_ACTIONS
from matching.actions import WEIGHTS_ACTIONS
from projects.actions import FILING_ACTIONS as PROJECT_FILING_ACTIONS
from projects.answers import steps as answers

__all__ = [
    "ANSWER_ACTIONS",
    "ANSWER_ROW_ACTIONS",
    "CHANGE_ACTIONS",
    "CLAIM_ACTIONS",
    "DEAL_ACTIONS",
    "FILING_ACTIONS",
    "INVITATION_ACTIONS",
    "ROUND_ACTIONS",
    "WEIGHTS_ACTIONS",
]

Actions = Mapping[str, Callable[..., Any]]

FILING_ACTIONS: Actions = {
    **PROJECT_FILING_ACTIONS,
    "list": invitations.list_filing,
    "withdraw": invitations.withdraw_filing,
    "remove": invitations.remove_filing,
}
ROUND_ACTIONS: Actions = {
    **MATCHING_ROUND_ACTIONS,
    "freeze": commitments.freeze,
    "publish": invitations.publish_round,
}
ANSWER_ACTIONS: Actions = {"apply": ministry_answers.apply, "void": answers.void}
ANSWER_ROW_ACTIONS: Actions = {"resolve": ministry_answers.resolve, "dismiss": ministry_answers.dismiss}
INVITATION_ACTIONS: Actions = {
    "consent": invitations.consent,
    "withhold": invitations.withhold,
    "view": invitations.view,
    "ask": waiting.ask,
    "answer": waiting.answer,
    "accept": bank_review.accept,
    "decline": bank_review.decline,
}
DEAL_ACTIONS: Actions = {
    "confirm": deal_steps.confirm,
    "confirm_direct": deal_steps.confirm_direct,
    "start_diligence": deal_steps.start_diligence,
    "ask": waiting.ask,
    "answer": waiting.answer,
    "report_up": deal_steps.report_up,
    "approve_credit": deal_steps.approve_credit,
    "sign": deal_steps.sign,
    "draw": drawdowns.draw,
    "close_drawing": drawdowns.close_drawing,
    "repay": drawdowns.repay_all,
    "extend": loan_events.extend,
    "refinance": loan_events.refinance,
    "move": loan_events.move,
    "decline": bank_review.decline,
    "withdraw": deal_steps.withdraw,
}
