"""The 17 municipal-level units of Hubei as tiles in their rough places: a drawing of ours, no map data, so no map-review number."""

from collections.abc import Mapping

PLACES: Mapping[str, tuple[int, int]] = {  # region code → row, column
    "420300": (1, 1),  # 十堰
    "420600": (1, 2),  # 襄阳
    "421300": (1, 3),  # 随州
    "420900": (1, 4),  # 孝感
    "429021": (2, 1),  # 神农架
    "420800": (2, 2),  # 荆门
    "429006": (2, 3),  # 天门
    "420100": (2, 4),  # 武汉
    "421100": (2, 5),  # 黄冈
    "422800": (3, 1),  # 恩施
    "420500": (3, 2),  # 宜昌
    "429005": (3, 3),  # 潜江
    "429004": (3, 4),  # 仙桃
    "420700": (3, 5),  # 鄂州
    "421000": (4, 3),  # 荆州
    "421200": (4, 4),  # 咸宁
    "420200": (4, 5),  # 黄石
}
SHADES = (0.0, 0.1, 0.2, 0.35, 0.5)  # signed ÷ need: a shade starts above each


def shade(share: float | None) -> str:
    if share is None:
        return "none"
    return str(sum(share > limit for limit in SHADES))
