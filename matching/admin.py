"""推荐轮次: rounds with what they recommended, weights, pins and bans by two people, floors, refusals."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from common.errors import Invalid, Problem
from common.steps import Param
from lenders.models import Branch
from matching import explain, weights
from matching.actions import ROUND_ACTIONS, WEIGHTS_ACTIONS
from matching.models import Floor, NonMatch, PinBan, Recommendation, Refusal, Round, Weights
from matching.pins import approve_pin, end_pin, set_pin
from matching.rounds import plan
from matching.scoring import WEIGHTED
from matching.states import ROUND_STEPS, WEIGHTS_STEPS, by_signer
from organisations.actors import REVIEW_ROLES, Person
from organisations.desk import Desk, ReadOnly, Rows, in_percent, in_wan, state, table
from organisations.models import Programme, Unit
from organisations.step_desk import Act, ActDesk, StepDesk
from projects.models import Need


def office_of(by: Person) -> str:
    """The province whose industry office the person sits in; empty elsewhere."""
    return next(
        (
            seat.province
            for seat in by.seats
            if (seat.unit_kind, seat.line) == (Unit.Kind.PROVINCE, Unit.Line.INDUSTRY) and seat.role in REVIEW_ROLES
        ),
        "",
    )


def in_office(_nothing: None, by: Person) -> bool:
    return bool(office_of(by))


def programmes() -> list[tuple[int, str]]:
    return [(row.pk, row.name) for row in Programme.objects.order_by("code")]


PROGRAMME = Param("programme", "code", _("政策项目"), choices=programmes)


def _plan(_nothing: None, by: Person, values: dict[str, Any]) -> None:
    programme = Programme.objects.get(pk=values.pop("programme"))
    plan(programme, province=office_of(by), by=by, at=by.at, **values)


class RecommendationRows(Rows):
    model = Recommendation
    fields = ("need", "rank", "branch", "amount", "state", "value")
    per_page = 20

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recommendation]:
        return super().get_queryset(request).select_related("need__project", "branch__organisation").order_by("need_id", "rank")


class RoundDesk(StepDesk, ReadOnly):
    """The buttons of a round. `deals.admin` registers it: freezing and publishing need to know the commitments."""

    list_display = ("number", "programme", state, "planned_for", "parent", "needs", "matched", "gap_shown", "seconds", "published_at")
    list_filter = ("state", "programme", "planned_for")
    search_fields = ("number", "snapshot_sha256")
    list_select_related = ("programme", "parent")
    ordering = ("-planned_for", "-id")
    inlines = (RecommendationRows,)
    readonly_fields = ("gap_shown", "version")
    fieldsets = (
        (
            None,
            {"fields": (("number", "programme"), ("state", "version"), ("planned_for", "next_round_on"), ("parent", "reason"), "weights")},
        ),
        (_("结果"), {"fields": (("needs", "options", "matched"), ("value", "bound", "gap_shown"), "failure")}),
        (_("计算"), {"fields": (("steps", "seed", "time_limit_s"), ("attempt", "lease_until", "seconds"), "progress")}),
        (_("摘要"), {"fields": ("snapshot_sha256", "problem_sha256", "result_sha256")}),
        (_("办理"), {"fields": (("frozen_at", "solved_at", "published_at"), ("proposed_by", "published_by"))}),
    )
    steps, step_functions = ROUND_STEPS, ROUND_ACTIONS
    list_acts = {
        "plan": Act(
            _("安排推荐轮次"),
            (PROGRAMME, Param("planned_for", "date", _("计划日期")), Param("seed", "integer", _("随机种子"), required=False)),
            in_office,
            _plan,
        )
    }

    def loaded(self, rows: QuerySet[Round]) -> QuerySet[Round]:
        return rows.select_related("programme", "parent", "weights")

    @display(description=_("与上界差距"))
    def gap_shown(self, round_: Round) -> str:
        return "—" if round_.gap is None else f"{round_.gap:.3%}"


AMOUNT = in_wan("amount", _("金额（万元）"))
COST = in_percent("cost_bp", _("贴息后成本"))


@admin.register(Recommendation)
class RecommendationAdmin(ReadOnly):
    list_display = (
        "need",
        "branch",
        "rank",
        state,
        AMOUNT,
        COST,
        "value",
        "round",
    )
    list_filter = ("state", "rank", "is_named", "round")
    search_fields = ("need__firm__name", "need__project__name", "branch__organisation__name")
    list_select_related = ("need__project", "branch__organisation", "round")
    readonly_fields = ("reasons", "subsidies", AMOUNT, COST, "version")
    fieldsets = (
        (None, {"fields": (("need", "branch"), ("round", "rank"), ("state", "version"), (AMOUNT, COST), ("product", "is_named"), "value")}),
        (_("推荐理由"), {"fields": ("reasons",)}),
        (_("预计享受的贴息"), {"fields": ("subsidies",)}),
    )
    ordering = ("-id",)

    @display(description=_("贴息政策"))
    def subsidies(self, row: Recommendation) -> str:
        rows = [(one["name"], one["version_code"], f"{one['rate_bp'] / 100:.2f}%") for one in row.stack]
        return table((_("政策"), _("政策版本"), _("贴息率")), rows) if rows else str(_("无。"))

    @display(description=_("推荐理由"))
    def reasons(self, row: Recommendation) -> str:
        return format_html_join("", "<p>{}</p>", ((sentence,) for sentence in explain.why(row)))


@admin.register(NonMatch)
class NonMatchAdmin(ReadOnly):
    list_display = ("need", "code", "round")
    list_filter = ("code", "round")
    search_fields = ("need__firm__name", "need__project__name")
    list_select_related = ("need__project", "round")
    readonly_fields = ("reasons",)
    exclude = ("explanation",)
    ordering = ("-id",)

    @display(description=_("说明"))
    def reasons(self, row: NonMatch) -> str:
        return format_html_join("", "<p>{}</p>", ((sentence,) for sentence in explain.why_not(row)))


def _draft(_nothing: None, by: Person, values: dict[str, Any]) -> None:
    points = {name: values.pop(f"points_{name}") for name in WEIGHTED}
    programme = Programme.objects.get(pk=values.pop("programme"))
    weights.draft(programme, province=office_of(by), points=points, by=by, at=by.at, **values)


TERMS = {
    "coverage": _("获得推荐（每件）"),
    "policy_priority": _("政策优先（每项）"),
    "amount": _("金额（每万元）"),
    "cost": _("综合成本（每基点）"),
    "firm_ranking": _("企业意向顺序"),
    "house_bank": _("基本户银行"),
    "stability": _("与上轮一致"),
}


@admin.register(Weights)
class WeightsAdmin(StepDesk, ReadOnly):
    """Drafted by one person, approved by another; never edited afterwards."""

    list_display = ("document_no", "programme", state, "valid_from", "drafted_by", "approved_by", "is_sample")
    list_filter = ("state", "programme")
    search_fields = ("document_no",)
    list_select_related = ("programme", "drafted_by", "approved_by")
    ordering = ("-valid_from", "-id")
    steps, step_functions = WEIGHTS_STEPS, WEIGHTS_ACTIONS
    list_acts = {
        "draft": Act(
            _("草拟评分权重"),
            (
                PROGRAMME,
                Param("document_no", "text", _("文号")),
                Param("valid_from", "date", _("生效日期")),
                *(Param(f"points_{name}", "points", TERMS.get(name, name)) for name in WEIGHTED),
            ),
            in_office,
            _draft,
        )
    }


@admin.register(Floor)
class FloorAdmin(Desk):
    list_display = (
        "name",
        "programme",
        in_wan("amount", _("保底金额（万元）")),
        "penalty_num",
        "penalty_den",
        "document_no",
        "valid_from",
        "valid_to",
    )
    list_filter = ("programme",)
    search_fields = ("name", "document_no")
    autocomplete_fields = ("regions",)
    ordering = ("-valid_from", "id")


def _set_pin(_nothing: None, by: Person, values: dict[str, Any]) -> None:
    need = Need.objects.filter(pk=values["need"], province=office_of(by)).first()
    branch = Branch.objects.filter(code=values["branch"]).first()
    problems = [
        Problem(name, "unknown", sentence, remedy)
        for name, found, sentence, remedy in (
            ("need", need, _("没有这一融资需求。"), _("请填写需求列表中的编号。")),
            ("branch", branch, _("没有这一银行机构。"), _("请填写银行机构列表中的机构代码。")),
        )
        if found is None
    ]
    if need is None or branch is None:
        raise Invalid(problems)
    set_pin(need, branch, kind=values["kind"], reason=values["reason"], valid_to=values.get("valid_to"), by=by, at=by.at)


@admin.register(PinBan)
class PinBanAdmin(ActDesk, ReadOnly):
    """锁定与排除: one person sets, a second approves; only then it counts."""

    list_display = ("kind", "need", "branch", "reason", "set_by", "approved_by", "valid_from", "valid_to")
    list_filter = ("kind", ("approved_by", admin.EmptyFieldListFilter))
    search_fields = ("need__firm__name", "need__project__name", "branch__organisation__name", "reason")
    list_select_related = ("need__project", "branch__organisation", "set_by", "approved_by")
    ordering = ("-id",)
    acts = {
        "approve": Act(
            _("审定"),
            (),
            lambda pin, by: pin.approved_by_id is None and not by.speaks_for(pin.set_by_id) and by_signer(pin, by),
            lambda pin, by, _values: approve_pin(pin, by=by, at=by.at),
        ),
        "end": Act(
            _("解除"),
            (Param("because", "long_text", _("理由")),),
            lambda pin, by: pin.valid_to is None and by_signer(pin, by),
            lambda pin, by, values: end_pin(pin, because=values["because"], by=by, at=by.at),
        ),
    }
    list_acts = {
        "set": Act(
            _("设置锁定或排除"),
            (
                Param("kind", "choice", _("类型"), choices=lambda: PinBan.Kind.choices),
                Param("need", "integer", _("需求编号")),
                Param("branch", "text", _("银行机构代码")),
                Param("reason", "long_text", _("理由")),
                Param("valid_to", "date", _("截止日期"), required=False),
            ),
            in_office,
            _set_pin,
        )
    }


@admin.register(Refusal)
class RefusalAdmin(ReadOnly):
    list_display = ("need", "branch", "code", "refused_at", "lifted_at", "lifted_because")
    list_filter = ("code", ("lifted_at", admin.EmptyFieldListFilter), "refused_at")
    search_fields = ("need__firm__name", "branch__organisation__name")
    list_select_related = ("need__project", "branch__organisation")
    ordering = ("-id",)
