"""Every jitted loop of the optimizer, one file for each step, so that numba's compile cache is keyed by the source it was made from.

A file imports nothing of ours and calls nothing of another file: a change elsewhere can never leave a stale kernel behind. All search
kernels work in integers. Arrays in the order of their names; "need" i owns options option_start[i]:option_start[i+1], option o owns uses
use_start[o]:use_start[o+1].
"""

from matching.optimizer.kernels.cuts import LARGEST_RHS, NEVER, cuts_of_row, exact_rhs, prove_anew
from matching.optimizer.kernels.packings import packing_losses, price_needs
from matching.optimizer.kernels.prices import curvature, hessian, near_best, sharp_pass, smoothed_pass
from matching.optimizer.kernels.problem import (
    best_reduced,
    copy_ordered,
    copy_uses,
    count_uses,
    first_repeated_use,
    largest_use_by_need,
    mark_fitting,
    option_weights,
    reduced_values,
    row_gcds,
    scaled_uses,
)
from matching.optimizer.kernels.search import (
    Board,
    Place,
    anneal,
    below,
    fill,
    members_by_row,
    order_by_key,
    seat,
    short_list,
)

__all__ = [
    "LARGEST_RHS",
    "NEVER",
    "Board",
    "Place",
    "anneal",
    "below",
    "best_reduced",
    "copy_ordered",
    "copy_uses",
    "count_uses",
    "curvature",
    "cuts_of_row",
    "exact_rhs",
    "fill",
    "first_repeated_use",
    "hessian",
    "largest_use_by_need",
    "mark_fitting",
    "members_by_row",
    "near_best",
    "option_weights",
    "order_by_key",
    "packing_losses",
    "price_needs",
    "prove_anew",
    "reduced_values",
    "row_gcds",
    "scaled_uses",
    "seat",
    "sharp_pass",
    "short_list",
    "smoothed_pass",
]
