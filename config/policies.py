"""The looser content policies of the two places whose pages are not ours: the admin's theme and the API's description.

Both evaluate expressions and style inline; nothing else does, and nothing is loaded from elsewhere even there.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

OWN_PAGES = ("/admin/", "/api/docs/")
LOOSER = {"script-src": ["'self'", "'unsafe-inline'", "'unsafe-eval'"], "style-src": ["'self'", "'unsafe-inline'"]}


def looser_for_admin(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware inside django-csp's: it writes the header from what is set on the response."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith(OWN_PAGES):
            response._csp_config = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] | LOOSER  # type: ignore[attr-defined]  # noqa: SLF001 -- what django-csp's own decorators set
        return response

    return answer
