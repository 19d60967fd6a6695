"""The smoothed dual: floating point, whose prices are re-certified in integers afterwards.

Starts and rows come unsigned: for an index that may be negative numba asks at every access whether it counts from the end, which takes
almost as long as the access.
"""
# ruff: noqa: C901, PLR1730, ANN001, ANN201 -- jitted loops: arrays one by one, no Python types
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc, untyped-decorator, assignment"

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def smoothed_pass(first, last, option_start, value, use_start, use_row, use_amount, price, temperature, usage, weights):
    """Σ over needs first..last of the smoothed best reduced value; usage[r] gains the expected use; weights[o] the softmax."""
    total = 0.0
    for i in range(first, last):
        begin, end = option_start[i], option_start[i + 1]
        if begin == end:
            continue
        t = temperature[i]
        top = 0.0
        for o in range(begin, end):
            s = value[o]
            for u in range(use_start[o], use_start[o + 1]):
                s -= use_amount[u] * price[use_row[u]]
            weights[o] = s
            if s > top:
                top = s
        mass = np.exp(-top / t)
        cut_off = top - 20.0 * t
        for o in range(begin, end):
            if weights[o] > cut_off:
                weights[o] = np.exp((weights[o] - top) / t)
                mass += weights[o]
            else:
                weights[o] = 0.0
        total += top + t * np.log(mass)
        for o in range(begin, end):
            if weights[o] > 0.0:
                x = weights[o] / mass
                weights[o] = x
                for u in range(use_start[o], use_start[o + 1]):
                    usage[use_row[u]] += x * use_amount[u]
    return total


@njit(cache=True, nogil=True)
def sharp_pass(first, last, option_start, value, use_start, use_row, use_amount, price):
    """Σ over needs first..last of max(0, best reduced value), not smoothed."""
    total = 0.0
    for i in range(first, last):
        top = 0.0
        for o in range(option_start[i], option_start[i + 1]):
            s = value[o]
            for u in range(use_start[o], use_start[o + 1]):
                s -= use_amount[u] * price[use_row[u]]
            if s > top:
                top = s
        total += top
    return total


@njit(cache=True, nogil=True)
def near_best(option_start, value, use_start, use_row, use_amount, price, margin, kept, reduced):
    """kept[o] where the reduced value of o is at most margin[i] below the larger of 0 and the best of need i."""
    for i in range(len(option_start) - 1):
        top = 0.0
        for o in range(option_start[i], option_start[i + 1]):
            s = value[o]
            for u in range(use_start[o], use_start[o + 1]):
                s -= use_amount[u] * price[use_row[u]]
            reduced[o] = s
            if s > top:
                top = s
        for o in range(option_start[i], option_start[i + 1]):
            kept[o] = reduced[o] >= top - margin[i]


@njit(cache=True, nogil=True)
def curvature(option_start, use_start, use_row, use_amount, temperature, weights, diagonal):
    """diagonal[r] gains Σ x a^2 / t: an upper estimate of the second derivative of the smoothed dual."""
    for i in range(len(option_start) - 1):
        for o in range(option_start[i], option_start[i + 1]):
            if weights[o] > 0.0:
                for u in range(use_start[o], use_start[o + 1]):
                    diagonal[use_row[u]] += weights[o] * use_amount[u] * use_amount[u] / temperature[i]


@njit(cache=True, nogil=True)
def hessian(first, last, option_start, use_start, use_row, use_amount, temperature, weights, place, matrix, mean, touched):
    """The lower triangle of `matrix` gains Σ_i (E[a a'] - E[a] E[a]') / t_i over needs first..last and the rows with place[r] >= 0.

    Options of weight below 10^-3 are left out; mean and touched are scratch.
    """
    for i in range(first, last):
        inverse = 1.0 / temperature[i]
        count = 0
        for o in range(option_start[i], option_start[i + 1]):
            x = weights[o]
            if x < 1e-3:
                continue
            for u in range(use_start[o], use_start[o + 1]):
                p = place[use_row[u]]
                if p < 0:
                    continue
                share = x * use_amount[u]
                if mean[p] == 0.0:
                    touched[count] = p
                    count += 1
                mean[p] += share
                if mean[p] == 0.0:
                    mean[p] = 1e-300
                share *= inverse
                for w in range(use_start[o], u + 1):
                    q = place[use_row[w]]
                    if q >= 0:
                        matrix[max(p, q), min(p, q)] += share * use_amount[w]
        for k in range(count):
            p = touched[k]
            share = mean[p] * inverse
            for j in range(k + 1):
                q = touched[j]
                matrix[max(p, q), min(p, q)] -= share * mean[q]
        for k in range(count):
            mean[touched[k]] = 0.0
