"""What was cut of a claim, in words."""

from common.money import format_yuan
from deals.models import SubsidyClaim
from deals.subsidies import caps


def cuts_in_words(claim: SubsidyClaim) -> str:
    """Each cut with its reason, on one line."""
    return "；".join(f"{format_yuan(amount)}：{sentence}" for amount, sentence in caps.told(claim.cuts)) or "—"
