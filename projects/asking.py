"""能否申报: a few questions before anybody registers, answered by the same dated rules that a submitted form must satisfy."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.steps import Param
from organisations import policy
from organisations.models import Organisation, Region
from organisations.registering import counties
from projects.application import POLICY_KEYS
from projects.eligibility import Circumstances, broken_rules

QUESTIONS = (
    Param("region", "code", _("项目所在县（市、区）"), choices=counties),
    Param("total_investment", "wan", _("项目总投资（万元）")),
    Param("equipment_investment", "wan", _("其中设备投资（万元）")),
    Param("own_capital", "wan", _("自有资金（万元）")),
    Param("amount", "wan", _("希望贷款（万元）")),
    Param("term_months", "integer", _("贷款期限（月）")),
    Param("starts_on", "date", _("开工日期"), help=_("在建项目填实际开工日期。")),
    Param("loan_purpose", "text", _("贷款用来买什么"), help=_("写明设备或软件名称，例如“购置数控加工中心四十台”。")),
)
PAPERS = (
    (_("营业执照"), _("入驻和申报均需要，电子证照亦可。")),
    (_("授权书（加盖公章）"), _("写明经办人姓名与手机。")),
    (_("项目备案（核准）文件"), _("含二十四位项目代码；在投资项目在线审批监管平台办理。")),
    (_("设备清单"), _("名称、型号、单价、数量、供应商，合计等于设备投资。")),
    (_("前期手续"), _("用地、环评、节能等，不涉及的写明不涉及。")),
    (_("近三年财务报表"), _("银行尽职调查时使用。")),
    (_("承诺书（加盖公章）"), _("提交前由系统生成，盖章后上传。")),
)


def answer(values: Mapping[str, Any], *, on: dt.date) -> list[Problem]:
    """What of these answers would keep a form from being submitted on that day; empty: nothing known is against it."""
    province = Region.objects.get(pk=values["region"]).province
    known = Circumstances(firm=Organisation(is_active=True), on=on, policy=policy.values(POLICY_KEYS, province=province, on=on))
    asked = {name: value for name, value in values.items() if name != "region"}
    return broken_rules({"later_needs": (), **asked}, known)
