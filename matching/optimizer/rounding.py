"""Floating prices of the scaled rows as integers per original unit, and back."""

from dataclasses import replace

import numpy as np

from matching.optimizer.certificate import Prices, floor_price_limits, largest_shift
from matching.optimizer.dual import FloatArray, Model
from matching.optimizer.problem import Cut, Problem

LARGEST_PRICE = 2.0**61


def to_prices(problem: Problem, dual: Model, price: FloatArray, held: Prices | None = None) -> Prices:
    """Floating prices of the scaled rows as integers per original unit, at the largest shift that fits; cuts without a price go.

    `held` are prices whose cuts were charged and keep their price.
    """
    resource, floor, eta = per_unit(problem, dual, price)
    kept, kept_eta = ((), []) if held is None else (held.cuts, held.eta)
    shift = largest_shift(problem, resource, floor, (*dual.rows.cuts, *kept), [*eta.tolist(), *kept_eta])
    if shift is None:
        return no_prices(problem)
    prices = rounded(problem, dual, price, shift)
    if held is not None:
        kept = _at_shift(kept, held.shift, shift)
    return Prices(shift, prices.resource, prices.floor, (*(cut for cut in (*prices.cuts, *kept) if cut.price > 0),))


def per_unit(problem: Problem, dual: Model, price: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Prices of resources, floors and cuts per original unit, in points."""
    unit = price / dual.rows.scale
    resource = np.zeros(problem.resources)
    resource[dual.rows.resource] = unit[: len(dual.rows.resource)]
    return resource, unit[len(dual.rows.resource) :][: problem.floors], unit[len(dual.rows.resource) + problem.floors :]


def rounded(problem: Problem, dual: Model, price: FloatArray, shift: int) -> Prices:
    """Integer prices at a given shift, every cut kept."""
    resource, floor, eta = (np.rint(np.minimum(p * 2.0**shift, LARGEST_PRICE)).astype(np.int64) for p in per_unit(problem, dual, price))
    cuts = tuple(Cut(c.resource, c.options, c.alpha, c.rhs, int(e)) for c, e in zip(dual.rows.cuts, eta, strict=True))
    return Prices(shift, resource, np.minimum(floor, floor_price_limits(problem, shift)), cuts)


def refitted(problem: Problem, prices: Prices) -> Prices:
    """Given integer prices at the largest shift that fits this problem, no floor above its penalty."""
    unit = 2.0**-prices.shift
    resource, floor = prices.resource.astype(np.float64) * unit, prices.floor.astype(np.float64) * unit
    shift = largest_shift(problem, resource, floor, prices.cuts, prices.eta)
    if shift is None:
        return no_prices(problem)
    return Prices(
        shift,
        np.array([_shifted(p, prices.shift, shift) for p in prices.resource.tolist()], dtype=np.int64),
        np.minimum(
            np.array([_shifted(p, prices.shift, shift) for p in prices.floor.tolist()], dtype=np.int64), floor_price_limits(problem, shift)
        ),
        tuple(cut for cut in _at_shift(prices.cuts, prices.shift, shift) if cut.price > 0),
    )


def _at_shift(cuts: tuple[Cut, ...], before: int, after: int) -> tuple[Cut, ...]:
    return cuts if before == after else tuple(replace(cut, price=_shifted(cut.price, before, after)) for cut in cuts)


def _shifted(price: int, before: int, after: int) -> int:
    return price << (after - before) if after >= before else price >> (before - after)


def no_prices(problem: Problem) -> Prices:
    shift = largest_shift(problem, np.zeros(problem.resources), np.zeros(problem.floors))
    assert shift is not None, "refuse_unpriceable let a problem through"
    return Prices(shift, np.zeros(problem.resources, dtype=np.int64), np.zeros(problem.floors, dtype=np.int64))


def from_prices(dual: Model, prices: Prices) -> FloatArray:
    """Integer prices as floating prices of the scaled rows, inside their range."""
    known = np.concatenate([prices.resource[dual.rows.resource], prices.floor, np.array([c.price for c in dual.rows.cuts], dtype=np.int64)])
    return np.clip(known * 2.0**-prices.shift * dual.rows.scale, 0.0, dual.rows.ceiling)
