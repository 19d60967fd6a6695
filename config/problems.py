"""Every refusal of the API in one shape: problem details (RFC 9457), with the field, the rule and the remedy of each error.

{"type": "urn:fulcrum:problem:stale", "title": "…", "status": 409, "detail": "…", "code": "stale",
 "errors": [{"field": "amount", "code": "…", "message": "…", "remedy": "…"}]}
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from common.errors import DomainError, Invalid, Problem, Stale

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:fulcrum:problem:"
# What an error of a whole form is filed under, by REST framework and by Django's models: not a field of ours.
NO_FIELD = ("non_field_errors", "__all__")
TITLES = {
    HTTPStatus.BAD_REQUEST: _("请求无法识别"),
    HTTPStatus.UNAUTHORIZED: _("请先登录"),
    HTTPStatus.FORBIDDEN: _("无权办理"),
    HTTPStatus.NOT_FOUND: _("没有找到"),
    HTTPStatus.CONFLICT: _("与最新情况不一致"),
    HTTPStatus.UNPROCESSABLE_ENTITY: _("内容不符合要求"),
    HTTPStatus.TOO_MANY_REQUESTS: _("请求过于频繁"),
}


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's EXCEPTION_HANDLER. None for what nobody foresaw: that is a fault of ours and goes to the log as one."""
    if isinstance(error, DomainError):
        set_rollback()
        return respond(error)
    if isinstance(error, exceptions.ValidationError):
        set_rollback()
        return respond(Invalid(_flatten(error.get_full_details())))
    if isinstance(error, ModelValidationError):
        set_rollback()
        return respond(Invalid(_of_model(error)))
    answer = exception_handler(error, context)
    if answer is None:
        return None
    answer.data = _of_framework(error, answer.status_code, answer.data)
    answer.content_type = MEDIA_TYPE
    return answer


def respond(error: DomainError) -> Response:
    """The answer to a domain error; for a view that catches one to add to it."""
    return Response(document(error), status=error.status, content_type=MEDIA_TYPE)


def document(error: DomainError) -> dict[str, Any]:
    """The problem document itself, with everything spelled out in the reader's language."""
    told = {
        "type": f"{TYPE}{error.code}",
        "title": _title(error.status),
        "status": error.status,
        "detail": str(error.message),
        "code": error.code,
        "errors": [_plain(problem) for problem in error.problems],
    }
    if isinstance(error, Stale):
        told |= {"changed": list(error.changed), "version": error.version}
    return told


def _plain(problem: Problem) -> dict[str, str]:
    return {"field": problem.field, "code": problem.code, "message": str(problem.message), "remedy": str(problem.remedy)}


def _of_framework(error: Exception, status: int, data: Any) -> dict[str, Any]:
    """What REST framework refuses by itself: not signed in, no such address, wrong method, unreadable body, too many requests."""
    detail = str(data.get("detail", "") if isinstance(data, Mapping) else "") or _title(status)
    codes = error.get_codes() if isinstance(error, exceptions.APIException) else ""
    code = codes if isinstance(codes, str) and codes else HTTPStatus(status).name.lower()
    return {"type": f"{TYPE}{code}", "title": _title(status), "status": status, "detail": detail, "code": code, "errors": []}


def _title(status: int) -> str:
    return str(TITLES.get(HTTPStatus(status), HTTPStatus(status).phrase))


def _flatten(details: Any, path: str = "") -> Iterator[Problem]:
    """`{"equipment": [{}, {"amount": […]}]}` becomes one problem at `equipment.1.amount`."""
    if isinstance(details, Mapping) and {"message", "code"} == set(details):
        yield Problem(path, str(details["code"]), details["message"])
    elif isinstance(details, Mapping):
        for name, inner in details.items():
            yield from _flatten(inner, path if name in NO_FIELD else _join(path, name))
    else:
        for place, inner in enumerate(details):
            leaf = isinstance(inner, Mapping) and {"message", "code"} == set(inner)
            yield from _flatten(inner, path if leaf else _join(path, place))


def _join(path: str, step: object) -> str:
    return f"{path}.{step}" if path else str(step)


def _of_model(error: ModelValidationError) -> Iterator[Problem]:
    by_field = error.error_dict if hasattr(error, "error_dict") else {"": error.error_list}
    for name, errors in by_field.items():
        for one in errors:
            yield Problem("" if name in NO_FIELD else name, one.code or "invalid", " ".join(one.messages))
