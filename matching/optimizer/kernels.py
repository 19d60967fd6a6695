"""Every jitted loop of the optimizer, in one file, so that numba's compile cache is keyed by the source of all of them.

Nothing of ours is imported here: a change elsewhere can never leave a stale kernel behind. All search kernels work in integers.
Arrays in the order of their names; "need" i owns options option_start[i]:option_start[i+1], option o owns uses use_start[o]:use_start[o+1].
"""
# ruff: noqa: C901, PLR0912, PLR0915, PLR1730, ANN001, ANN201, SIM110 -- jitted loops: arrays one by one, no Python types
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc, untyped-decorator, assignment"

from typing import Any, NamedTuple

import numpy as np
from numba import njit

UNMATCHED = -1
MOST_EJECTED = 24
MOST_TRIES = 40


# --- exact arithmetic on the problem -------------------------------------------------------------------------------------------------


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
def most_asked(option_start, use_start, use_row, use_amount, total, latest, seen):
    """total[r] = Σ_i max over the options of i of their positive use of r. latest and seen are scratch."""
    for i in range(len(option_start) - 1):
        for o in range(option_start[i], option_start[i + 1]):
            for u in range(use_start[o], use_start[o + 1]):
                r = use_row[u]
                if seen[r] != i + 1:
                    seen[r] = i + 1
                    latest[r] = 0.0
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


# --- the smoothed dual (floating point; its prices are re-certified in integers afterwards) --------------------------------------------


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
        cut_off = top - 30.0 * t
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
        t = temperature[i]
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
                for w in range(use_start[o], u + 1):
                    q = place[use_row[w]]
                    if q < 0:
                        continue
                    if q <= p:
                        matrix[p, q] += share * use_amount[w] / t
                    else:
                        matrix[q, p] += share * use_amount[w] / t
        for k in range(count):
            p = touched[k]
            share = mean[p] / t
            for j in range(count):
                q = touched[j]
                if q <= p:
                    matrix[p, q] -= share * mean[q]
        for k in range(count):
            mean[touched[k]] = 0.0


# --- the search: integer moves on a short list of options ------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def next_random(state):
    """xorshift64*: 64 random bits. The whole state is one word, recorded by nobody: it follows from the seed."""
    s = state[0]
    s ^= s >> np.uint64(12)
    s ^= s << np.uint64(25)
    s ^= s >> np.uint64(27)
    state[0] = s
    return s * np.uint64(0x2545F4914F6CDD1D)


@njit(cache=True, nogil=True)
def below(state, limit):
    """A random integer in 0..limit-1 (limit < 2^31)."""
    return np.int64(((next_random(state) >> np.uint64(33)) * np.uint64(limit)) >> np.uint64(31))


@njit(cache=True, nogil=True)
def short_list(option_start, kept, reduced, movable, width, picked, count):
    """The `width` options of largest reduced value of each movable need, best first, ties by index. Returns how many in all."""
    total = 0
    for i in range(len(option_start) - 1):
        count[i] = 0
        if not movable[i]:
            continue
        begin = total
        for o in range(option_start[i], option_start[i + 1]):
            if not kept[o]:
                continue
            k = count[i]
            if k == width:
                if reduced[o] <= reduced[picked[begin + k - 1]]:
                    continue
                k -= 1
            else:
                count[i] += 1
                total += 1
            while k > 0 and reduced[picked[begin + k - 1]] < reduced[o]:
                picked[begin + k] = picked[begin + k - 1]
                k -= 1
            picked[begin + k] = o
    return total


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
def members_by_row(option_start, use_start, use_row, seen, count):
    """count[r] = number of needs with an option on r: room for its list of members."""
    for i in range(len(option_start) - 1):
        for u in range(use_start[option_start[i]], use_start[option_start[i + 1]]):
            r = use_row[u]
            if seen[r] != i + 1:
                seen[r] = i + 1
                count[r] += 1


@njit(cache=True, nogil=True)
def order_by_key(option_start, key, order):
    """order[option_start[i]:...] = the options of need i, largest key first, ties by index (insertion sort: the lists are short)."""
    for i in range(len(option_start) - 1):
        begin = option_start[i]
        for o in range(begin, option_start[i + 1]):
            k = o
            while k > begin and key[order[k - 1]] < key[o]:
                order[k] = order[k - 1]
                k -= 1
            order[k] = o


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


class Board(NamedTuple):
    """The options of the search, those of a need side by side and the largest key first; read by all chains."""

    option_start: Any  # int32[needs + 1]
    key: Any  # int32[options]
    use_start: Any  # int32[options + 1]
    use_row: Any  # int32[uses]
    use_amount: Any  # int32[uses], or int64 where amounts are large
    member_start: Any  # int32[rows + 1]
    slots: int  # the most uses an option has
    floor_start: Any  # int64[rows + 1]
    floor_level: Any  # int64[floors]: the room at which the floor is just met
    floor_weight: Any  # int64[floors]: 1/256 points a unit


class Place(NamedTuple):
    """Where one chain stands, and who is a member of which row.

    Need i, if it is chosen, is a member of each row r that its option uses: its use number u has
    entry i * slots + u, which stands at member[member_start[r] + position[entry]].
    """

    room: Any  # as use_amount, [rows]
    choice: Any  # int32[needs]: an option of the board, or -1
    member: Any  # int32[members]
    member_count: Any  # int32[rows]
    position: Any  # int32[needs * slots]
    random: Any  # uint64[1]


@njit(cache=True, nogil=True)
def fits(board, room, o):
    for u in range(board.use_start[o], board.use_start[o + 1]):
        if board.use_amount[u] > room[board.use_row[u]]:
            return False
    return True


@njit(cache=True, nogil=True)
def shortfall_change(board, r, before, after):
    """Change, in 1/256 points, of -Σ p s when the room of row r goes from `before` to `after`."""
    change = 0
    for f in range(board.floor_start[r], board.floor_start[r + 1]):
        level = board.floor_level[f]
        change += board.floor_weight[f] * (max(0, before - level) - max(0, after - level))
    return change


@njit(cache=True, nogil=True)
def take_room(board, room, o, has_floors):
    """Option o takes its room; returns the gain at the floors in 1/256 points."""
    change = np.int64(0)
    for u in range(board.use_start[o], board.use_start[o + 1]):
        r = board.use_row[u]
        if has_floors:
            change += shortfall_change(board, r, np.int64(room[r]), np.int64(room[r]) - board.use_amount[u])
        room[r] -= board.use_amount[u]
    return change


@njit(cache=True, nogil=True)
def give_room(board, room, o, has_floors):
    """Option o gives its room back; returns the gain at the floors in 1/256 points."""
    change = np.int64(0)
    for u in range(board.use_start[o], board.use_start[o + 1]):
        r = board.use_row[u]
        if has_floors:
            change += shortfall_change(board, r, np.int64(room[r]), np.int64(room[r]) + board.use_amount[u])
        room[r] += board.use_amount[u]
    return change


@njit(cache=True, nogil=True)
def join(board, place, i, o):
    """Need i becomes a member of the rows of option o."""
    place.choice[i] = o
    entry = i * board.slots
    for u in range(board.use_start[o], board.use_start[o + 1]):
        r = board.use_row[u]
        place.position[entry] = place.member_count[r]
        place.member[board.member_start[r] + place.member_count[r]] = entry
        place.member_count[r] += 1
        entry += 1


@njit(cache=True, nogil=True)
def leave(board, place, i, o):
    """Need i is no longer a member of the rows of option o."""
    place.choice[i] = UNMATCHED
    entry = i * board.slots
    for u in range(board.use_start[o], board.use_start[o + 1]):
        r = board.use_row[u]
        place.member_count[r] -= 1
        last = place.member[board.member_start[r] + place.member_count[r]]
        place.member[board.member_start[r] + place.position[entry]] = last
        place.position[last] = place.position[entry]
        entry += 1


@njit(cache=True, nogil=True)
def seat(board, place, needs, wanted, takes_room):
    """Choose wanted[i] for each need that is free; with `takes_room` only what fits, and the room goes."""
    for n in range(len(needs)):
        i = needs[n]
        o = wanted[i]
        if o < 0 or place.choice[i] >= 0:
            continue
        if takes_room:
            if not fits(board, place.room, o):
                continue
            take_room(board, place.room, o, False)
        join(board, place, i, o)


@njit(cache=True, nogil=True)
def fill(board, place, needs):
    """Give each need in turn, if it is free, its best option of positive key that fits."""
    for n in range(len(needs)):
        i = needs[n]
        if place.choice[i] >= 0:
            continue
        for o in range(board.option_start[i], board.option_start[i + 1]):
            if board.key[o] <= 0:
                break
            if fits(board, place.room, o):
                take_room(board, place.room, o, False)
                join(board, place, i, o)
                break


@njit(cache=True, nogil=True)
def scaled(amount, shift):
    return amount << shift if shift >= 0 else amount >> -shift


@njit(cache=True, nogil=True)
def anneal(board, place, needs, steps, heat, exponential, own_share, floor_shift):
    """`steps` moves of ruin and recreate among `needs`, at temperature `heat` in units of the key.

    One move: a need goes to one of its options; where a row lacks room, the loser of two random members leaves; those that left go to
    their best option that fits; the whole is kept if it loses no more than an exponential variate of mean `heat`. Room changes at once and
    is given back on refusal; the lists of members, which are dearer, change only when a move is kept. A move is given up as soon as it
    would lose too much even if everybody who has left found the best option they have.
    """
    option_start, key, use_start, use_row, use_amount = board.option_start, board.key, board.use_start, board.use_row, board.use_amount
    room, choice, member, member_count, state = place.room, place.choice, place.member, place.member_count, place.random
    has_floors = len(board.floor_level) > 0
    moved = np.empty(MOST_EJECTED + 1, dtype=np.int32)
    former = np.empty(MOST_EJECTED + 1, dtype=np.int32)
    latter = np.empty(MOST_EJECTED + 1, dtype=np.int32)
    for _ in range(steps):
        i = needs[below(state, len(needs))]
        begin, width = option_start[i], np.int64(option_start[i + 1] - option_start[i])
        if width == 0:
            continue
        word = next_random(state)
        u = np.int64(word >> np.uint64(40))
        o = begin + ((((u * u) >> 24) * width) >> 24)
        tolerance = (heat * exponential[np.int64(word & np.uint64(4095))]) >> 16
        was = choice[i]
        if o == was:
            continue
        delta = np.int64(key[o])
        if was >= 0:
            delta -= key[was]
        if delta < -tolerance and not has_floors:
            continue
        credit = np.int64(0)
        if was >= 0:
            credit += give_room(board, room, was, has_floors)
        moved[0], former[0], latter[0] = i, was, o
        count = 1
        hope = np.int64(0)
        possible = True
        for u in range(use_start[o], use_start[o + 1]):
            r = use_row[u]
            tries = 0
            while use_amount[u] > room[r]:
                if member_count[r] == 0 or count > MOST_EJECTED or tries == MOST_TRIES:
                    possible = False
                    break
                tries += 1
                e = member[board.member_start[r] + below(state, member_count[r])] // board.slots
                other = member[board.member_start[r] + below(state, member_count[r])] // board.slots
                has_left, other_has_left = False, False
                for k in range(count):
                    has_left = has_left or moved[k] == e
                    other_has_left = other_has_left or moved[k] == other
                if has_left and other_has_left:
                    continue
                if has_left or (not other_has_left and key[choice[other]] < key[choice[e]]):
                    e = other
                moved[count], former[count], latter[count] = e, choice[e], UNMATCHED
                count += 1
                delta -= key[choice[e]]
                hope += max(key[option_start[e]], 0)
                credit += give_room(board, room, choice[e], has_floors)
                if delta + hope < -tolerance and not has_floors:
                    possible = False
                    break
            if not possible:
                break
        if possible:
            credit += take_room(board, room, o, has_floors)
            for k in range(1, count):
                e = moved[k]
                hope -= max(key[option_start[e]], 0)
                for back in range(option_start[e], option_start[e + 1]):
                    if key[back] <= 0:
                        break
                    if fits(board, room, back):
                        latter[k] = back
                        delta += key[back]
                        credit += take_room(board, room, back, has_floors)
                        break
                if delta + hope < -tolerance and not has_floors:
                    break
            if credit != 0:
                delta += (scaled(credit, floor_shift) * own_share) >> 10
            if delta >= -tolerance:
                for k in range(count):
                    if former[k] >= 0:
                        leave(board, place, moved[k], former[k])
                for k in range(count):
                    if latter[k] >= 0:
                        join(board, place, moved[k], latter[k])
                continue
            for k in range(count):
                if latter[k] >= 0:
                    give_room(board, room, latter[k], False)
        for k in range(count):
            if former[k] >= 0:
                take_room(board, room, former[k], False)


# --- cuts: coefficients by lifting, right-hand sides by an exact dynamic programme ------------------------------------------------------

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
def amounts_on(resource, options, use_start, use_resource, use_amount, amount):
    """amount[k] = use of the resource by options[k]."""
    for k in range(len(options)):
        for u in range(use_start[options[k]], use_start[options[k] + 1]):
            if use_resource[u] == resource:
                amount[k] = use_amount[u]


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


# --- rows taken whole: each resource as a knapsack of its own, held together by a price for each need ------------------------------------


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
