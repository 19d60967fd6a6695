"""What was sent is read by its param or refused with it: never an error of ours."""

import pytest

from common.errors import Invalid
from common.steps import Param
from organisations.entering import read

FIELDS = Param("fields", "fields", "需要修改的内容", required=False, choices=lambda: [("amount", "融资需求"), ("name", "项目名称")])


@pytest.mark.parametrize("sent", [False, 5, {"amount": 1}, [["amount"]], ["amount", None], "no_such", ["no_such"]])
def test_names_of_fields_that_are_none_are_refused(sent):
    with pytest.raises(Invalid) as refused:
        read([FIELDS], {"fields": sent})

    assert [(problem.field, problem.code) for problem in refused.value.problems] == [("fields", "unknown_choice")]


@pytest.mark.parametrize(
    ("sent", "told"),
    [("amount", {"fields": ["amount"]}), (["name", "amount"], {"fields": ["name", "amount"]}), ([], {}), (None, {})],
)
def test_names_of_fields_are_read_from_a_form_and_from_a_list(sent, told):
    assert read([FIELDS], {"fields": sent}) == told
