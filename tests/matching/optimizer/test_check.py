"""One planted defect per test: each must be found, and named."""

from dataclasses import replace

import numpy as np
import pytest

from matching.optimizer import Budget, Cut, Leaf, check, solve
from tests.matching.optimizer.instances import problem_of

# Three needs of amounts 3, 3, 2 on a limit of 6 (resource 0), the third with a way out on resource 1 and a floor there.
PROBLEM = problem_of(
    [[(30, {0: 3})], [(29, {0: 3})], [(25, {0: 2}), (10, {1: 4})]],
    [6, 4],
    [(1, 4, 1, 2)],
)
# At most two of the three fit into resource 0.
COVER = Cut(0, np.array([0, 1, 2]), np.array([1, 1, 1]), 2, 1 << 10)


def good():
    solution = solve(PROBLEM, budget=Budget(steps=400), gap=0.0)
    assert check(PROBLEM, solution).ok
    return solution


def with_bound(solution, **changes):
    """The changed solution, saying of itself what check proves, so that only the planted defect is left."""
    changed = replace(solution, **changes)
    report = check(PROBLEM, changed)
    changed = replace(changed, bound=report.bound, certificate="tree" if changed.leaves else "prices+cuts" if changed.cuts else "prices")
    return replace(changed, gap=(changed.bound - changed.value) / max(abs(changed.bound), 1))


def kinds(solution, problem=PROBLEM, **given):
    return {v.kind for v in check(problem, solution, **given).violations}


def leaf(fixed, **changes):
    zero = np.zeros(2, dtype=np.int64)
    return replace(Leaf(np.array(fixed, dtype=np.int64), zero, np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64)), **changes)


def with_leaves(*leaves):
    return replace(good(), leaves=leaves)


def test_check_passes_a_good_solution_and_proves_its_numbers():
    solution = good()

    report = check(PROBLEM, solution)

    assert (report.value, report.bound, report.violations) == (solution.value, solution.bound, ())
    assert report.value == 30 + 29 + 10


def test_check_finds_a_choice_of_the_wrong_length():
    assert "choice.shape" in kinds(replace(good(), choice=np.array([0, 1])))


def test_check_finds_a_choice_of_the_wrong_type():
    assert "choice.shape" in kinds(replace(good(), choice=np.array([0.0, 1.0, 3.0])))


def test_check_finds_an_option_that_does_not_exist():
    assert "choice.range" in kinds(replace(good(), choice=np.array([0, 1, 4])))


def test_check_finds_a_choice_below_unmatched():
    assert "choice.range" in kinds(replace(good(), choice=np.array([0, 1, -2])))


def test_check_finds_an_option_of_another_need():
    assert "choice.foreign" in kinds(replace(good(), choice=np.array([1, 0, 3])))


def test_check_finds_a_full_resource():
    assert "choice.capacity" in kinds(replace(good(), choice=np.array([0, 1, 2])))


def test_check_finds_a_fixed_need_that_moved():
    assert "choice.fixed" in kinds(good(), fixed=np.array([-1, -2, -2]))


def test_check_finds_a_fixed_of_the_wrong_length():
    assert kinds(good(), fixed=np.array([-1])) == {"fixed.shape"}


def test_check_finds_fixed_choices_that_do_not_fit():
    assert "fixed.capacity" in kinds(good(), fixed=np.array([0, 1, 2]))


def test_check_finds_a_wrong_value():
    solution = good()

    assert "value" in kinds(replace(solution, value=solution.value + 1))


def test_check_finds_a_value_that_forgets_the_floor():
    solution = good()
    missed = replace(solution, choice=np.array([0, 1, -1]), value=59)

    assert "value" in kinds(missed)


@pytest.mark.parametrize("step", [-1, 1])
def test_check_finds_a_bound_off_by_one(step):
    solution = good()

    assert "bound" in kinds(replace(solution, bound=solution.bound + step))


def test_check_finds_a_wrong_gap():
    assert "gap" in kinds(replace(good(), gap=0.5))


def test_check_finds_a_wrong_certificate_name():
    assert "certificate" in kinds(replace(with_bound(good(), cuts=(), leaves=()), certificate="prices+cuts"))


def test_check_finds_an_unknown_stop():
    assert "stopped_by" in kinds(replace(good(), stopped_by="tired"))


def test_check_finds_more_steps_than_planned():
    solution = good()

    assert "steps_done" in kinds(replace(solution, steps_done=solution.steps_done + 1))


def test_check_finds_prices_of_the_wrong_length():
    assert "prices.shape" in kinds(replace(good(), prices=np.array([1])))


def test_check_finds_a_negative_price():
    assert "prices.negative" in kinds(replace(good(), prices=np.array([-1, 0])))


def test_check_finds_a_price_shift_out_of_range():
    assert "price_shift.range" in kinds(replace(good(), price_shift=7))


def test_check_finds_floor_prices_of_the_wrong_length():
    assert "floor_prices.shape" in kinds(replace(good(), floor_prices=np.array([], dtype=np.int64)))


def test_check_finds_a_negative_floor_price():
    assert "floor_prices.negative" in kinds(replace(good(), floor_prices=np.array([-1])))


def test_check_finds_a_floor_price_above_its_penalty():
    solution = good()

    assert "floor_prices.above" in kinds(replace(solution, floor_prices=np.array([(1 << (solution.price_shift - 1)) + 1])))


def test_check_accepts_a_true_cut():
    assert kinds(with_bound(good(), cuts=(COVER,), leaves=())) == set()


def test_check_finds_a_right_hand_side_too_small():
    assert "cut.rhs.small" in kinds(replace(good(), cuts=(replace(COVER, rhs=1),)))


def test_check_finds_a_negative_right_hand_side():
    assert "cut.rhs" in kinds(replace(good(), cuts=(replace(COVER, rhs=-1),)))


def test_check_finds_a_coefficient_too_large():
    assert "cut.rhs.small" in kinds(replace(good(), cuts=(replace(COVER, alpha=np.array([2, 1, 1])),)))


def test_check_finds_a_cut_on_no_resource():
    assert "cut.resource" in kinds(replace(good(), cuts=(replace(COVER, resource=2),)))


def test_check_finds_a_cut_on_the_wrong_resource():
    assert "cut.rhs.small" in kinds(replace(good(), cuts=(replace(COVER, resource=1),)))


def test_check_finds_a_cut_on_unknown_options():
    assert "cut.options.range" in kinds(replace(good(), cuts=(replace(COVER, options=np.array([0, 1, 9])),)))


def test_check_finds_a_cut_that_names_an_option_twice():
    assert "cut.options.twice" in kinds(replace(good(), cuts=(replace(COVER, options=np.array([0, 1, 1])),)))


def test_check_finds_a_cut_with_missing_coefficients():
    assert "cut.alpha.shape" in kinds(replace(good(), cuts=(replace(COVER, alpha=np.array([1, 1])),)))


def test_check_finds_a_negative_coefficient():
    assert "cut.alpha.negative" in kinds(replace(good(), cuts=(replace(COVER, alpha=np.array([1, 1, -1])),)))


def test_check_finds_a_negative_cut_price():
    assert "cut.price" in kinds(replace(good(), cuts=(replace(COVER, price=-1),)))


def test_check_refuses_a_cut_too_large_to_prove():
    huge = replace(COVER, alpha=np.array([1 << 40, 1 << 40, 1 << 40]), rhs=2 << 40)

    assert "cut.rhs.unproved" in kinds(replace(good(), cuts=(huge,)))


def test_check_accepts_leaves_that_cover():
    # need 2 to its first option, its second, or none
    assert "leaves.cover" not in kinds(with_leaves(leaf([-2, -2, 2]), leaf([-2, -2, 3]), leaf([-2, -2, -1])))


def test_check_accepts_a_deeper_tree():
    split = [leaf([0, -2, 2]), leaf([-1, -2, 2]), leaf([-2, -2, 3]), leaf([-2, 1, -1]), leaf([-2, -1, -1])]

    assert "leaves.cover" not in kinds(with_leaves(*split))


def test_check_needs_no_leaf_for_what_does_not_fit():
    # once needs 0 and 1 are in, the first option of need 2 does not fit beside them
    split = [leaf([0, 1, 3]), leaf([0, 1, -1]), leaf([0, -1, -2]), leaf([-1, -2, -2])]

    assert "leaves.cover" not in kinds(with_leaves(*split))


def test_check_finds_a_missing_leaf():
    assert "leaves.cover" in kinds(with_leaves(leaf([-2, -2, 2]), leaf([-2, -2, -1])))


def test_check_finds_leaves_that_split_on_different_needs():
    assert "leaves.cover" in kinds(with_leaves(leaf([0, -2, -2]), leaf([-2, -1, -2])))


def test_check_finds_a_leaf_with_a_negative_price():
    assert "leaf.prices.negative" in kinds(with_leaves(leaf([-2, -2, -2], prices=np.array([-1, 0]))))


def test_check_finds_a_leaf_with_a_floor_price_above_its_penalty():
    assert "leaf.floor_prices.above" in kinds(with_leaves(leaf([-2, -2, -2], floor_prices=np.array([1 << 61]))))


def test_check_finds_a_leaf_that_prices_no_such_cut():
    assert "leaf.cut_prices" in kinds(with_leaves(leaf([-2, -2, -2], cut_prices=np.array([1]))))


def test_check_finds_a_leaf_of_the_wrong_length():
    assert "leaf.fixed" in kinds(with_leaves(leaf([-2, -2])))


def test_check_finds_a_leaf_that_fixes_a_foreign_option():
    assert "leaf.fixed" in kinds(with_leaves(leaf([1, -2, -2])))


def test_check_takes_the_worst_leaf():
    split = [leaf([-2, -2, 2]), leaf([-2, -2, 3]), leaf([-2, -2, -1])]
    solution = with_leaves(*split)

    report = check(PROBLEM, solution)

    assert report.bound == 30 + 29 + 25  # zero prices: the leaf that takes the dear option of need 2


def test_check_finds_a_given_choice_that_does_not_fit():
    assert "given.capacity" in kinds(replace(good(), given=np.array([0, 1, 2])))


def test_check_lists_every_violation():
    solution = replace(good(), choice=np.array([0, 1, 2]), stopped_by="tired", gap=2.0)

    assert {"choice.capacity", "value", "gap", "stopped_by"} <= kinds(solution)


def test_check_is_exact_where_int64_would_wrap():
    problem = problem_of([[(1 << 50, {0: 1 << 40})], [(1 << 50, {0: 1 << 40})]], [1 << 40])
    solution = solve(problem, budget=Budget(steps=400), gap=0.0)
    dear = replace(solution, prices=np.array([1 << 60]), leaves=())

    report = check(problem, dear)

    assert report.bound == ((1 << 60) * (1 << 40)) >> solution.price_shift
