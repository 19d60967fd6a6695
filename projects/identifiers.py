"""Project codes (GB/T 40058-2021): YYMM-region-department-type-serial, 20 digits and 4 hyphens, the last digit a check digit.

The region inside a code is where the project was registered; it decides nothing here: no unit, region or join comes from it.
Decision record 0005 says where the check digit's algorithm comes from and how it is switched off.
"""

import re
import unicodedata
from datetime import date

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from stdnum.iso7064 import mod_11_10

from common.errors import Invalid, Problem

DIGITS = 20
STANDARD_SINCE = 2021
GROUPS = (4, 6, 2, 2, 6)
TECHNICAL_RENEWAL = "02"
INDUSTRY_AND_INFORMATION = "07"

_HYPHENS = re.compile(r"[\s\-‐‑‒–—―−]+")
_EXPONENT = re.compile(r"[\d.]+E\+?\d+", re.IGNORECASE)
_NEW = re.compile(r"\d{2}(0[1-9]|1[0-2])\d{16}")
_BEFORE_2021 = re.compile(r"20(1[3-9]|2[01])\d{16}")  # the year in full: no month is above 12, so the two never meet

_PROBLEMS = {
    "required": (_("请填写项目代码。"), _("项目代码由全国投资项目在线审批监管平台赋予，请照备案证或批复填写。")),
    "project_code_digits_lost": (
        _("项目代码在表格中被当作数字保存，第十五位之后的数字已经丢失。"),
        _("请将该列设为“文本”格式，并照备案证重新录入完整的项目代码。"),
    ),
    "project_code_shape": (
        _("项目代码应为二十位数字，以四个连字符分为五段（共二十四个字符）。"),
        _("请照备案证填写，形如 2503-420104-07-02-123456。"),
    ),
    "project_code_time": (
        _("项目代码前四位应为赋码的年份和月份，此处不是有效的年月。"),
        _("请照备案证核对前四位，例如 2025 年 3 月为 2503。"),
    ),
    "project_code_check_digit": (
        _("项目代码的校验位不符，至少有一位录错。"),
        _("请照备案证逐位核对；确认无误仍不通过的，请联系受理单位。"),
    ),
}


def parse_project_code(value: object, *, field: str = "project_code") -> str:
    """Return the stored form with its four hyphens. Codes given out before the standard (year in full) carry no check digit."""
    if isinstance(value, int | float):
        raise _refusal("project_code_digits_lost", field)
    text = unicodedata.normalize("NFKC", str(value or "")).strip()
    digits = _HYPHENS.sub("", text)
    if not digits:
        raise _refusal("required", field)
    if _EXPONENT.fullmatch(digits):
        raise _refusal("project_code_digits_lost", field)
    if not re.fullmatch(rf"[0-9]{{{DIGITS}}}", digits) or not _groups_hold(text):
        raise _refusal("project_code_shape", field)
    _check(digits, field=field)
    return _with_hyphens(digits)


def make_project_code(
    *, given_on: date, region_code: str, serial: int, department: str = INDUSTRY_AND_INFORMATION, kind: str = TECHNICAL_RENEWAL
) -> str:
    """A valid code for a fictional project."""
    if given_on.year < STANDARD_SINCE or not 0 <= serial <= 99_999:
        raise ValueError(f"no code for {given_on} and serial {serial}")
    body = f"{given_on:%y%m}{region_code}{department}{kind}{serial:05d}"
    return parse_project_code(body + mod_11_10.calc_check_digit(body))


def _check(digits: str, *, field: str) -> None:
    if _BEFORE_2021.fullmatch(digits):
        return
    wrong_check_digit = not mod_11_10.is_valid(digits) and getattr(settings, "PROJECT_CODE_CHECK_DIGIT", True)
    if wrong_check_digit and digits.endswith("00000"):  # fifteen digits kept, five zeros put after them
        raise _refusal("project_code_digits_lost", field)
    if not _NEW.fullmatch(digits):
        raise _refusal("project_code_time", field)
    if wrong_check_digit:
        raise _refusal("project_code_check_digit", field)


def _groups_hold(text: str) -> bool:
    """Hyphens, where typed, stand where they belong."""
    groups = tuple(len(group) for group in _HYPHENS.split(text))
    return len(groups) == 1 or groups == GROUPS


def _with_hyphens(digits: str) -> str:
    ends = [sum(GROUPS[: index + 1]) for index in range(len(GROUPS))]
    return "-".join(digits[end - size : end] for end, size in zip(ends, GROUPS, strict=True))


def _refusal(code: str, field: str) -> Invalid:
    message, remedy = _PROBLEMS[code]
    return Invalid([Problem(field, code, message, remedy)])
