"""The search alone, again, from what a solution records."""

import numpy as np

from matching.optimizer import primal
from matching.optimizer.certificate import Prices, value_of
from matching.optimizer.parallel import two_threads
from matching.optimizer.presolve import as_fixed, tighten
from matching.optimizer.problem import IntArray, Problem, Solution, Start


def replay(problem: Problem, solution: Solution, *, start: Start | None = None, fixed: IntArray | None = None) -> IntArray:
    """The choice that the search makes from the recorded prices, cuts, start choice, seed and steps: the same bytes anywhere.

    Where a tree gave a better choice it is taken as recorded.
    """
    tight = tighten(problem, as_fixed(problem, fixed))
    if tight is None:
        raise ValueError("fixed: the fixed choices exceed a capacity")
    prices = Prices(solution.price_shift, solution.prices, solution.floor_prices, solution.cuts)
    choice = start.choice if start is not None else None
    core = primal.build_core(problem, tight, prices, start=choice)
    with two_threads():
        search = primal.Search(core, seed=solution.seed, start=choice)
        primal.repeat(search, solution.schedule)
    if solution.given is not None and value_of(problem, solution.given) > search.best_value:
        return np.array(solution.given, dtype=np.int64)
    return search.best
