"""What each rule says to people, from the evidence kept on its flag."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.money import format_yuan
from deals.crosschecks import rules

LABELS: Mapping[str, Any] = {
    rules.SAME_INVOICE: _("发票重复使用"),
    rules.SAME_SERIAL: _("设备编号重复"),
    rules.RELATED_SUPPLIER: _("供应商与借款人关联"),
    rules.ROUND_TRIP: _("资金快进快出"),
    rules.ASSESSMENT_DAY: _("月末冲量"),
    rules.STRUCK_OFF: _("企业已注销或吊销"),
    rules.ENDED_INVOICE: _("发票已红冲或作废"),
    rules.INVOICE_SHORT: _("放款超过发票金额"),
}
SENTENCES: Mapping[str, Any] = {
    rules.SAME_INVOICE: _("发票 %(written)s 已在 %(other)s 使用（写作 %(as_written)s，%(supplier)s，%(on)s，%(amount)s 元）。"),
    rules.SAME_SERIAL: _("设备编号 %(serial)s 已在 %(other)s 使用（%(supplier)s，%(on)s，%(amount)s 元）。"),
    rules.ROUND_TRIP: _("%(drawn_on)s 放款 %(amount)s 元，至 %(back_on)s 已回流 %(back)s 元。"),
    rules.ASSESSMENT_DAY: _("%(drawn_on)s 放款 %(amount)s 元，过月末 %(month_end)s 后至 %(back_on)s 共回流 %(back)s 元。"),
    rules.INVOICE_SHORT: _("发票 %(written)s 价税合计 %(amount)s 元，已据以放款 %(paid)s 元。"),
}
ENDED: Mapping[str, Any] = {
    "reversed": _("发票 %(written)s 已于 %(on)s 红冲。"),
    "void": _("发票 %(written)s 已于 %(on)s 作废。"),
}
TIES: Mapping[str, Any] = {
    "self": _("收款供应商 %(supplier)s 即借款人本身。"),
    "owned": _("供应商 %(supplier)s 由借款人持股 %(share)s。"),
    "owner": _("供应商 %(supplier)s 持有借款人 %(share)s 股份。"),
    "person": _("供应商 %(supplier)s 与借款人的法定代表人同为%(share)s。"),
}
GONE: Mapping[str, Any] = {
    "revoked": _("%(name)s 的登记状态为吊销（截至 %(on)s）。"),
    "struck_off": _("%(name)s 的登记状态为注销（截至 %(on)s）。"),
}

AMOUNTS = frozenset({"amount", "back", "paid"})


def told(rule: str, evidence: Mapping[str, str]) -> str:
    """The evidence in a sentence."""
    sentence = SENTENCES.get(rule) or ENDED.get(evidence.get("status", "")) or TIES.get(evidence.get("tie", "")) or GONE[evidence["state"]]
    return str(sentence) % {name: format_yuan(Decimal(value)) if name in AMOUNTS else value for name, value in evidence.items()}
