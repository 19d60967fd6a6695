"""Ask a view as somebody, and say in one word how it answered.

The view is called without the middleware around it, as the person handed in: twenty thousand requests must take seconds. That visitors
are sent to sign in, and that a session is a person, is for `tests/portal/test_access.py` to say through the whole stack.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.contrib.messages.storage.base import BaseStorage
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.test import RequestFactory
from django.urls import resolve
from django_htmx.middleware import HtmxDetails

from common.errors import DomainError
from tests.permissions.readers import Reader

OPEN, SIGN_IN, REFUSED, HIDDEN, NO_METHOD, BROKEN = "open", "sign in", "refused", "hidden", "no method", "broken"
STOPPED = "stopped"  # let through to the domain, whose rules or state were against it
SAID_BY_STATUS = {400: STOPPED, 401: SIGN_IN, 403: REFUSED, 404: HIDDEN, 405: NO_METHOD, 409: STOPPED, 412: STOPPED, 422: STOPPED}
SIGN_IN_PAGES = ("/sign-in/", "/admin/login/", "/account/login/")
ADMIN = "/admin/"
ACT = "/do/"
_factory = RequestFactory(SERVER_NAME="testserver")


class _Unsaid(BaseStorage):
    """Messages are said to nobody."""

    def _get(self, *_args: Any, **_kwargs: Any) -> tuple[list[Any], bool]:
        return [], True

    def _store(self, *_args: Any, **_kwargs: Any) -> list[Any]:
        return []


class Answer:
    """What came back: `said` in one word, and the text that a reader could read of it."""

    def __init__(self, said: str, response: HttpResponse | None = None, why: str = "") -> None:
        self.said, self.response = said, response
        self.why = why or (self.text[:120] if said == STOPPED else "")

    @cached_property
    def text(self) -> str:
        if self.response is None or not getattr(self.response, "is_rendered", True):
            return ""
        content = self.response.getvalue()  # a file handed out, too
        for close in self.response._resource_closers:  # `close()` would end the test's connection, too
            close()
        if content.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())
        return content.decode(errors="replace")


def ask(reader: Reader, method: str, path: str, data: Mapping[str, Any] | None = None, *, drawn: bool = True) -> Answer:
    """One request, undone again. Pages of the admin are drawn only if somebody reads the answer."""
    request = request_of(reader, method, path, data or {})
    found = resolve(path.partition("?")[0])
    request.resolver_match = found
    try:
        with transaction.atomic():
            response = found.func(request, *found.args, **found.kwargs)
            if hasattr(response, "render") and (drawn or not isinstance(response, TemplateResponse)):
                response.render()
            transaction.set_rollback(True)
    except (PermissionDenied, Http404) as error:
        return Answer(HIDDEN if isinstance(error, Http404) else REFUSED)
    except DomainError as error:  # which the middleware answers with a page
        return Answer(SAID_BY_STATUS[error.status], why=f"{error.code} {error}")
    except Exception as error:  # noqa: BLE001 -- whatever it is, the cell is named with it
        return Answer(BROKEN, why=f"{type(error).__name__}: {error}"[:300])
    if isinstance(response, TemplateResponse) and method == "POST" and (refused := _refused(response.context_data or {})):
        return Answer(STOPPED, response, why=refused)
    if ACT in path and method == "GET" and response.status_code == 302 and reader.user.is_staff:  # back to where the button was
        return Answer(REFUSED, response)
    return Answer(_said(reader, path, response), response)


def _refused(context: Mapping[str, Any]) -> str:
    """Why an act of the admin was not done: for the one row, or for a row of many."""
    errors = [str(error) for _row, error in context.get("results", ()) if error is not None]
    form = context.get("form")
    return "; ".join(errors) or (form.errors.as_json() if form is not None and form.is_bound and form.errors else "")


def request_of(reader: Reader, method: str, path: str, data: Mapping[str, Any]) -> HttpRequest:
    if path.startswith("/api/") and method != "GET":
        request = _factory.generic(method, path, json.dumps(data, default=str), content_type="application/json")
    else:
        request = getattr(_factory, method.lower())(path, data)
    request.user = reader.user
    request.session = SessionStore()
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]  # as its middleware does
    request._messages = _Unsaid(request)  # type: ignore[attr-defined]
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
    if reader.user.is_authenticated:
        request.actor = reader.person  # type: ignore[attr-defined]  # as `organisations.acting` keeps it
    return request


def _said(reader: Reader, path: str, response: HttpResponse) -> str:
    if response.status_code in (301, 302) and response["Location"].startswith(SIGN_IN_PAGES):
        return SIGN_IN
    if response.status_code == 302 and response["Location"] == ADMIN and path != ADMIN:
        return HIDDEN  # as Django's admin says that there is no such row
    if response.status_code == 403 and not reader.user.is_authenticated:
        return SIGN_IN
    if response.status_code >= 500:
        return BROKEN
    return SAID_BY_STATUS.get(response.status_code, OPEN)
