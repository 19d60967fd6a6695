"""What the demonstration came to: every figure is asked of the database, none is remembered."""

from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from common.models import AuditEvent
from deals import invariants
from deals.models import Deal, Drawdown, Invitation
from deals.subsidies.models import AccrualLine, SubsidyClaim
from matching import verify
from matching.models import Recommendation, Round
from projects.models import Filing, Need
from seeds.demo.rounding import NUMBER, round_of

C = SubsidyClaim.State


def figures() -> dict[str, Any]:
    """The one line of `demo --once`."""
    found = round_of(NUMBER)
    states = states_of(Filing)
    breaches = list(invariants.breaches())
    return {
        "filings": sum(states.values()),
        "in_pool": states.get(Filing.State.IN_POOL, 0),
        "listed": states.get(Filing.State.LISTED, 0),
        "round": {
            "needs": found.needs,
            "options": found.options,
            "matched": found.matched,
            "amount_yuan": str(recommended(found)),
            "value": found.value,
            "bound": found.bound,
            "gap": round(found.gap, 8) if found.gap is not None else None,
            "checked": verify.verify(found).ok,
            "seconds": float(found.seconds or 0),
        },
        "deals": {
            "invited": Invitation.objects.count(),
            "declined": Invitation.objects.filter(state=Invitation.State.DECLINED).count(),
            "rematched": leads(Round.objects.exclude(parent=None)),
            "signed": Deal.objects.exclude(signed_amount=None).count(),
        },
        "drawn_yuan": str(total(Drawdown, "amount")),
        "subsidy_yuan": str(total(AccrualLine, "amount")),
        "audit_events": AuditEvent.objects.count(),
        "invariants": "ok" if not breaches else [str(breach) for breach in breaches],
    }


def states_of(model: type[Any]) -> dict[str, int]:
    return dict(model.objects.order_by().values("state").annotate(n=Count("pk")).values_list("state", "n"))


def recommended(found: Round) -> Decimal:
    """What the leads of a round come to."""
    rows = Recommendation.objects.filter(round=found, rank=0).exclude(state__in=[Recommendation.State.NO_ROOM, Recommendation.State.VOID])
    return rows.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


def leads(rounds: Any) -> int:
    return Recommendation.objects.filter(round__in=rounds, rank=0, state=Recommendation.State.PUBLISHED).count()


def total(model: type[Any], field: str) -> Decimal:
    return model.objects.aggregate(sum=Sum(field))["sum"] or Decimal(0)


def told() -> list[tuple[str, str]]:
    """The account as people read it: Chinese, and English beside it."""
    filings, deals, claims = states_of(Filing), states_of(Deal), states_of(SubsidyClaim)
    found = round_of(NUMBER)
    children = Round.objects.filter(parent=found)
    paid = SubsidyClaim.objects.aggregate(sum=Sum("paid"))["sum"] or Decimal(0)
    fate = [f"{state.label} {filings[state]}" for state in Filing.State if state in filings]
    fate_en = [f"{state.value} {filings[state]}" for state in Filing.State if state in filings]
    return [
        (f"申报 {sum(filings.values())} 件：" + "，".join(fate), f"{sum(filings.values())} filings: " + ", ".join(fate_en)),
        (
            (
                f"推荐轮次 {found.number}：{found.needs} 项需求、{found.options} 个候选，推荐 {found.matched} 项，"
                f"{wan(recommended(found))} 万元；与上界相差 {percent(found.gap)}"
            ),
            (
                f"round {found.number}: {found.needs} needs, {found.options} options, {found.matched} matched, "
                f"{recommended(found):,} yuan; {percent(found.gap)} below the proven bound"
            ),
        ),
        (
            f"补充轮次 {children.count()} 个，再推荐 {leads(children)} 项",
            f"{children.count()} child round, {leads(children)} needs recommended again",
        ),
        (
            "对接项目：" + "，".join(f"{state.label} {deals[state]}" for state in Deal.State if state in deals),
            "deals: " + ", ".join(f"{state.value} {deals[state]}" for state in Deal.State if state in deals),
        ),
        (
            (
                f"签约 {wan(total(Deal, 'signed_amount'))} 万元，放款 {wan(total(Drawdown, 'amount'))} 万元（涉及 "
                f"{Need.objects.filter(deals__drawdowns__isnull=False).distinct().count()} 项需求）"
            ),
            f"signed {total(Deal, 'signed_amount'):,} yuan, drawn {total(Drawdown, 'amount'):,} yuan",
        ),
        (
            f"贴息计提 {total(AccrualLine, 'amount'):,} 元，已付 {paid:,} 元；申领："
            + "，".join(f"{state.label} {claims[state]}" for state in C if state in claims),
            f"subsidy booked {total(AccrualLine, 'amount'):,} yuan, paid {paid:,} yuan; claims: "
            + ", ".join(f"{state.value} {claims[state]}" for state in C if state in claims),
        ),
        (f"审计记录 {AuditEvent.objects.count()} 条", f"{AuditEvent.objects.count()} audit events"),
    ]


def wan(yuan: Decimal) -> str:
    return f"{(yuan / 10_000).quantize(Decimal(1)):,}"


def percent(gap: float | None) -> str:
    return "—" if gap is None else f"{gap:.4%}"
