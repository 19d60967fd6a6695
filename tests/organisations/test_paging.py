"""Long lists: a count that ends at a bound, pages that end with it."""

import pytest

from organisations import paging
from organisations.models import Organisation
from organisations.paging import BoundedPaginator, PickingPaginator, counted, told
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def firms(world):
    factories.firms(world, 5)
    return Organisation.objects.filter(kind="firm").order_by("-name", "pk")


def test_a_count_is_exact_up_to_its_bound(firms):
    assert [counted(firms, most=most) for most in (4, 5, 6)] == [5, 5, 5]
    assert counted(firms, most=2) == 3


def test_what_is_beyond_the_bound_is_told_as_more():
    assert [told(number) for number in (0, 9_999, paging.COUNTED, paging.COUNTED + 1)] == ["0", "9,999", "10,000", "10,000+"]


@pytest.mark.parametrize("kind", [BoundedPaginator, PickingPaginator])
def test_pages_follow_the_order_and_end_at_the_bound(firms, kind):
    pages = kind(firms, 2, most=3)

    shown = [row for number in pages.page_range for row in pages.page(number)]

    assert (pages.num_pages, pages.count, pages.told, pages.is_cut) == (2, 3, "3+", True)
    assert shown == list(firms[:3])


def test_rows_counted_before_are_not_counted_again(firms, django_assert_num_queries):
    pages = PickingPaginator(firms, 2, found=5)

    with django_assert_num_queries(2):  # the keys, and the rows
        assert len(pages.page(1)) == 2
