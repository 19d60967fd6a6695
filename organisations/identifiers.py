"""Unified social credit codes (统一社会信用代码, GB 32100-2015) as people and spreadsheets hand them in."""

import re
import unicodedata

from django.utils.translation import gettext_lazy as _
from stdnum.cn import uscc

from common.errors import Invalid, Problem

LENGTH = 18
# python-stdnum's own `validate` wants eight leading digits and so refuses real bodies such as village collectives (N2…);
# by the standard only the six digits of the registering region are always digits.
_SHAPE = re.compile(r"[0-9A-HJ-NP-RTUWXY]{2}\d{6}[0-9A-HJ-NP-RTUWXY]{10}")
_EXPONENT = re.compile(r"[\d.]+E\+?\d+")
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # of the organisation code inside, GB 11714-1997

_PROBLEMS = {
    "required": (_("请填写统一社会信用代码。"), _("请照营业执照填写十八位代码。")),
    "uscc_digits_lost": (
        _("统一社会信用代码在表格中被当作数字保存，第十五位之后的数字已经丢失。"),
        _("请将该列设为“文本”格式，并照营业执照重新录入十八位代码。"),
    ),
    "uscc_length": (_("统一社会信用代码应为十八位。"), _("请照营业执照核对，补齐或删去多余的字符。")),
    "uscc_characters": (
        _("统一社会信用代码含有不允许的字符：只用数字和大写字母，不含 I、O、S、V、Z，且第三至八位为数字。"),
        _("请核对是否把 0 写成 O、1 写成 I、2 写成 Z、5 写成 S。"),
    ),
    "uscc_check_digit": (_("统一社会信用代码的校验位不符，至少有一位录错。"), _("请照营业执照逐位核对。")),
}


def parse_uscc(value: object, *, field: str = "uscc") -> str:
    """Return the stored form: eighteen characters, capitals, no blanks."""
    if isinstance(value, int | float):
        raise _refusal("uscc_digits_lost", field)
    code = uscc.compact(unicodedata.normalize("NFKC", str(value or "")))
    if not code:
        raise _refusal("required", field)
    if _EXPONENT.fullmatch(code) or _looks_like_a_number_that_lost_digits(code):
        raise _refusal("uscc_digits_lost", field)
    if len(code) != LENGTH:
        raise _refusal("uscc_length", field)
    if not _SHAPE.fullmatch(code):
        raise _refusal("uscc_characters", field)
    if code[-1] != uscc.calc_check_digit(code):
        raise _refusal("uscc_check_digit", field)
    return code


def make_uscc(region_code: str, serial: int) -> str:
    """A valid code for a fictional enterprise; its body begins with YY so that it is unlikely to be anybody's."""
    if not re.fullmatch(r"\d{6}", region_code) or not 0 <= serial < 1_000_000:
        raise ValueError(f"no code for region {region_code!r} and serial {serial}")
    body = f"YY{serial:06d}"
    code = f"91{region_code}{body}{_body_check_digit(body)}"
    return code + uscc.calc_check_digit(code)


def _looks_like_a_number_that_lost_digits(code: str) -> bool:
    """Spreadsheets keep fifteen digits and put zeros after them.

    A real code may be all digits and end in three zeros, so it is believed when both of its check digits hold (1 in 341 by chance).
    """
    if not (len(code) == LENGTH and code.isdecimal() and code.endswith("000")):
        return False
    return code[-1] != uscc.calc_check_digit(code) or code[16] != _body_check_digit(code[8:16])


def _body_check_digit(body: str) -> str:
    total = sum(int(character, 36) * weight for character, weight in zip(body, _BODY_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def _refusal(code: str, field: str) -> Invalid:
    message, remedy = _PROBLEMS[code]
    return Invalid([Problem(field, code, message, remedy)])
