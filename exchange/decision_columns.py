"""What a bank fills in for each proposal it was sent: the same params as the steps `accept` and `decline` have."""

from django.utils.translation import gettext_lazy as _

from common.steps import Param
from deals.states import DECLINE_CODE, INVITATION_STEPS

ANSWERS = ("accept", "decline")
ANSWER = Param("answer", "choice", _("答复"), required=False, choices=lambda: [(verb, INVITATION_STEPS[verb].label) for verb in ANSWERS])
(AMOUNT,) = INVITATION_STEPS["accept"].params
CODE = Param(DECLINE_CODE.name, DECLINE_CODE.kind, DECLINE_CODE.label, required=False, choices=DECLINE_CODE.choices)
NOTE = Param("note", "long_text", _("说明"), required=False)
