"""Choose at most one option for each need within shared limits, and prove how good the choice is.

`solve` finds a choice and a bound, `check` proves both again from scratch, `replay` repeats the search.
The package knows nothing of loans; the formulation stands at the top of `solve.py`.
"""

from matching.optimizer.check import check
from matching.optimizer.problem import Budget, Cut, Leaf, Problem, Progress, Report, Solution, Start, Violation
from matching.optimizer.replay import replay
from matching.optimizer.solve import solve

__all__ = [
    "Budget",
    "Cut",
    "Leaf",
    "Problem",
    "Progress",
    "Report",
    "Solution",
    "Start",
    "Violation",
    "check",
    "replay",
    "solve",
]
