"""What a request says beside its own fields: the version that was looked at, a note, the key by which it is done once."""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import Invalid, Problem
from organisations.acting import acting
from organisations.entering import note_in
from organisations.idempotency import answer_once

KEY = re.compile(r"[!-~]{1,80}")
VERSION_MAX, VERSION_DIGITS = 2_147_483_647, 10


def body_of(request: Request) -> Mapping[str, Any]:
    if not isinstance(request.data, Mapping):
        raise Invalid([Problem("", "not_an_object", _("请求内容须为 JSON 对象。"), _("请按接口文档的字段提交。"))])
    return request.data


def seen_of(request: Request) -> int:
    """The version the person looked at: `seen` in the body, If-Match, or both alike."""
    told = [_version(sent) for sent in (body_of(request).get("seen"), _if_match(request)) if sent is not None]
    if not told:
        raise _refusal("version_required", _("须注明所依据的版本。"))
    if len(set(told)) > 1:
        raise _refusal("versions_differ", _("seen 与 If-Match 所注明的版本不一致。"))
    return told[0]


def note_of(request: Request) -> str:
    return note_in(body_of(request))


def once(request: Request, act: Callable[[], Response]) -> Response:
    """Do it once for each Idempotency-Key; the stored answer is given to every repetition."""
    actor = acting(request)

    def answer() -> tuple[int, Any]:
        response = act()
        return response.status_code, response.data

    code, data = answer_once(
        by=actor,
        at=actor.at,
        route=f"{request.method} {request.path}",
        key=_key(request),
        body=request.data,
        act=answer,
    )
    return Response(data, status=code)


def _key(request: Request) -> str:
    """The Idempotency-Key, or nothing; one that other systems on the way might alter is refused."""
    sent = request.headers.get("Idempotency-Key")
    if sent is not None and not KEY.fullmatch(sent):
        raise Invalid([Problem("Idempotency-Key", "not_a_key", _("幂等键无效。"), _("请使用不超过八十个字符的唯一标识，例如 UUID。"))])
    return sent or ""


def with_etag(response: Response) -> None:
    """The object's version as its ETag; of what has no version, a weak one of its content."""
    data = response.data
    content = hashlib.sha256(JSONRenderer().render(data)).hexdigest()[:32]
    response["ETag"] = f'"{data["version"]}"' if "version" in data else f'W/"{content}"'
    response["Cache-Control"] = "private, no-cache"


def _if_match(request: Request) -> str | None:
    sent = request.headers.get("If-Match")
    return None if sent is None else sent.strip().removeprefix("W/").strip('"')


def _version(sent: Any) -> int:
    text = "" if isinstance(sent, bool) else str(sent).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= VERSION_DIGITS) or int(text) > VERSION_MAX:
        raise _refusal("not_a_version", _("所注明的版本无法识别。"))
    return int(text)


def _refusal(code: str, message: Any) -> Invalid:
    return Invalid([Problem("seen", code, message, _("请在 seen 或 If-Match 中填写读取时得到的 version。"))])
