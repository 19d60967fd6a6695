"""What is drawn by lot: mostly what fits, and now and then anything."""

from decimal import Decimal

from hypothesis import strategies as st

EVERYBODY = ("lin", "su", "mo_firm", "bai", "an", "mo_bank", "zhao", "sun", "qian", "feng", "tan", "wang", "chen", "mo_county", "system")
HALF, FEN = Decimal("0.5"), Decimal("0.01")


def to_fen(amount):
    return amount.quantize(FEN)


def row_of(rows):
    return st.sampled_from(list(rows.order_by("-pk")))


def verb_of(table, state):
    """Mostly one that its state allows."""
    fit = sorted(verb for verb, step in table.items() if state in step.source)
    return mostly(fit, others=sorted(table))


def mostly(right, others=EVERYBODY):
    """One of these, and now and then any."""
    return st.integers(0, 5).flatmap(lambda lot: st.sampled_from(list(right) if right and lot < 5 else list(others)))
