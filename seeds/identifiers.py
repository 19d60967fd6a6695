"""Valid but invented identifiers. The body code begins with MY, a range the registrars have not reached."""

import random

from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_10

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
BODY_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def invented_uscc(rng: random.Random, region: str, taken: set[str]) -> str:
    """A unified social credit code with right check digits (GB 32100 and, for the body, GB 11714)."""
    while True:
        body = "MY" + "".join(rng.choices(ALPHABET, k=6))
        digit = (11 - sum(w * BODY_ALPHABET.index(c) for w, c in zip(BODY_WEIGHTS, body, strict=True)) % 11) % 11
        front = f"91{region}{body}{'X' if digit == 10 else digit}"
        code = front + uscc.calc_check_digit(front)
        if code not in taken:
            taken.add(code)
            return code


def invented_project_code(rng: random.Random, year: int, month: int, region: str) -> str:
    """The shape of GB/T 40058: 4-6-2-2-6 with hyphens, 24 characters; the standard's own check rule was not found."""
    digits = f"{year % 100:02d}{month:02d}{region}0702{rng.randrange(100_000):05d}"
    digits += mod_11_10.calc_check_digit(digits)
    return f"{digits[:4]}-{digits[4:10]}-{digits[10:12]}-{digits[12:14]}-{digits[14:]}"
