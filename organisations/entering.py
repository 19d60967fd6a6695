"""What a person enters with a step, read from text: the same for pages, admin and API (`common.steps.Param`)."""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.core.files.base import File
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem
from common.money import parse_wan
from common.steps import Param
from organisations.days import parse_day

BP_PER_PERCENT = 100
RATE_BP_MAX = 10_000
INTEGER_MAX = 2_147_483_647
TEXT_MAX = 300
LONG_TEXT_MAX = 5_000
NOTE = Param("note", "long_text", _("意见"), required=False)
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,2})?")


def read(params: Sequence[Param], data: Mapping[str, Any]) -> dict[str, Any]:
    """The typed values of `params` from what was sent; an optional one left empty is left out.

    Raises Invalid with every problem at once.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for param in params:
        sent = _sent(param, data)
        if _is_empty(sent):
            if param.required:
                problems.append(_problem(param, "required", _("请填写“%(label)s”。"), _("此项为必填。")))
            continue
        try:
            values[param.name] = READERS[param.kind](param, sent)
        except Invalid as error:
            problems.extend(error.problems)
    if problems:
        raise Invalid(problems)
    return values


def described(param: Param) -> dict[str, Any]:
    """A param as the API tells it; choices are asked for once per call."""
    return {
        "name": param.name,
        "kind": param.kind,
        "label": str(param.label),
        "required": param.required,
        "help": str(param.help),
        "choices": [{"value": str(value), "label": str(label)} for value, label in param.choices()] if param.choices else [],
    }


def _sent(param: Param, data: Mapping[str, Any]) -> Any:
    if param.kind in ("fields", "files") and hasattr(data, "getlist"):
        return data.getlist(param.name)
    return data.get(param.name)


def _is_empty(sent: Any) -> bool:
    return sent is None or (isinstance(sent, str) and not sent.strip()) or (isinstance(sent, list | tuple) and not sent)


def _text(param: Param, sent: Any) -> str:
    if not isinstance(sent, str):
        raise _refusal(param, "not_text", _("“%(label)s”须为文字。"), _("请填写文字。"))
    limit = LONG_TEXT_MAX if param.kind == "long_text" else TEXT_MAX
    text = sent.strip()
    if "\x00" in text:
        raise _refusal(param, "not_text", _("“%(label)s”含有无法保存的字符。"), _("请删去不可见字符后重新填写。"))
    if len(text) > limit:
        raise _refusal(param, "too_long", _("“%(label)s”过长。"), _("请压缩文字后重新填写。"))
    return text


def _secret(param: Param, sent: Any) -> str:
    """As typed: a blank may be part of a password."""
    _text(param, sent)
    return str(sent)


def _wan(param: Param, sent: Any) -> Decimal:
    return parse_wan(sent, field=param.name)


def _percent(param: Param, sent: Any) -> int:
    text = _plain(sent).removesuffix("%").strip()
    if not _PERCENT.fullmatch(text):
        raise _refusal(param, "not_a_rate", _("“%(label)s”不是有效的年利率。"), _("以百分数填写，最多两位小数，例如 3.45。"))
    rate_bp = int(Decimal(text) * BP_PER_PERCENT)
    if rate_bp > RATE_BP_MAX:
        raise _refusal(param, "too_large", _("“%(label)s”超过 100%%。"), _("请核对是否误将基点当作百分数。"))
    return rate_bp


def _integer(param: Param, sent: Any) -> int:
    text = _plain(sent)
    if isinstance(sent, bool) or not re.fullmatch(r"\d{1,10}", text) or int(text) > INTEGER_MAX:
        raise _refusal(param, "not_an_integer", _("“%(label)s”须为整数。"), _("只填数字，例如 36。"))
    return int(text)


def _points(param: Param, sent: Any) -> int:
    text = _plain(sent).replace(",", "")
    if isinstance(sent, bool) or not re.fullmatch(r"\d{1,18}", text):
        raise _refusal(param, "not_points", _("“%(label)s”须为不小于零的整数。"), _("只填数字；不用该项时填 0。"))
    return int(text)


def _date(param: Param, sent: Any) -> dt.date:
    try:
        return parse_day(sent)
    except ValueError:
        raise _refusal(param, "not_a_date", _("“%(label)s”不是有效的日期。"), _("按 2026-11-20 的格式填写。")) from None


def _boolean(_param: Param, sent: Any) -> bool:
    return sent is True or str(sent).strip().lower() in {"true", "yes", "on", "1"}


def _choice(param: Param, sent: Any) -> Any:
    """By its value, as a form posts it; by its label, or by both ("420111 洪山区"), as a table shows it."""
    offered = list(param.choices()) if param.choices else []
    text = str(sent).strip()
    for written in (text, text.partition(" ")[0]):
        for value, label in offered:
            if written == str(value) or text == str(label):
                return value
    raise _refusal(param, "unknown_choice", _("“%(label)s”不在可选范围内。"), _("请从列出的选项中选择。"))


def _fields(param: Param, sent: Any) -> list[str]:
    names = list(sent) if isinstance(sent, list | tuple) else [sent]
    known = {str(value) for value, _label in param.choices()}
    if not all(isinstance(name, str) and name in known for name in names):
        raise _refusal(param, "unknown_choice", _("“%(label)s”中有无法识别的字段。"), _("请从列出的字段中选择。"))
    return names


def _files(param: Param, sent: Any) -> list[File]:
    """Uploads come with a form of a page; what they may be is asked where they are kept."""
    uploads = list(sent) if isinstance(sent, list | tuple) else [sent]
    if not all(isinstance(upload, File) for upload in uploads):
        raise _refusal(param, "not_files", _("“%(label)s”须为上传的文件。"), _("请在页面上选择文件上传。"))
    return uploads


def _plain(sent: Any) -> str:
    return unicodedata.normalize("NFKC", str(sent)).strip()


def _problem(param: Param, code: str, message: Any, remedy: Any) -> Problem:
    return Problem(param.name, code, message % {"label": param.label}, remedy)


def _refusal(param: Param, code: str, message: Any, remedy: Any) -> Invalid:
    return Invalid([_problem(param, code, message, remedy)])


def note_in(data: Mapping[str, Any]) -> str:
    """What was written beside a step: an opinion, a reason."""
    return str(read([NOTE], data).get("note", ""))


READERS: dict[str, Callable[[Param, Any], Any]] = {
    "text": _text,
    "long_text": _text,
    "secret": _secret,
    "wan": _wan,
    "percent": _percent,
    "integer": _integer,
    "points": _points,
    "date": _date,
    "boolean": _boolean,
    "choice": _choice,
    "code": _choice,
    "fields": _fields,
    "files": _files,
}
