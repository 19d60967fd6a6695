"""Rows taken whole: each resource as a knapsack of its own, held together by a price for each need."""
# ruff: noqa: C901, PLR0912, PLR1730, ANN001, ANN201 -- jitted loops: arrays one by one, no Python types
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc, untyped-decorator, assignment"

import numpy as np
from numba import njit

NEVER = np.int64(1) << np.int64(62)


@njit(cache=True, nogil=True)
def best_packing(first, last, group_start, amount, profit, room, layer, picked):
    """The best value of one row, at most one item of each group first..last; picked[g] = the item taken, or -1. layer is scratch."""
    layer[0, : room + 1] = 0
    for g in range(first, last):
        k = g - first
        layer[k + 1, : room + 1] = layer[k, : room + 1]
        for t in range(group_start[g], group_start[g + 1]):
            p = profit[t]
            if p <= 0:
                continue
            a = amount[t]
            for c in range(a, room + 1):
                if layer[k, c - a] + p > layer[k + 1, c]:
                    layer[k + 1, c] = layer[k, c - a] + p
    c = room
    for g in range(last - 1, first - 1, -1):
        k = g - first
        picked[g] = -1
        if layer[k + 1, c] != layer[k, c]:
            for t in range(group_start[g], group_start[g + 1]):
                if profit[t] > 0 and amount[t] <= c and layer[k, c - amount[t]] + profit[t] == layer[k + 1, c]:
                    picked[g] = t
                    c -= amount[t]
                    break
    return layer[last - first, room]


@njit(cache=True, nogil=True)
def price_needs(row_start, group_start, group_need, amount, value, room, price, target, iterations, stride, layer, often):
    """Deflected subgradient steps on Σ price + Σ_r (best packing of r at value - price); `price` becomes the best one met.

    often[t] = how often item t was packed lately, a stand-in for its share in an LP over packings. Returns the least bound, and the steps.
    Reference: Barahona, Anbil, The volume algorithm (2000).
    """
    groups = len(group_need)
    picked = np.full(groups, -1, dtype=np.int64)
    profit, direction, best_price = np.zeros(len(value)), np.zeros(len(price)), price.copy()
    best, idle, done = np.inf, 0, 0
    for _ in range(iterations):
        done += 1
        total = price.sum()
        for g in range(groups):
            for t in range(group_start[g], group_start[g + 1]):
                profit[t] = value[t] - price[group_need[g]]
        for r in range(len(room)):
            total += best_packing(row_start[r], row_start[r + 1], group_start, amount, profit, room[r], layer, picked)
        idle += 1
        if total < best:
            if total < best - 1e-4 * (best - target):
                idle = 0
            best = total
            best_price[:] = price
        if idle == 15:
            stride *= 0.6
            idle = 0
            price[:] = best_price
            direction[:] = 0
            if stride < 1e-3:
                break
        for i in range(len(price)):
            direction[i] = 0.6 * direction[i] + 1.0
        for t in range(len(value)):
            often[t] *= 0.98
        for g in range(groups):
            if picked[g] >= 0:
                direction[group_need[g]] -= 1.0
                often[picked[g]] += 0.02
        norm = (direction * direction).sum()
        if norm < 1e-12 or total <= target:
            break
        for i in range(len(price)):
            price[i] = max(0.0, price[i] - stride * (total - target) / norm * direction[i])
    price[:] = best_price
    return best, done


@njit(cache=True, nogil=True)
def packing_losses(row_start, group_start, amount, profit, room, layer, back, loss):
    """loss[t] = by how much the best packing of its row falls if item t must be in it. Exact integers; returns Σ of the best packings."""
    picked = np.full(len(group_start) - 1, -1, dtype=np.int64)
    total = np.int64(0)
    for r in range(len(room)):
        first, last, size = row_start[r], row_start[r + 1], room[r]
        top = best_packing(first, last, group_start, amount, profit, size, layer, picked)
        total += top
        back[: size + 1] = 0
        for g in range(last - 1, first - 1, -1):
            k = g - first
            for t in range(group_start[g], group_start[g + 1]):
                beside = -NEVER
                left = size - amount[t]
                for c in range(left + 1):
                    beside = max(beside, layer[k, c] + back[left - c])
                loss[t] = top - beside - profit[t]
            for c in range(size, -1, -1):
                most = back[c]
                for t in range(group_start[g], group_start[g + 1]):
                    if profit[t] > 0 and amount[t] <= c:
                        most = max(most, back[c - amount[t]] + profit[t])
                back[c] = most
    return total
