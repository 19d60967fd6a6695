"""What stands in tables about a case: consultations, checks, visits, remarks, the ministry's answer, rounds, banks, loans, subsidies, ledger."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from deals.models import Deal, Drawdown, FourPartyMeeting, Invitation, Recovery, SecondDocking, SubsidyClaim
from exchange.case_file.part import Part, table
from exchange.case_file.words import is_insider
from exchange.columns import follow
from ledger.models import Entry
from lenders.models import Appetite
from matching.explain import why, why_not
from matching.models import NonMatch, Recommendation
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Role
from projects.models import AnswerRow, CheckRecord, Consultation, Filing, Remark, SiteVisit
from schemes.models import Budget

Value = str | Callable[[Any], Any]


@dataclass(frozen=True)
class Kind:
    """A table of the archive: the rows a reader may see of a case, and what is told of each (label, the way to it)."""

    path: str
    title: str
    rows: Callable[[Person, Filing], Iterable[Any]]
    columns: Sequence[tuple[str, Value]]


def _told(name: str) -> Value:
    return lambda row: getattr(row, f"get_{name}_display")()


def _of_case(model: Any, *related: str, filing: str = "filing") -> Callable[[Person, Filing], QuerySet[Any]]:
    return lambda by, case: model.objects.visible_to(by).filter(**{filing: case}).select_related(*related).order_by("pk")


def _said_by_rounds(model: Any, *related: str) -> Callable[[Person, Filing], Iterable[Any]]:
    """To the firm and its offices: a reason names other banks, which no bank is told of."""
    told = _of_case(model, "round", "need", *related, filing="need__filing")
    return lambda by, case: told(by, case) if is_insider(case, by) else ()


def _meetings(by: Person, case: Filing) -> QuerySet[FourPartyMeeting]:
    dockings = SecondDocking.objects.visible_to(by).filter(filing=case).order_by().values("pk")
    return FourPartyMeeting.objects.filter(docking__in=dockings).select_related("docking__need").order_by("docking", "number")


def _drawdowns(by: Person, case: Filing) -> QuerySet[Drawdown]:
    deals = Deal.objects.visible_to(by).filter(filing=case).order_by().values("pk")
    return Drawdown.objects.filter(deal__in=deals).select_related("deal__branch__organisation").order_by("deal", "number")


def _ledger(by: Person, case: Filing) -> QuerySet[Entry]:
    """What this case moved in the accounts of its banks and schemes that the reader may read: holds, posts, releases, reversals."""
    said = Recommendation.objects.filter(need__filing=case).values_list("pk", "branch")
    lent = Deal.objects.filter(filing=case).values_list("pk", "branch")
    claimed = SubsidyClaim.objects.filter(deal__filing=case).values_list("pk", "scheme")
    keys = Q(pk__in=[])
    for kind, rows in (("recommendation", said), ("deal", lent), ("claim", claimed)):
        for pk, _of in rows:
            keys |= Q(business_key__startswith=f"{kind}:{pk}:")
    branches = {branch for rows in (said, lent) for _pk, branch in rows}
    banks = Q(branch__in=branches) | Q(branch=None, bank__branches__in=branches)
    appetites = Appetite.objects.visible_to(by).filter(banks).order_by().values("account")
    provinces = by.provinces(*REVIEW_ROLES, Role.READER, Role.AUDITOR)
    budgets = Budget.objects.filter(province__in=provinces, scheme__in={scheme for _pk, scheme in claimed}).order_by().values("account")
    mine = Q(account__in=appetites) | Q(account__in=budgets)
    return Entry.objects.filter(mine, keys).select_related("account").order_by("at", "pk")


def _reasons(explained: Callable[[Any], Sequence[str]]) -> Value:
    return lambda row: "".join(explained(row))


ROUND = (
    ("轮次", "round.number"),
    ("快照摘要（SHA-256）", "round.snapshot_sha256"),
    ("结果摘要（SHA-256）", "round.result_sha256"),
    ("发布时间", "round.published_at"),
    ("需求年度", "need.year"),
)
WHO = (("单位", "unit.organisation.name"), ("登记人", "by_user"), ("登记时间", "at"))
KINDS = (
    Kind(
        "05-会商与核查/会商.csv",
        "会商",
        _of_case(Consultation, "from_unit__organisation", "to_unit__organisation", "answered_by"),
        (
            ("征求单位", "from_unit.organisation.name"),
            ("被征求单位", "to_unit.organisation.name"),
            ("征求事项", "question"),
            ("发出时间", "asked_at"),
            ("状态", _told("state")),
            ("意见", _told("opinion")),
            ("意见内容", "answer"),
            ("答复时间", "answered_at"),
        ),
    ),
    Kind(
        "05-会商与核查/核查记录.csv",
        "核查记录",
        _of_case(CheckRecord, "kind", "unit__organisation", "by_user"),
        (("核查事项", "kind.name"), ("结果", _told("result")), ("核查日期", "checked_on"), ("说明", "remark"), *WHO),
    ),
    Kind(
        "05-会商与核查/现场核查.csv",
        "现场核查",
        _of_case(SiteVisit, "unit__organisation", "by_user"),
        (("核查日期", "visited_on"), ("参加人员", "people"), ("现场情况", "findings"), *WHO),
    ),
    Kind(
        "05-会商与核查/留言与备注.csv",
        "留言与备注",
        _of_case(Remark, "unit__organisation", "by_user"),
        (("类型", _told("kind")), ("内容", "text"), *WHO),
    ),
    Kind(
        "08-国家反馈.csv",
        "国家反馈",
        _of_case(AnswerRow, "answer"),
        (
            ("来文", "answer.number"),
            ("行号", "line"),
            ("企业名称", "firm_name"),
            ("项目名称", "project_name"),
            ("项目代码", "project_code"),
            ("结论", _told("verdict")),
            ("未列入原因", "reason"),
            ("状态", _told("state")),
        ),
    ),
    Kind(
        "09-银行对接/推荐.csv",
        "推荐轮次的推荐与理由",
        _said_by_rounds(Recommendation, "branch__organisation"),
        (
            *ROUND,
            ("顺位", "rank"),
            ("银行", "branch.organisation.name"),
            ("金额（元）", "amount"),
            ("得分", "value"),
            ("状态", _told("state")),
            ("理由", _reasons(why)),
        ),
    ),
    Kind(
        "09-银行对接/未获推荐.csv",
        "推荐轮次未获推荐的说明",
        _said_by_rounds(NonMatch),
        (*ROUND, ("主要原因", "code"), ("说明", _reasons(why_not))),
    ),
    Kind(
        "09-银行对接/邀请.csv",
        "对接邀请",
        _of_case(Invitation, "branch__organisation", "decline_code"),
        (
            ("银行", "branch.organisation.name"),
            ("来源", _told("origin")),
            ("状态", _told("state")),
            ("发出时间", "sent_at"),
            ("谢绝原因", "decline_code.sentence"),
        ),
    ),
    Kind(
        "09-银行对接/二次对接.csv",
        "二次对接",
        _of_case(SecondDocking, "unit__organisation", "need"),
        (
            ("年度", "need.year"),
            ("办理单位", "unit.organisation.name"),
            ("状态", _told("state")),
            ("列入时间", "begun_at"),
            ("本环节自", "since"),
            ("已再对接轮数", "rounds_used"),
            ("暂停对接原因", "need.parked_reason"),
        ),
    ),
    Kind(
        "09-银行对接/四方会商.csv",
        "四方会商",
        _meetings,
        (
            ("年度", "docking.need.year"),
            ("次数", "number"),
            ("牵头人", "owner"),
            ("会商日期", "meeting_on"),
            ("参会各方", "parties"),
            ("召开日期", "held_on"),
            ("结果", _told("outcome")),
            ("会商意见", "summary"),
        ),
    ),
    Kind(
        "09-银行对接/对接项目.csv",
        "对接项目",
        _of_case(Deal, "branch__organisation"),
        (
            ("银行", "branch.organisation.name"),
            ("状态", _told("state")),
            ("意向金额（元）", "amount"),
            ("授信金额（元）", "approved_amount"),
            ("合同编号", "contract_no"),
            ("签约日期", "contract_on"),
            ("签约金额（元）", "signed_amount"),
            ("利率（基点）", "rate_bp"),
        ),
    ),
    Kind(
        "09-银行对接/提款.csv",
        "提款",
        _drawdowns,
        (
            ("银行", "deal.branch.organisation.name"),
            ("笔次", "number"),
            ("借据号", "slip_no"),
            ("放款日期", "drawn_on"),
            ("放款金额（元）", "amount"),
            ("收款供应商", "payee"),
            ("划付供应商日期", "paid_to_supplier_on"),
        ),
    ),
    Kind(
        "10-贴息/贴息申领.csv",
        "贴息申领",
        _of_case(SubsidyClaim, "scheme", filing="deal__filing"),
        (
            ("政策", "scheme.name"),
            ("计息期起", "period_start"),
            ("计息期止", "period_end"),
            ("状态", _told("state")),
            ("测算（元）", "requested"),
            ("核定（元）", "eligible"),
            ("已付（元）", "paid"),
        ),
    ),
    Kind(
        "10-贴息/贴息追回.csv",
        "贴息追回",
        _of_case(Recovery, "scheme", "office__organisation", filing="deal__filing"),
        (
            ("政策", "scheme.name"),
            ("办理单位", "office.organisation.name"),
            ("状态", _told("state")),
            ("事由", "reason"),
            ("暂停计提自", "suspended_from"),
            ("银行说明", "explanation"),
            ("企业陈述", "statement"),
            ("认定意见", "finding"),
            ("决定文号", "document_no"),
            ("追回范围", _told("scope")),
            ("应追回（元）", "amount"),
            ("已收回（元）", "recovered"),
        ),
    ),
    Kind(
        "11-额度与预算台账.csv",
        "额度与预算台账中本件的记录",
        _ledger,
        (
            ("账户", "account.name"),
            ("序号", "seq"),
            ("类型", _told("kind")),
            ("金额（元）", "amount"),
            ("业务键", "business_key"),
            ("预留到期", "expires_at"),
            ("时间", "at"),
            ("经办人", "by_label"),
            ("说明", "note"),
        ),
    ),
)


def parts(filing: Filing, by: Person) -> Iterator[Part]:
    """A table for each kind of which the reader may see any row."""
    for kind in KINDS:
        rows = list(kind.rows(by, filing))
        if rows:
            ways = [value if callable(value) else follow(value) for _label, value in kind.columns]
            told = [[_plain(way(row)) for way in ways] for row in rows]
            yield table(kind.path, f"{kind.title}（{len(rows)} 条）", [label for label, _value in kind.columns], told)


def _plain(value: Any) -> Any:
    """Moments in Shanghai, to the second."""
    return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S") if hasattr(value, "tzinfo") else value
