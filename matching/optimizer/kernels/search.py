"""The search: integer moves on a short list of options.

Starts, rows, needs and members are unsigned, as in `prices`: no access asks whether the index counts from the end.
"""
# ruff: noqa: C901, PLR0912, PLR0915, ANN001, ANN201, SIM110 -- jitted loops: arrays one by one, no Python types
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc, untyped-decorator, assignment"

from typing import Any, NamedTuple

import numpy as np
from numba import njit

UNMATCHED = -1
MOST_EJECTED = 24
MOST_TRIES = 40


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
    return np.uint32(((next_random(state) >> np.uint64(33)) * np.uint64(limit)) >> np.uint64(31))


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


class Board(NamedTuple):
    """The options of the search, those of a need side by side and the largest key first; read by all chains."""

    option_start: Any  # uint32[needs + 1]
    key: Any  # int32[options]
    use_start: Any  # uint32[options + 1]
    use_row: Any  # uint32[uses]
    use_amount: Any  # int32[uses], or int64 where amounts are large
    member_start: Any  # uint32[rows + 1]
    slot_bits: int  # so many bits count the uses of any option
    floor_start: Any  # int64[rows + 1]
    floor_level: Any  # int64[floors]: the room at which the floor is just met
    floor_weight: Any  # int64[floors]: 1/256 points a unit


class Place(NamedTuple):
    """Where one chain stands, and who is a member of which row.

    Need i, if it is chosen, is a member of each row r that its option uses: its use number u has
    entry i * 2^slot_bits + u, which stands at member[member_start[r] + position[entry]].
    """

    room: Any  # as use_amount, [rows]
    choice: Any  # int32[needs]: an option of the board, or -1
    member: Any  # uint32[members]
    member_count: Any  # uint32[rows]
    position: Any  # uint32[needs * 2^slot_bits]
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
    entry = np.uint32(i << board.slot_bits)
    for u in range(board.use_start[o], board.use_start[o + 1]):
        r = board.use_row[u]
        place.position[entry] = place.member_count[r]
        place.member[board.member_start[r] + place.member_count[r]] = entry
        place.member_count[r] += 1
        entry = np.uint32(entry + 1)


@njit(cache=True, nogil=True)
def leave(board, place, i, o):
    """Need i is no longer a member of the rows of option o."""
    place.choice[i] = UNMATCHED
    entry = np.uint32(i << board.slot_bits)
    for u in range(board.use_start[o], board.use_start[o + 1]):
        r = board.use_row[u]
        place.member_count[r] -= 1
        last = place.member[board.member_start[r] + place.member_count[r]]
        place.member[board.member_start[r] + place.position[entry]] = last
        place.position[last] = place.position[entry]
        entry = np.uint32(entry + 1)


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
    moved = np.empty(MOST_EJECTED + 1, dtype=np.uint32)
    former = np.empty(MOST_EJECTED + 1, dtype=np.int32)
    latter = np.empty(MOST_EJECTED + 1, dtype=np.int32)
    for _ in range(steps):
        i = needs[below(state, len(needs))]
        begin, width = option_start[i], np.int64(option_start[i + 1] - option_start[i])
        if width == 0:
            continue
        word = next_random(state)
        u = np.int64(word >> np.uint64(40))
        o = np.uint32(begin + ((((u * u) >> 24) * width) >> 24))
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
                e = np.uint32(member[board.member_start[r] + below(state, member_count[r])] >> board.slot_bits)
                other = np.uint32(member[board.member_start[r] + below(state, member_count[r])] >> board.slot_bits)
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
