"""Every refusal of the API in one shape: problem details (RFC 9457), with the field, the rule and the remedy of each error.

{"type": "urn:fulcrum:problem:stale", "title": "…", "status": 409, "detail": "…", "code": "stale",
 "errors": [{"field": "amount", "code": "…", "message": "…", "remedy": "…"}]}
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, NoReturn

from django.core.exceptions import ValidationError as ModelValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.views.defaults import server_error as server_error_page
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler, set_rollback

from common.errors import DomainError, Invalid, NotFound, Problem, Stale

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:fulcrum:problem:"
# What an error of a whole form is filed under, by REST framework and by Django's models: not a field of ours.
NO_FIELD = ("non_field_errors", "__all__")
TITLES = {
    HTTPStatus.BAD_REQUEST: _("请求无法识别"),
    HTTPStatus.UNAUTHORIZED: _("请先登录"),
    HTTPStatus.FORBIDDEN: _("无权办理"),
    HTTPStatus.NOT_FOUND: _("没有找到"),
    HTTPStatus.METHOD_NOT_ALLOWED: _("此地址不支持该方法"),
    HTTPStatus.NOT_ACCEPTABLE: _("无法按要求的格式应答"),
    HTTPStatus.CONFLICT: _("与最新情况不一致"),
    HTTPStatus.UNPROCESSABLE_ENTITY: _("内容不符合要求"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: _("不支持的内容类型"),
    HTTPStatus.TOO_MANY_REQUESTS: _("请求过于频繁"),
    HTTPStatus.INTERNAL_SERVER_ERROR: _("系统出错"),
}
# What to do about a refusal that REST framework words by itself, by its code.
REMEDIES = {
    "required": _("请填写此项。"),
    "null": _("请填写此项，或将其省略。"),
    "blank": _("请填写此项，或将其省略。"),
    "invalid": _("请按接口文档的格式填写。"),
    "invalid_choice": _("请从接口文档列出的取值中选择。"),
    "does_not_exist": _("请核对代码或编号。"),
    "min_value": _("请填写不小于下限的数。"),
    "max_value": _("请填写不大于上限的数。"),
    "max_length": _("请压缩文字。"),
    "not_a_dict": _("请提交 JSON 对象。"),
    "not_a_list": _("请提交 JSON 数组。"),
    "parse_error": _("请提交格式正确的 JSON。"),
    "not_authenticated": _("请登录，或在 Authorization 中提供有效的令牌。"),
    "authentication_failed": _("请在 Authorization 中提供有效的令牌，或向签发者申请新的令牌。"),
    "permission_denied": _("请由有权的人员办理，或使用权限包括此项的令牌。"),
    "method_not_allowed": _("可用的方法见应答的 Allow。"),
    "not_acceptable": _("请接受 application/json。"),
    "unsupported_media_type": _("请以 application/json 提交。"),
    "throttled": _("请按 Retry-After 所示的秒数等候后重试。"),
    "not_found": _("请核对地址与编号。"),
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


class NoSuchAddress(APIView):
    """Whatever no other line of `config.api` knows."""

    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *_args: Any, **_kwargs: Any) -> NoReturn:
        remedy = REMEDIES["not_found"] if request.path.endswith("/") else _("地址须以斜杠（/）结尾。")
        raise NotFound(_("没有这个接口地址。"), code="no_such_address", remedy=remedy)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: what went wrong is in the log under the request's number, never in the answer."""
    if not request.path_info.startswith("/api/"):
        return server_error_page(request)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    problem = Problem("", "server_error", _("系统出错，未办理。"), _("请稍后重试；仍然出错的，请将时间和地址告知运维人员。"))
    told = {
        "type": f"{TYPE}server_error",
        "title": _title(status),
        "status": status,
        "detail": str(problem.message),
        "code": "server_error",
    }
    return JsonResponse(told | {"errors": [_plain(problem)]}, status=status, content_type=MEDIA_TYPE)


def _plain(problem: Problem) -> dict[str, str]:
    return {"field": problem.field, "code": problem.code, "message": str(problem.message), "remedy": str(problem.remedy)}


def _of_framework(error: Exception, status: int, data: Any) -> dict[str, Any]:
    """What REST framework refuses by itself: not signed in, no such address, wrong method, unreadable body, too many requests."""
    detail = str(data.get("detail", "") if isinstance(data, Mapping) else "") or _title(status)
    codes = error.get_codes() if isinstance(error, exceptions.APIException) else ""
    code = codes if isinstance(codes, str) and codes else HTTPStatus(status).name.lower()
    problem = Problem("", code, detail, REMEDIES.get(code, ""))
    return {"type": f"{TYPE}{code}", "title": _title(status), "status": status, "detail": detail, "code": code, "errors": [_plain(problem)]}


def _title(status: int) -> str:
    return str(TITLES.get(HTTPStatus(status), HTTPStatus(status).phrase))


def _flatten(details: Any, path: str = "") -> Iterator[Problem]:
    """`{"equipment": [{}, {"amount": […]}]}` becomes one problem at `equipment.1.amount`."""
    if isinstance(details, Mapping) and {"message", "code"} == set(details):
        code = str(details["code"])
        yield Problem(path, code, details["message"], REMEDIES.get(code, ""))
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
