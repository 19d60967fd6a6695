"""Yuan and fen inside the formulas. `common.money` has the same for the rest of the service; the formulas stand alone."""

from decimal import Decimal
from fractions import Fraction

BP = 10_000  # basis points in a whole


def fen(amount: Decimal) -> int:
    whole = amount.scaleb(2)
    if whole != whole.to_integral_value():
        raise ValueError(f"{amount} yuan is not a whole number of fen")
    return int(whole)


def yuan(amount_fen: int) -> Decimal:
    return Decimal(amount_fen).scaleb(-2)


def round_fen(unrounded: Fraction) -> Decimal:
    """Half a fen goes up. Amounts here are never negative: corrections are differences of rounded amounts."""
    return yuan((200 * unrounded.numerator + unrounded.denominator) // (2 * unrounded.denominator))
