"""One POST to somebody else's server: over TLS, to a public address, without following it anywhere, for a bounded time and answer.

The address is looked up once and that address is connected to, so that a name cannot mean a public server while it is checked and
one of ours when it is called.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from exchange.sending import Undelivered

TIMEOUT_S = 10.0
ANSWER_MAX = 500


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    duration_ms: int

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def problem_with(url: str) -> Problem | None:
    """What is wrong with the address of a receiver, without asking anybody for it."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    allowed = {"https", "http"} if settings.OUTGOING_PRIVATE else {"https"}
    if parts.scheme not in allowed or not host or parts.username or parts.password or len(url) > 300:
        return Problem(
            "url", "not_an_address", _("地址须以 https:// 开头，且不含用户名和密码。"), _("例如：https://oa.example.cn/hooks/fulcrum。")
        )
    if not settings.OUTGOING_PRIVATE and _is_private(host):
        return Problem("url", "private_address", _("不能推送到内部网络的地址。"), _("请填写公网可以访问的地址。"))
    return None


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Raises Undelivered where nobody answered; any answer is an answer."""
    if problem := problem_with(url):
        raise Undelivered(problem.message, for_good=True)
    parts = urlsplit(url)
    begun = time.monotonic()
    connection = _connection(parts, _address(parts))
    try:
        connection.request("POST", parts._replace(scheme="", netloc="").geturl() or "/", body, headers)
        answer = connection.getresponse()
        text = answer.read(ANSWER_MAX).decode("utf-8", "replace").replace("\x00", "")
        return Answer(answer.status, text[:ANSWER_MAX], round((time.monotonic() - begun) * 1000))
    except (OSError, http.client.HTTPException) as error:
        raise Undelivered(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


def _address(parts: SplitResult) -> tuple[str, int]:
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = [row[4][0] for row in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)]
    except OSError as error:
        raise Undelivered(f"{parts.hostname}: {error}") from error
    if not settings.OUTGOING_PRIVATE and any(_is_private(str(address)) for address in found):
        raise Undelivered(_("不能推送到内部网络的地址。"), for_good=True)
    return str(found[0]), port


def _connection(parts: SplitResult, address: tuple[str, int]) -> http.client.HTTPConnection:
    assert parts.hostname is not None
    if parts.scheme == "https":
        return _Pinned(parts.hostname, address, timeout=TIMEOUT_S, context=ssl.create_default_context())
    return http.client.HTTPConnection(*address, timeout=TIMEOUT_S)


class _Pinned(http.client.HTTPSConnection):
    """To an address already looked up, for a name the certificate must still be about."""

    def __init__(self, host: str, address: tuple[str, int], *, context: ssl.SSLContext, **options: Any) -> None:
        super().__init__(host, address[1], context=context, **options)
        self._address, self._context_of_name = address, context

    def connect(self) -> None:
        plain = socket.create_connection(self._address, self.timeout)
        self.sock = self._context_of_name.wrap_socket(plain, server_hostname=self.host)


def _is_private(host: str) -> bool:
    """Of a name nothing can be told before it is looked up; of an address everything."""
    if host.lower() == "localhost" or host.lower().endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host.split("%", maxsplit=1)[0]).is_global
    except ValueError:
        return False
