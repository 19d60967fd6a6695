"""Verb → step function, for pages and API."""

from collections.abc import Callable, Mapping
from typing import Any

from exchange import dispatch, exports, importing

EXPORT_ACTIONS: Mapping[str, Callable[..., Any]] = {"cancel": exports.cancel}
IMPORT_ACTIONS: Mapping[str, Callable[..., Any]] = {"commit": dispatch.commit, "stop": importing.stop, "cancel": importing.cancel}
