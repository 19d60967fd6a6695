"""Exact arithmetic on the problem, and its uses picked out for other layouts."""
# ruff: noqa: ANN001, ANN201 -- jitted loops: arrays one by one, no Python types
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc, untyped-decorator, assignment"

from numba import njit


@njit(cache=True, nogil=True)
def first_repeated_use(use_start, use_resource):
    """The first option that names a resource twice, or -1."""
    for o in range(len(use_start) - 1):
        for u in range(use_start[o] + 1, use_start[o + 1]):
            for w in range(use_start[o], u):
                if use_resource[u] == use_resource[w]:
                    return o
    return -1


@njit(cache=True, nogil=True)
def mark_fitting(use_start, use_resource, use_amount, room, fits):
    """fits[o] stays true only if every use of o fits into the room of its row."""
    for o in range(len(use_start) - 1):
        for u in range(use_start[o], use_start[o + 1]):
            if use_amount[u] > room[use_resource[u]]:
                fits[o] = False
                break


@njit(cache=True, nogil=True)
def row_gcds(use_start, use_resource, use_amount, counted, gcd):
    """gcd[r] of the amounts that the counted options use of r; 0 where there are none."""
    for o in range(len(use_start) - 1):
        if not counted[o]:
            continue
        for u in range(use_start[o], use_start[o + 1]):
            r = use_resource[u]
            a, b = gcd[r], use_amount[u]
            while b:
                a, b = b, a % b
            gcd[r] = a


@njit(cache=True, nogil=True)
def option_weights(value, use_start, use_resource, use_amount, price_per_unit, weight):
    """weight[o] = v + Σ a |price|, in floating point: how large the sums of option o can get."""
    for o in range(len(value)):
        total = float(value[o])
        for u in range(use_start[o], use_start[o + 1]):
            total += use_amount[u] * price_per_unit[use_resource[u]]
        weight[o] = total


@njit(cache=True, nogil=True)
def reduced_values(value, use_start, use_resource, use_amount, net_price, shift, reduced):
    """reduced[o] = v 2^shift - Σ a net_price. The caller has made sure that nothing exceeds 2^62."""
    for o in range(len(value)):
        total = value[o] << shift
        for u in range(use_start[o], use_start[o + 1]):
            total -= use_amount[u] * net_price[use_resource[u]]
        reduced[o] = total


@njit(cache=True, nogil=True)
def best_reduced(option_start, reduced, kept, best):
    """best[i] = max(0, largest reduced value among the kept options of need i)."""
    for i in range(len(option_start) - 1):
        top = 0
        for o in range(option_start[i], option_start[i + 1]):
            if kept[o] and reduced[o] > top:
                top = reduced[o]
        best[i] = top


@njit(cache=True, nogil=True)
def largest_use_by_need(option_start, use_start, use_resource, use_amount, kept, total, latest, seen):
    """total[r] = Σ_i max over the kept options of i of a[r, o]; floats, so that it cannot wrap. latest and seen are scratch."""
    for i in range(len(option_start) - 1):
        for o in range(option_start[i], option_start[i + 1]):
            if not kept[o]:
                continue
            for u in range(use_start[o], use_start[o + 1]):
                r = use_resource[u]
                if seen[r] != i + 1:
                    seen[r] = i + 1
                    latest[r] = 0
                if use_amount[u] > latest[r]:
                    total[r] += use_amount[u] - latest[r]
                    latest[r] = use_amount[u]


@njit(cache=True, nogil=True)
def count_uses(option, use_start, use_resource, row_of, counted_start):
    """counted_start = where the uses of each picked option on the rows that matter begin."""
    k = 0
    for c in range(len(option)):
        counted_start[c] = k
        for u in range(use_start[option[c]], use_start[option[c] + 1]):
            if row_of[use_resource[u]] >= 0:
                k += 1
    counted_start[len(option)] = k


@njit(cache=True, nogil=True)
def scaled_uses(option, use_start, use_resource, use_amount, row_of, scale, scaled_row, scaled_amount):
    """The uses of the picked options on the rows that matter, each divided by the scale of its row."""
    k = 0
    for c in range(len(option)):
        for u in range(use_start[option[c]], use_start[option[c] + 1]):
            r = row_of[use_resource[u]]
            if r >= 0:
                scaled_row[k] = r
                scaled_amount[k] = use_amount[u] / scale[r]
                k += 1


@njit(cache=True, nogil=True)
def copy_uses(picked, use_start, use_resource, use_amount, row_of, divisor, core_use_start, core_row, core_amount):
    """The uses of the picked options on the rows that matter, amounts divided by the divisor of their row."""
    k = 0
    for c in range(len(picked)):
        core_use_start[c] = k
        for u in range(use_start[picked[c]], use_start[picked[c] + 1]):
            r = row_of[use_resource[u]]
            if r >= 0:
                core_row[k] = r
                core_amount[k] = use_amount[u] // divisor[use_resource[u]]
                k += 1
    core_use_start[len(picked)] = k
    return k


@njit(cache=True, nogil=True)
def copy_ordered(order, use_start, use_row, use_amount, ordered_start, ordered_row, ordered_amount):
    """The uses of the options in another order."""
    k = 0
    for c in range(len(order)):
        ordered_start[c] = k
        for u in range(use_start[order[c]], use_start[order[c] + 1]):
            ordered_row[k] = use_row[u]
            ordered_amount[k] = use_amount[u]
            k += 1
    ordered_start[len(order)] = k
