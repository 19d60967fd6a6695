"""Who makes a request: the actor is loaded once, with the moment it acts at, whoever asks first."""

from typing import Any, cast

from django.http import HttpRequest

from organisations.actors import Person, person
from organisations.clock import now
from organisations.models import User


def acting(request: Any) -> Person:
    """The signed-in person with the seats held at this moment; `at` of every step of the request is `acting(request).at`.

    Takes Django's request or REST framework's around it.
    """
    inner: HttpRequest = getattr(request, "_request", request)
    known = getattr(inner, "actor", None)
    if known is None:
        known = person(cast("User", request.user), at=now())
        inner.actor = known  # type: ignore[attr-defined]  # kept on the request, so that it is loaded once
    return cast("Person", known)
