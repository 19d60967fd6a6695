"""Every refusal of the API has the same shape, whoever refused."""

import json

import pytest
from django.core.exceptions import ValidationError as ModelValidationError
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.permissions import AllowAny
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from common.errors import Invalid, NotAllowed, NotFound, Problem, Stale


def answer(error=None, *, method="get", body=None, content_type=None):
    class Refuses(APIView):
        permission_classes = (AllowAny,)
        authentication_classes = ()

        def get(self, request):
            raise error

        def post(self, request):
            Filing(data=request.data).is_valid(raise_exception=True)

    factory = APIRequestFactory()
    request = getattr(factory, method)("/", **({"data": body, "content_type": content_type} if content_type else {}))
    response = Refuses.as_view()(request)
    response.render()
    return response, json.loads(response.content)


class Equipment(serializers.Serializer):
    amount = serializers.IntegerField(min_value=1)


class Filing(serializers.Serializer):
    name = serializers.CharField()
    equipment = Equipment(many=True)

    def validate(self, attrs):
        raise serializers.ValidationError("总额不符", code="sum")


def test_domain_error_names_field_rule_and_remedy():
    error = Invalid([Problem("amount", "above_investment", _("超过总投资"), _("请改为不超过总投资的金额"))])

    response, told = answer(error)

    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert told == {
        "type": "urn:fulcrum:problem:invalid",
        "title": "内容不符合要求",
        "status": 422,
        "detail": str(Invalid.default_message),
        "code": "invalid",
        "errors": [{"field": "amount", "code": "above_investment", "message": "超过总投资", "remedy": "请改为不超过总投资的金额"}],
    }


@pytest.mark.parametrize(("error", "status"), [(NotAllowed(), 403), (NotFound(), 404), (Stale(), 409)])
def test_domain_error_keeps_its_status(error, status):
    response, told = answer(error)

    assert (response.status_code, told["status"], told["code"]) == (status, status, error.default_code)


def test_stale_tells_what_changed_meanwhile():
    changed = [{"field": "name", "before": "甲", "after": "乙"}]

    _response, told = answer(Stale(changed=changed, version=7))

    assert (told["changed"], told["version"]) == (changed, 7)


def test_serializer_errors_are_flattened_to_paths():
    body = json.dumps({"equipment": [{"amount": 5}, {"amount": 0}]})

    response, told = answer(method="post", body=body, content_type="application/json")

    assert response.status_code == 422
    assert [(error["field"], error["code"]) for error in told["errors"]] == [("name", "required"), ("equipment.1.amount", "min_value")]


def test_serializer_error_of_the_whole_has_no_field():
    body = json.dumps({"name": "甲", "equipment": []})

    _response, told = answer(method="post", body=body, content_type="application/json")

    assert told["errors"] == [{"field": "", "code": "sum", "message": "总额不符", "remedy": ""}]


def test_model_errors_become_the_same_document():
    error = ModelValidationError({"uscc": ModelValidationError("校验码有误", code="check_digit"), "__all__": ["重复"]})

    response, told = answer(error)

    assert response.status_code == 422
    assert [(one["field"], one["code"], one["message"]) for one in told["errors"]] == [
        ("uscc", "check_digit", "校验码有误"),
        ("", "invalid", "重复"),
    ]


def test_unreadable_body_is_a_bad_request():
    response, told = answer(method="post", body="{", content_type="application/json")

    assert (response.status_code, told["code"]) == (400, "parse_error")
    assert [(error["field"], error["code"], error["remedy"]) for error in told["errors"]] == [
        ("", "parse_error", "请提交格式正确的 JSON。")
    ]


def test_wrong_method_is_told_with_what_is_allowed():
    response, told = answer(method="put")

    assert (response.status_code, told["code"], response["Allow"]) == (405, "method_not_allowed", "GET, POST, HEAD, OPTIONS")


def test_throttling_keeps_its_header():
    response, told = answer(Throttled(wait=12))

    assert (told["status"], told["title"], response["Retry-After"]) == (429, "请求过于频繁", "12")


def test_what_nobody_foresaw_is_not_dressed_up():
    with pytest.raises(ZeroDivisionError):
        answer(ZeroDivisionError())


def test_titles_follow_the_reader_language():
    with translation.override("en"):
        _response, told = answer(NotFound())

    assert told["status"] == 404
