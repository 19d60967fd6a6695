"""The API's parser. A module of its own: settings name it, and REST framework loads it before its own views."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class CleanJSON(JSONParser):
    """JSON whose texts the database can hold: no NUL, no half of a surrogate pair."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        data = super().parse(stream, media_type=media_type, parser_context=parser_context)
        if not _is_clean(data):
            raise ParseError(_("请求中含有无法保存的字符。"))
        return data


def _is_clean(data: Any) -> bool:
    if isinstance(data, str):
        return "\x00" not in data and not any("\ud800" <= letter <= "\udfff" for letter in data)
    if isinstance(data, Mapping):
        return all(_is_clean(key) and _is_clean(value) for key, value in data.items())
    return all(map(_is_clean, data)) if isinstance(data, list) else True
