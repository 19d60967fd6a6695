"""How the API describes itself (OpenAPI 3): each refusal with an example, versions and keys as headers, and where to go from an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import follow_field_source
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, inline_serializer
from rest_framework import serializers

from common.steps import Param
from organisations.resources.shapes import ProblemDocument

HEADER: Literal["header"] = "header"
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    HEADER,
    description=_('读取时得到的 ETag，例如 "3"；与请求内容中的 seen 任填其一。与现状不符时答 409，并告知其间的变化（不用 412）。'),
    pattern=r'^(W/)?"[0-9]{1,9}"$',
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    HEADER,
    description=_("不超过 80 个字符的唯一标识。同一键、同一内容重复提交只办理一次，得到同一应答；内容不同的，答 422。保留 30 天。"),
    pattern=r"^[!-~]{1,80}$",
)
ETAG = OpenApiParameter("ETag", str, HEADER, response=[200, 201, 202], description=_("此件的版本；下次修改时放入 If-Match。"))
LOCATION = OpenApiParameter("Location", str, HEADER, response=[201], description=_("新建对象的地址。"))
RETRY_AFTER = OpenApiParameter("Retry-After", int, HEADER, response=[429], description=_("请在若干秒之后重试。"))
CHANGED = {"verb": "pass", "by": "陈经办（洪山区经信局）", "at": "2026-03-02T09:30:00+08:00"}


@dataclass(frozen=True)
class Refused:
    """One way an operation is refused: what it means, and an example of the document."""

    meaning: Any
    code: str
    message: str
    remedy: str
    field: str = ""
    more: Mapping[str, Any] | None = None


REFUSALS: Mapping[str, Refused] = {
    "400": Refused(_("请求无法识别：不是 JSON，或含有无法保存的字符。"), "parse_error", "JSON 格式有误。", "请按接口文档提交 JSON。"),
    "401": Refused(
        _("未登录，或令牌无效、过期、已撤销。"), "not_authenticated", "请先登录。", "请登录，或在 Authorization 中提供有效的令牌。"
    ),
    "403": Refused(_("岗位或令牌的权限不包括此项。"), "not_allowed", "您当前的岗位不能办理此步骤。", "请由有权的人员办理。"),
    "404": Refused(_("没有找到，或无权查看。"), "not_found", "没有找到，或您无权查看。", "请核对编号。"),
    "406": Refused(_("只以 JSON 应答。"), "not_acceptable", "无法按 Accept 的要求应答。", "请接受 application/json。"),
    "409": Refused(
        _("与最新情况不一致：所依据的版本已过时（changed 告知其间的变化），或当前状态不能办理。"),
        "stale",
        "您打开之后，此件已被他人更新。",
        "请重新读取，核对变化后再提交。",
        "",
        {"changed": [CHANGED], "version": 4},
    ),
    "415": Refused(_("只接受 JSON。"), "unsupported_media_type", "不支持此种内容类型。", "请以 application/json 提交。"),
    "422": Refused(_("内容不符合要求；每一处都列出字段、规则和改正办法。"), "required", "请填写“金额”。", "此项为必填。", "amount"),
    "429": Refused(_("请求过于频繁。"), "throttled", "请求过于频繁。", "请按 Retry-After 所示的秒数等候后重试。"),
}
READING = ("401", "403", "406", "422", "429")
READING_ONE = (*READING, "404")
WRITING = (*READING_ONE, "400", "409", "415")
# What a person would type, by the kind of the param.
TYPED: Mapping[str, Any] = {
    "wan": "1500",
    "percent": "2.85",
    "integer": 36,
    "points": 100,
    "date": "2026-11-20",
    "boolean": True,
    "fields": ["amount"],
    "text": "HT-2026-001",
    "long_text": "材料齐备。",
}


class ResourceSchema(AutoSchema):
    """Every operation with its refusals, its headers, and the scope a machine's token needs for it."""

    def _map_serializer_field(self, field: Any, *args: Any, **kwargs: Any) -> Any:
        """A column that may be left blank is shown blank until it is filled: DRF forgets so of every field it only reads."""
        if isinstance(field, serializers.ChoiceField) and field.read_only and _may_be_blank(field):
            field.allow_blank = True
        return super()._map_serializer_field(field, *args, **kwargs)

    def get_override_parameters(self) -> list[Any]:
        return [*([] if self._is_list_view() else [ETAG, LOCATION]), RETRY_AFTER]

    def get_extensions(self) -> dict[str, Any]:
        needed = self.view.scope_for(self.method)
        return {"x-scope": needed} if needed else {}

    def _get_response_bodies(self, *args: Any, **kwargs: Any) -> Any:
        bodies = super()._get_response_bodies(*args, **kwargs)
        kinds = WRITING if self.method not in {"GET", "HEAD"} else READING_ONE if "{" in self.path else READING
        return {**bodies, **{code: self._refusal(code) for code in sorted(kinds)}}

    def _refusal(self, code: str) -> dict[str, Any]:
        body = self._get_response_for_code(ProblemDocument, code, media_types=["application/problem+json"])
        body["content"]["application/problem+json"]["examples"] = {REFUSALS[code].code: {"value": _example(code, REFUSALS[code])}}
        return {**body, "description": str(REFUSALS[code].meaning)}


def _may_be_blank(field: serializers.Field[Any, Any, Any, Any]) -> bool:
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    column = follow_field_source(model, field.source_attrs, emit_warnings=False) if model else None
    return getattr(column, "blank", False)


class StepSchema(ResourceSchema):
    """A step's description, drawn from its row of the state table."""

    def get_operation_id(self) -> str:
        return f"{self.view.resource.kind.replace('-', '_')}_take_{self.view.verb}"

    def get_tags(self) -> list[str]:
        return [self.view.resource.kind]

    def get_summary(self) -> str:
        return str(self.view.step.label)

    def get_override_parameters(self) -> list[Any]:
        return [*super().get_override_parameters(), IF_MATCH, IDEMPOTENCY_KEY]

    def get_request_serializer(self) -> Any:
        name = "".join(part.capitalize() for part in f"{self.view.resource.kind}-{self.view.verb}".replace("_", "-").split("-"))
        return entry(f"{name}Step", self.view.step.params, versioned=True, needs_note=self.view.step.needs_note)

    def get_response_serializers(self) -> Any:
        return self.view.resource.detail_serializer_class or self.view.resource.serializer_class

    def get_examples(self) -> list[OpenApiExample]:
        return [typed(self.view.step.params, versioned=True, needs_note=self.view.step.needs_note)]


def typed(params: Sequence[Param], *, versioned: bool = False, needs_note: bool = False) -> OpenApiExample:
    """A request as somebody would send it."""
    value: dict[str, Any] = {"seen": 3} if versioned else {}
    if needs_note:
        value["note"] = "设备清单与发票不符，请核对。"
    value |= {param.name: TYPED[param.kind] for param in params if param.required and param.kind in TYPED}
    return OpenApiExample("request", value, request_only=True)


def entered(param: Param) -> serializers.Field[Any, Any, Any, Any]:
    """How a param is written in a request: as text, as a person would type it (万元, %), dates as 2026-11-20."""
    units = {"wan": _("万元，至多六位小数"), "percent": _("年利率，百分数"), "date": _("日期，例如 2026-11-20")}
    words = " ".join(str(part) for part in (param.label, units.get(param.kind, ""), param.help) if part)
    common: dict[str, Any] = {"required": param.required, "allow_null": not param.required, "help_text": words}  # null: left out
    if param.kind == "integer":
        return serializers.IntegerField(min_value=0, **common)
    if param.kind == "boolean":
        return serializers.BooleanField(**common | {"required": False, "allow_null": True})
    if param.kind == "fields":
        return serializers.ListField(child=serializers.CharField(), **common)
    return serializers.CharField(**common)


def entry(name: str, params: Sequence[Param], *, versioned: bool = False, needs_note: bool | None = None) -> Any:
    """The description of a request that `read(params, …)` reads; `needs_note` tells whether a step's note must be there (None: no note)."""
    fields: dict[str, Any] = {}
    if versioned:
        words = str(_("读取时得到的 version；也可用 If-Match。"))
        fields["seen"] = serializers.IntegerField(required=False, allow_null=True, min_value=0, help_text=words)
    if needs_note is not None:
        fields["note"] = serializers.CharField(required=needs_note, allow_null=not needs_note)
    return inline_serializer(name, fields | {param.name: entered(param) for param in params if param.kind != "files"})


def link_steps(result: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """Spectacular's POSTPROCESSING_HOOKS: from a list to its objects, from an object to its steps, with the version just read."""
    for path, operations in result["paths"].items():
        one = f"{path}{{id}}/"
        if one not in result["paths"]:
            continue
        read = result["paths"][one].get("get", {})
        steps = [result["paths"][step]["post"] for step in result["paths"] if step.startswith(one) and "post" in result["paths"][step]]
        _link(operations.get("get", {}), "200", [read], "$response.body#/results/0/id")
        for operation, code in ((operations.get("post", {}), "201"), (read, "200")):
            _link(operation, code, [*([read] if code == "201" else []), *steps], "$response.body#/id")
    return result


def _link(operation: Mapping[str, Any], code: str, targets: Sequence[Mapping[str, Any]], pk: str) -> None:
    answer = operation.get("responses", {}).get(code)
    for target in targets:
        if answer is None or not target:
            continue
        link: dict[str, Any] = {"operationId": target["operationId"], "parameters": {"id": pk}}
        if any(parameter["name"] == "If-Match" for parameter in target["parameters"]):
            link["parameters"]["header.If-Match"] = "$response.header.ETag"
        answer.setdefault("links", {})[target["operationId"]] = link


def _example(code: str, told: Refused) -> dict[str, Any]:
    problem = {"field": told.field, "code": told.code, "message": told.message, "remedy": told.remedy}
    body = {"type": f"urn:fulcrum:problem:{told.code}", "title": str(told.meaning), "status": int(code), "detail": told.message}
    return body | {"code": told.code, "errors": [problem]} | dict(told.more or {})
