"""How the pages show money, rates, dates, states and clocks."""

import datetime as dt
import re
import secrets
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from common.money import format_wan, format_yuan
from lenders.models import Security
from organisations import clock
from portal.tones import TONES
from projects.states import FILING_STEPS

register = template.Library()

DASH = "—"
HUNDRED = Decimal("1E2")  # two decimals of 万元
HONOURS = {
    "high_tech": _("高新技术企业"),
    "tech_sme": _("科技型中小企业"),
    "innovative_sme": _("创新型中小企业"),
    "specialised_provincial": _("省级专精特新"),
    "little_giant": _("专精特新小巨人"),
    "champion": _("制造业单项冠军"),
    "single_champion": _("制造业单项冠军"),
}
# The first word of a ledger entry's business key → the page of what it names, and its name.
ENTRY_SUBJECTS = {
    "deal": ("deal", _("对接项目")),
    "claim": ("claim", _("贴息申领")),
    "recommendation": ("", _("推荐")),
    "appetite": ("", _("投放意向")),
    "budget": ("", _("贴息预算")),
    "budget_document": ("", _("预算文件")),
}
# Notes that the service writes into the ledger itself, for the catalogue: a person's own words are in no catalogue and stay as they are.
ENTRY_NOTES = (
    _("对接项目预留"),
    _("转为对接项目预留"),
    _("企业确认"),
    _("签约"),
    _("签约未提款部分"),
    _("启用候补"),
    _("银行谢绝"),
    _("不同意公开"),
    _("逾期失效"),
    _("企业已选其他银行"),
    _("批准"),
    _("拨付"),
    _("示例数据"),
)
ROUND_NUMBER = re.compile(r"\d{4}-\d{2}(-\d+)?")
SHORTENED_FROM = Decimal(1_000_000)  # 100 万元; smaller amounts are shown to the fen


@register.filter
def wan(yuan: Decimal | None) -> str | SafeString:
    """An amount in 万元, the exact yuan on hover. From 100 万元 on two decimals are shown; the title is always exact."""
    if yuan is None or yuan == "":
        return DASH
    yuan = Decimal(yuan)
    shown = yuan.quantize(HUNDRED, ROUND_HALF_UP) if abs(yuan) >= SHORTENED_FROM else yuan
    return format_html(
        '<span class="money" title="{} {}">{}&nbsp;<small>{}</small></span>', format_yuan(yuan), now("元"), format_wan(shown), now("万元")
    )


@register.filter
def wan_plain(yuan: Decimal | None) -> str:
    return "" if yuan is None else format_wan(Decimal(yuan))


@register.filter
def yuan(amount: Decimal | None) -> str | SafeString:
    """Subsidy and interest, which are small: to the fen."""
    if amount is None or amount == "":
        return DASH
    return format_html('<span class="money">{}&nbsp;<small>{}</small></span>', format_yuan(Decimal(amount)), now("元"))


@register.filter
def rate(bp: float | None) -> str:
    """Basis points as an annual rate in %."""
    return DASH if bp is None or bp == "" else f"{Decimal(bp) / 100:.2f}%"


@register.filter
def share(value: float | None) -> str:
    return DASH if value is None else f"{value * 100:.1f}%"


@register.filter
def gap(value: float | None) -> str:
    """The distance between a round's value and its proven bound."""
    return DASH if value is None else f"{value * 100:.4f}%"


@register.filter
def count(value: int | None) -> str:
    return DASH if value is None else f"{value:,}"


@register.filter
def day(value: dt.datetime | dt.date | None) -> str:
    if not value:
        return DASH
    return date_format(_local(value), "Y-m-d")


@register.filter
def moment(value: dt.datetime | None) -> str:
    return date_format(timezone.localtime(value), "Y-m-d H:i") if value else DASH


@register.filter
def short_day(value: dt.datetime | dt.date | None) -> str:
    """11月25日, as people say a deadline."""
    return _month_day(value) if value else DASH


@register.filter
def digest(value: str) -> SafeString | str:
    return format_html('<code title="{}">{}…</code>', value, value[:12]) if value else DASH


@register.filter
def item(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    return (mapping or {}).get(key, "")


@register.simple_tag
def badge(obj: Any) -> SafeString:
    """A state as a labelled badge; the mark before the label and the label itself say what the colour says."""
    tone, mark = TONES.get((obj._meta.model_name, obj.state), ("quiet", "·"))
    return format_html(
        '<span class="badge badge-{}"><span class="mark" aria-hidden="true">{}</span>{}</span>', tone, mark, obj.get_state_display()
    )


@register.simple_tag
def due(at: dt.datetime | dt.date | None) -> SafeString | str:
    """A deadline: the day, and how many days are left or over."""
    if at is None:
        return format_html('<span class="muted">{}</span>', now("无时限"))
    days = (_local(at) - timezone.localdate(clock.now())).days
    said = now("%(day)s前") % {"day": _month_day(at)}
    if days < 0:
        return format_html(
            '<span class="due due-late">{} · {}</span>', said, ngettext("已逾期 %(n)d 天", "已逾期 %(n)d 天", -days) % {"n": -days}
        )
    if days == 0:
        return format_html('<span class="due due-soon">{} · {}</span>', said, now("今天到期"))
    tone = "due-soon" if days <= 2 else "due-calm"
    return format_html('<span class="due {}">{} · {}</span>', tone, said, ngettext("还有 %(n)d 天", "还有 %(n)d 天", days) % {"n": days})


@register.simple_tag
def once_token() -> str:
    """Carried by every form: sent twice, it acts once."""
    return secrets.token_urlsafe(18)


@register.simple_tag(takes_context=True)
def query(context: Mapping[str, Any], **changes: Any) -> str:
    """The page's own query string with some values changed: for pages and filters."""
    values = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            values.pop(name, None)
        else:
            values[name] = value
    return f"?{values.urlencode()}" if values else "?"


def _month_day(value: dt.datetime | dt.date) -> str:
    """11月25日; Django's own format for the language writes a leading zero."""
    return date_format(_local(value), "j M" if get_language() == "en" else "n月j日")


def _local(value: dt.datetime | dt.date) -> dt.date:
    return timezone.localtime(value).date() if isinstance(value, dt.datetime) else value


@register.filter
def securities(need: Any) -> list[Any]:
    return [Security(value).label for value in need.securities]


@register.filter
def drawn(deal: Any) -> Decimal:
    """What has been paid out of a deal; its drawdowns are prefetched."""
    return sum((row.amount for row in deal.drawdowns.all()), Decimal(0))


@register.filter
def review_steps(filing: Any) -> list[Any]:
    return sorted(filing.steps.all(), key=lambda step: step.position)


@register.filter
def entry_about(entry: Any) -> SafeString:
    """What a ledger entry belongs to, in words, from its business key; the key itself on hover, for whoever audits."""
    kind, _colon, rest = entry.business_key.partition(":")
    number = rest.partition(":")[0]
    page, name = ENTRY_SUBJECTS.get(kind, ("", ""))
    words = f"{name} {number}" if name else now("系统记录")
    if page and number.isdigit():
        return format_html('<a href="{}" title="{}">{}</a>', reverse(page, args=[number]), entry.business_key, words)
    return format_html('<span class="muted" title="{}">{}</span>', entry.business_key, words)


@register.filter
def entry_note(entry: Any) -> str:
    """Why a ledger entry was made, in the reader's language where the service itself wrote it; a round's holds carry its number."""
    if not entry.note:
        return DASH
    if entry.kind == entry.Kind.HOLD and ROUND_NUMBER.fullmatch(entry.note):
        return now("推荐轮次 %(number)s") % {"number": entry.note}
    return now(entry.note)


@register.filter
def short_place(name: str) -> str:
    """武汉市 → 武汉, for a tile."""
    for ending in ("土家族苗族自治州", "林区", "市"):
        name = name.removesuffix(ending)
    return name


@register.simple_tag
def bar(posted: float, held: float = 0) -> SafeString:
    """A bar drawn in SVG, since the pages allow no inline style: used, then promised, of the whole."""
    used, promised = (max(0.0, min(1.0, float(part))) * 100 for part in (posted, held))
    return format_html(
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-hidden="true"><rect class="ground" width="100"'
        ' height="10"/><rect class="posted" width="{}" height="10"/><rect class="held" x="{}" width="{}" height="10"/></svg>',
        f"{used:.2f}",
        f"{used:.2f}",
        f"{min(promised, 100 - used):.2f}",
    )


@register.filter
def after(filing: Any, verb: str) -> Any:
    """Where a filing would be after a step: for a bulk preview."""
    target = FILING_STEPS[verb].target_of(filing)
    if target == filing.state == "in_review":
        rows = review_steps(filing)
        here = filing.current_step.position
        following = next((step for step in rows if step.position > here), None)
        return f"{following.unit.organisation.name} {following.get_stage_display()}" if following else ""
    return type(filing).State(target).label


@register.filter
def honour(code: str) -> Any:
    """A firm's title in words; one that is not known here is shown as it was entered."""
    return HONOURS.get(code, code)


@register.filter
def shares(account: Any) -> dict[str, float]:
    """Used and promised as parts of the limit, for the bar."""
    if not account.limit:
        return {"posted": 0.0, "held": 0.0}
    return {"posted": float(account.posted / account.limit), "held": float(account.held / account.limit)}


@register.filter
def in_language(row: Any, field: str) -> str:
    """A sentence kept in two languages, such as a decline code's: English beside Chinese, where it was given."""
    english = getattr(row, f"{field}_en", "") if get_language() == "en" else ""
    return str(english or getattr(row, field))
