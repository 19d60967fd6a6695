"""The firm takes back what it let an organisation see: with the sight, the bank's unanswered letters end too."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict
from deals import invitations, needs
from deals.models import Deal, Invitation
from organisations.actors import Person
from projects import disclosures
from projects.models import Disclosure

UNANSWERED = (Invitation.State.AWAITING_CONSENT, Invitation.State.OPEN, Invitation.State.VIEWED)


def withdraw_disclosure(disclosure: Disclosure, *, by: Person, at: dt.datetime, note: str = "") -> Disclosure:
    """Withdraw a disclosure. Letters to that bank are withheld, their promises freed, standbys offered; an offer is withdrawn first."""
    with transaction.atomic():
        letters = Invitation.objects.filter(filing=disclosure.filing_id, branch__organisation=disclosure.organisation_id)
        needs.lock_all(set(letters.values_list("need", flat=True)))
        offers = Deal.objects.live().filter(filing=disclosure.filing_id, branch__organisation=disclosure.organisation_id)
        if offers.exists():
            raise Conflict(
                _("该银行已表示意向或正在办理，不能直接撤回披露。"),
                code="under_way",
                remedy=_("请先在对接项目中退出，退出后该银行即不能再查看。"),
            )
        taken = disclosures.withdraw_disclosure(disclosure, by=by, at=at, note=note)
        for letter in letters.filter(state__in=UNANSWERED).order_by("pk"):
            invitations.withhold(letter, by=by, at=at, seen=letter.version, note=note)
    return taken
