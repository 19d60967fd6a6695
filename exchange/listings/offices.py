"""What an office keeps beside its cases: consultations, the ministry's papers, who comes aboard, who stands in, what was told to whom."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from deals.ministry_answers_api import Answers
from exchange.channels import said
from exchange.columns import ID, STATE, VERSION, Shown, shown
from exchange.listings.listing import Listing
from exchange.outgoing_resources import Deliveries, Notices
from organisations.covers_api import Covers
from organisations.models import Registration
from organisations.resources import Resource
from projects.case.api import Consultations

FIRM = shown("firm", _("企业"), "filing.firm.name")
FILING = shown("filing", _("申报"), "filing.title")


class Registrations(Resource):
    """Decided on pages; on no address of the API."""

    kind, model = "registrations", Registration
    filterset_fields = ("state",)

    @classmethod
    def loaded(cls, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.select_related("region", "unit__organisation")


def consultation_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        STATE,
        FIRM,
        FILING,
        shown("from_unit", _("征求单位"), "from_unit.organisation.name"),
        shown("to_unit", _("被征求单位"), "to_unit.organisation.name"),
        shown("question", _("征求事项")),
        shown("asked_at", _("发出时间"), kind="moment"),
        shown("due_at", _("答复期限"), kind="moment"),
        shown("opinion", _("意见"), "get_opinion_display"),
        shown("answer", _("意见内容")),
        shown("answered_at", _("答复时间"), kind="moment"),
    )


def answer_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        STATE,
        shown("number", _("来文文号")),
        shown("track", _("渠道"), "get_track_display"),
        shown("list_number", _("清单批次")),
        shown("listed_on", _("列入日期"), kind="date"),
        shown("file_name", _("文件名")),
        shown("sha256", _("文件摘要"), kind="code"),
        shown("entered_at", _("导入时间"), kind="moment"),
    )


def registration_columns() -> tuple[Shown, ...]:
    return (
        ID,
        VERSION,
        STATE,
        shown("firm_name", _("企业名称")),
        shown("uscc", _("统一社会信用代码"), kind="code"),
        shown("region", _("所在地"), "region.name"),
        shown("unit", _("核验单位"), "unit.organisation.name"),
        shown("applicant_name", _("经办人姓名")),
        shown("asked_at", _("申请时间"), kind="moment"),
        shown("decided_at", _("办结时间"), kind="moment"),
    )


def cover_columns() -> tuple[Shown, ...]:
    return (
        ID,
        shown("absent", _("外出人员"), lambda row: str(row.absent)),
        shown("deputy", _("代办人"), lambda row: str(row.deputy)),
        shown("from_on", _("起始日期"), kind="date"),
        shown("to_on", _("截止日期"), kind="date"),
        shown("reason", _("事由")),
        shown("ended_at", _("提前结束"), kind="moment"),
    )


def notice_columns() -> tuple[Shown, ...]:
    return (
        ID,
        shown("said", _("通知"), said),
        shown("made_at", _("时间"), kind="moment"),
        shown("read_at", _("阅读时间"), kind="moment"),
        shown("link", _("链接")),
    )


def delivery_columns() -> tuple[Shown, ...]:
    return (
        ID,
        STATE,
        shown("webhook", _("事件推送"), lambda row: row.webhook.name),
        shown("kind", _("事项"), kind="code"),
        shown("message_id", _("消息编号"), kind="code"),
        shown("made_at", _("产生时间"), kind="moment"),
        shown("attempts", _("尝试次数"), kind="integer"),
        shown("sent_at", _("送达时间"), kind="moment"),
        shown("status", _("应答"), kind="integer"),
        shown("error", _("最近一次出错")),
    )


LISTINGS = (
    Listing("consultations", _("会商"), Consultations, consultation_columns),
    Listing("answers", pgettext_lazy("list", "国家反馈"), Answers, answer_columns),
    Listing("registrations", _("企业入驻申请"), Registrations, registration_columns),
    Listing("covers", _("替岗安排"), Covers, cover_columns),
    Listing("notices", _("通知"), Notices, notice_columns),
    Listing("deliveries", _("推送记录"), Deliveries, delivery_columns),
)
