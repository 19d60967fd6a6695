"""Cuts: coefficients by lifting, right-hand sides by an exact dynamic programme."""
# ruff: noqa: C901, PLR0912, PLR0915, PLR1730, ANN001, ANN201 -- jitted loops: arrays one by one, no Python types
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc, untyped-decorator, assignment"

import numpy as np
from numba import njit

LARGEST_RHS = 250
NEVER = np.int64(1) << np.int64(62)


@njit(cache=True, nogil=True)
def reach(least, top, room):
    """The largest Σ alpha that fits into the room."""
    for z in range(top, -1, -1):
        if least[z] <= room:
            return z
    return 0


@njit(cache=True, nogil=True)
def add_item(least, top, amount, alpha, capacity):
    """least[z] = least use that reaches exactly Σ alpha = z, with one item more; returns the largest z that fits at all."""
    for z in range(min(top, LARGEST_RHS - alpha), -1, -1):
        if least[z] + amount < least[z + alpha]:
            least[z + alpha] = least[z] + amount
    top = min(top + alpha, LARGEST_RHS)
    while top > 0 and least[top] > capacity:
        top -= 1
    return top


@njit(cache=True, nogil=True)
def exact_rhs(amount, alpha, capacity):
    """The largest Σ alpha of items that fit together, or -1 if it is beyond the table."""
    least = np.full(LARGEST_RHS + 1, NEVER, dtype=np.int64)
    least[0] = 0
    top = 0
    for k in range(len(amount)):
        if alpha[k] > 0:
            top = add_item(least, top, amount[k], alpha[k], capacity)
    return -1 if top >= LARGEST_RHS else top


@njit(cache=True, nogil=True)
def use_on(resource, o, use_start, use_resource, use_amount):
    """Use of the resource by option o."""
    for u in range(use_start[o], use_start[o + 1]):
        if use_resource[u] == resource:
            return use_amount[u]
    return np.int64(0)


@njit(cache=True, nogil=True)
def prove_anew(resource, cut_start, options, alpha, need_of, use_start, use_resource, use_amount, kept, capacity, rhs):
    """rhs[c] = the least right-hand side true of cut c, a need counting with its least use and largest alpha; -1 for a cut without use."""
    for c in range(len(resource)):
        mine = np.arange(cut_start[c], cut_start[c + 1])
        is_open = False
        for k in mine:
            is_open |= kept[options[k]]
        if not is_open:
            continue
        mine = mine[np.argsort(need_of[options[mine]])]
        amounts, alphas, needs = np.empty(len(mine), np.int64), np.empty(len(mine), np.int64), 0
        before = np.int64(-1)
        for k in mine:
            o = options[k]
            amount = use_on(resource[c], o, use_start, use_resource, use_amount)
            if need_of[o] == before:
                amounts[needs - 1] = min(amounts[needs - 1], amount)
                alphas[needs - 1] = max(alphas[needs - 1], alpha[k])
            else:
                amounts[needs], alphas[needs] = amount, alpha[k]
                needs += 1
            before = need_of[o]
        if alphas[:needs].max() <= LARGEST_RHS and amounts[:needs].min() > 0:
            rhs[c] = exact_rhs(amounts[:needs], alphas[:needs], capacity[resource[c]])


@njit(cache=True, nogil=True)
def lift(amount, share, capacity, core, at_one, orders, alpha, least):
    """Lift the inequality on `core` to all items; returns its exact right-hand side, or -1.

    alpha holds the coefficients of the core; items in `at_one` are set aside first and lifted down after the fractional ones
    (Gu, Nemhauser, Savelsbergh, Lifted cover inequalities for 0-1 integer programs, 1998).
    """
    n = len(amount)
    for z in range(len(least)):
        least[z] = NEVER
    least[0] = 0
    top = 0
    set_aside = 0
    for k in range(n):
        if at_one[k]:
            set_aside += amount[k]
        elif core[k]:
            if alpha[k] > LARGEST_RHS:
                return -1
            top = add_item(least, top, amount[k], alpha[k], capacity)
    if set_aside > capacity:
        return -1
    rhs = reach(least, top, capacity - set_aside)
    for second in range(2):
        for j in range(n):
            k = orders[0, j]
            if core[k] or at_one[k] or (share[k] > 1e-6) != (second == 0):
                continue
            room = capacity - set_aside - amount[k]
            coefficient = rhs - reach(least, top, room) if room >= 0 else rhs
            if coefficient > 0:
                alpha[k] = coefficient
                top = add_item(least, top, amount[k], coefficient, capacity)
        if second == 0:
            for j in range(n):
                k = orders[0, j]
                if at_one[k]:
                    set_aside -= amount[k]
                    reached = reach(least, top, capacity - set_aside)
                    alpha[k] = reached - rhs
                    rhs = reached
                    if alpha[k] > 0:
                        top = add_item(least, top, amount[k], alpha[k], capacity)
    if top >= LARGEST_RHS:
        return -1
    return reach(least, top, capacity)


@njit(cache=True, nogil=True)
def find_cover(amount, share, capacity, orders, kind, core):
    """A minimal cover taken in the order orders[kind]; False if everything fits."""
    for k in range(len(core)):
        core[k] = False
    total = 0
    found = False
    for j in range(len(core)):
        k = orders[kind, j]
        if share[k] <= 1e-6:
            continue
        core[k] = True
        total += amount[k]
        if total > capacity:
            found = True
            break
    if not found:
        return False
    for j in range(len(core) - 1, -1, -1):
        k = orders[kind, j]
        if core[k] and total - amount[k] > capacity:
            core[k] = False
            total -= amount[k]
    return True


@njit(cache=True, nogil=True)
def cuts_of_row(amount, share, capacity, orders, roundings, least_violation, alphas, rhss, scores):
    """The most violated cuts of one knapsack row into alphas[c], rhss[c], scores[c]; returns how many. Items come one a need.

    orders[k] is an order of the items to take covers in; the first is that of falling share, by which coefficients are lifted too.
    """
    n, most = len(amount), len(rhss)
    least = np.empty(LARGEST_RHS + 1, dtype=np.int64)
    core = np.zeros(n, dtype=np.bool_)
    at_one = np.zeros(n, dtype=np.bool_)
    alpha = np.zeros(n, dtype=np.int64)
    count = 0
    for kind in range(len(orders) + roundings):
        for k in range(n):
            at_one[k] = False
            alpha[k] = 0
        if kind < len(orders):
            if not find_cover(amount, share, capacity, orders, kind, core):
                continue
            left = 0
            for k in range(n):
                if core[k]:
                    alpha[k] = 1
                    if share[k] < 0.999:
                        left += 1
            for k in range(n):
                if core[k] and share[k] >= 0.999 and left >= 2:
                    core[k] = False
                    at_one[k] = True
                    alpha[k] = 0
        else:
            q = kind - len(orders) + 2
            some = False
            for k in range(n):
                core[k] = False
                if share[k] > 1e-6:
                    alpha[k] = np.int64((float(amount[k]) * q) / (float(capacity) + 1.0))
                    core[k] = alpha[k] > 0
                    some = some or core[k]
            if not some:
                continue
        rhs = lift(amount, share, capacity, core, at_one, orders, alpha, least)
        if rhs <= 0:
            continue
        score = -1.0
        for k in range(n):
            score += share[k] * alpha[k] / rhs
        if score < least_violation:
            continue
        place = count
        for c in range(count):
            if abs(scores[c] - score) < 1e-9 and rhss[c] == rhs:
                place = -1
                break
            if scores[c] < score and place == count:
                place = c
        if place < 0 or place >= most:
            continue
        if count < most:
            count += 1
        for c in range(count - 1, place, -1):
            for k in range(n):
                alphas[c, k] = alphas[c - 1, k]
            rhss[c] = rhss[c - 1]
            scores[c] = scores[c - 1]
        for k in range(n):
            alphas[place, k] = alpha[k]
        rhss[place] = rhs
        scores[place] = score
    return count
