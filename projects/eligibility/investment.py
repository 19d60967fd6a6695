"""Whether the sums of the project agree."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.money import format_wan

BP = 10_000
UNIT_PRICE_ROUNDING = Decimal(50)  # yuan a piece: prices are commonly typed to 0.01 万元


def reaches_threshold(values: Mapping[str, Any], known: Any) -> Iterable[Problem]:
    """20 m yuan in the first batch of 2024, 5 m from the second: a dated number."""
    minimum = known.policy["min_investment"]
    if values["total_investment"] < minimum:
        yield Problem(
            "total_investment",
            "below_threshold",
            _("总投资 %(total)s 万元，低于本批次要求的 %(minimum)s 万元。")
            % {"total": format_wan(values["total_investment"]), "minimum": format_wan(minimum)},
            _("未达到要求的项目不能申报；请核对是否把“亿元”或“元”当作“万元”填写。"),
        )


def equipment_within_total(values: Mapping[str, Any], _known: Any) -> Iterable[Problem]:
    if values["equipment_investment"] > values["total_investment"]:
        yield Problem(
            "equipment_investment",
            "equipment_above_total",
            _("设备投资 %(equipment)s 万元，大于总投资 %(total)s 万元。")
            % {"equipment": format_wan(values["equipment_investment"]), "total": format_wan(values["total_investment"])},
            _("设备投资是总投资的一部分，请核对两项金额。"),
        )


def invested_within_total(values: Mapping[str, Any], _known: Any) -> Iterable[Problem]:
    if (values["invested"] or 0) > values["total_investment"]:
        yield Problem(
            "invested",
            "invested_above_total",
            _("已完成投资 %(invested)s 万元，大于总投资 %(total)s 万元。")
            % {"invested": format_wan(values["invested"]), "total": format_wan(values["total_investment"])},
            _("请核对两项金额。"),
        )


def own_capital_suffices(values: Mapping[str, Any], known: Any) -> Iterable[Problem]:
    share = known.policy["min_own_capital_share_bp"]
    needed = values["total_investment"] * share / BP
    if values["own_capital"] < needed:
        yield Problem(
            "own_capital",
            "own_capital_short",
            _("自有资金 %(own)s 万元，不足总投资的 %(share)s%%（%(needed)s 万元）。")
            % {"own": format_wan(values["own_capital"]), "share": f"{share / 100:g}", "needed": format_wan(needed)},
            _("请补足自有资金，或核对总投资。"),
        )


def rows_multiply(values: Mapping[str, Any], _known: Any) -> Iterable[Problem]:
    for place, row in enumerate(values["equipment"]):
        product = row["unit_price"] * row["quantity"]
        if row["quantity"] < 1:
            yield Problem(f"equipment.{place}.quantity", "no_quantity", _("数量须为正整数。"), _("请填写购置数量。"))
        elif abs(product - row["amount"]) > UNIT_PRICE_ROUNDING * row["quantity"]:
            yield Problem(
                f"equipment.{place}.amount",
                "row_does_not_multiply",
                _("“%(name)s”单价乘数量为 %(product)s 万元，金额填写为 %(amount)s 万元。")
                % {"name": row["name"], "product": format_wan(product), "amount": format_wan(row["amount"])},
                _("请核对单价、数量和金额。"),
            )


def rows_add_up(values: Mapping[str, Any], _known: Any) -> Iterable[Problem]:
    total = sum((row["amount"] for row in values["equipment"]), Decimal(0))
    if total != values["equipment_investment"]:
        yield Problem(
            "equipment_investment",
            "equipment_sum",
            _("设备清单合计 %(rows)s 万元，与设备投资 %(equipment)s 万元不一致。")
            % {"rows": format_wan(total), "equipment": format_wan(values["equipment_investment"])},
            _("请补齐设备清单，或更正设备投资。"),
        )


def supplier_is_another(values: Mapping[str, Any], known: Any) -> Iterable[Problem]:
    for place, row in enumerate(values["equipment"]):
        if row["supplier_uscc"] and row["supplier_uscc"] == known.firm.uscc:
            yield Problem(
                f"equipment.{place}.supplier_uscc",
                "supplier_is_borrower",
                _("“%(name)s”的供应商就是申报企业自身。") % {"name": row["name"]},
                _("请填写实际销售设备的单位。"),
            )
