"""Money at the edges: rows hold yuan as Decimal with two places, the optimizer counts integer fen, people type and read 万元.

Nothing here rounds what a person typed: an amount is taken exactly or refused. `round_fen` is the one rounding rule, for computed amounts.
"""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, Problem

FEN = Decimal("0.01")
YUAN_PER_WAN = 10_000
WAN_DECIMALS_MAX = 6  # 0.000001 万元 is one fen
DIGITS_MAX = 18  # of the amount in fen, as `DecimalField(max_digits=18, decimal_places=2)` holds it

_PLAIN = re.compile(r"\d+(\.\d+)?")
_GROUPED = re.compile(r"\d{1,3}([, ]\d{3})+(\.\d+)?")
_EXPONENT = re.compile(r"[+-]?[\d.]+[eE][+-]?\d+")
_UNIT_WAN = re.compile(r"万元?$")

_PROBLEMS = {
    "required": (_("请填写金额。"), _("以万元为单位填写，例如 1250.5。")),
    "not_a_number": (_("金额不是有效的数字。"), _("只填数字，以万元为单位，例如 1250.5 或 1,250.5；不要填文字、公式或货币符号。")),
    "unit_yuan": (_("金额须以万元为单位，此处写的是“元”。"), _("请换算成万元后填写，例如 12,505,000 元填 1250.5。")),
    "exponent": (_("金额不能用科学计数法填写。"), _("请写出完整的数字；在表格中请将单元格设为“数值”格式后重新录入。")),
    "negative": (_("金额不能为负数。"), _("请填写零或正数；如需冲减，请使用更正功能。")),
    "too_many_decimals": (
        _("以万元为单位的金额最多保留六位小数（精确到分），系统不会自动四舍五入。"),
        _("请核对后改为不超过六位小数的金额。"),
    ),
    "too_large": (_("金额超过十八位数字（含角分），超出可登记的范围。"), _("请检查是否把“元”当作“万元”填写，或多录了数字。")),
}


def parse_wan(value: object, *, field: str) -> Decimal:
    """Yuan from an amount typed in 万元, exactly.

    Text may carry full-width digits, thousands separators (comma or space), surrounding blanks and the unit 万 or 万元.
    Numbers come from Excel: a float is read as the decimal it prints as (`Decimal(repr(x))`), never as its binary value.
    """
    wan = _wan(value, field=field)
    if not wan.is_finite():
        raise _refusal("not_a_number", field)
    if wan.is_signed() and wan != 0:
        raise _refusal("negative", field)
    exponent = wan.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -WAN_DECIMALS_MAX:
        raise _refusal("too_many_decimals", field)
    if wan.adjusted() + 1 > DIGITS_MAX - WAN_DECIMALS_MAX:
        raise _refusal("too_large", field)
    return (abs(wan) * YUAN_PER_WAN).quantize(FEN)


def _wan(value: object, *, field: str) -> Decimal:
    if value is None:
        raise _refusal("required", field)
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(repr(value))
    if isinstance(value, str):
        return _from_text(value, field=field)
    raise _refusal("not_a_number", field)


def _from_text(text: str, *, field: str) -> Decimal:
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").strip()
    if not plain:
        raise _refusal("required", field)
    if _EXPONENT.fullmatch(plain):
        raise _refusal("exponent", field)
    plain, units = _UNIT_WAN.subn("", plain)
    if not units and plain.endswith("元"):
        raise _refusal("unit_yuan", field)
    plain = plain.rstrip()
    magnitude = plain.removeprefix("-").lstrip()
    if not (_PLAIN.fullmatch(magnitude) or _GROUPED.fullmatch(magnitude)):
        raise _refusal("not_a_number", field)
    try:
        return Decimal(plain.replace(",", "").replace(" ", ""))
    except InvalidOperation:
        raise _refusal("not_a_number", field) from None


def _refusal(code: str, field: str) -> Invalid:
    message, remedy = _PROBLEMS[code]
    return Invalid([Problem(field, code, message, remedy)])


def format_wan(yuan: Decimal) -> str:
    """万元 as people read it: grouped by thousands, all of the fen, no trailing zeros."""
    text = f"{yuan.scaleb(-4):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_yuan(yuan: Decimal) -> str:
    """Yuan as a voucher shows it: grouped by thousands, always two decimals."""
    return f"{_exact(yuan):,.2f}"


def fen(yuan: Decimal) -> int:
    """Integer fen; an amount finer than a fen is a mistake of the caller and a ValueError."""
    return int(_exact(yuan).scaleb(2))


def yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2).quantize(FEN)


def yuan_text(fen: int) -> str:
    """`str(yuan(fen))` of an amount that is not negative, for where there are thousands to write."""
    return f"{fen // 100}.{fen % 100:02d}"


def round_fen(yuan: Decimal) -> Decimal:
    """Half a fen goes up (away from zero): the one rounding rule of the service."""
    return yuan.quantize(FEN, rounding=ROUND_HALF_UP)


def _exact(yuan: Decimal) -> Decimal:
    if not yuan.is_finite() or yuan != yuan.quantize(FEN):
        raise ValueError(f"{yuan} yuan is not a whole number of fen")
    return yuan.quantize(FEN)
