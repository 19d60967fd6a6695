"""What was written in a case: the form in all its versions, what changed between them, opinions, and what happened."""

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from exchange.case_file.part import Part, table, text
from organisations.actors import FIRM_ROLES, Person
from projects.differences import differences, told
from projects.history import sees_all, timeline
from projects.models import Filing, FilingVersion, IntendedBank
from projects.named_banks import without_others

EVENTS_MAX = 100_000
UNTOLD = frozenset({"save", "download_case"})  # drafts in the making; and that the archive was taken, lest taking it change it


def parts(filing: Filing, by: Person) -> Iterator[Part]:
    yield from _forms(filing, by)
    if sees_all(filing, by):
        yield _opinions(filing)
    heads = ("时间", "事项", "办理人", "意见", "办理后状态", "涉及内容")
    events = [
        (_moment(event.at), event.label, event.by, event.note, event.state, "、".join(map(str, event.fields)))
        for event in timeline(filing, by, most=EVENTS_MAX)
        if event.verb not in UNTOLD
    ]
    yield table("07-办理记录.csv", f"办理记录（{len(events)} 条）", heads, events)


def is_insider(filing: Filing, by: Person) -> bool:
    """The firm and whoever sees all; a bank sees the form as it is now, with itself as the only bank."""
    return by.seat(filing.firm_id, *FIRM_ROLES) is not None or sees_all(filing, by)


def _forms(filing: Filing, by: Person) -> Iterator[Part]:
    versions = list(FilingVersion.objects.filter(filing=filing).order_by("number"))
    if not is_insider(filing, by):
        versions = versions[-1:]
    for version in versions:
        form = version.form if is_insider(filing, by) else _for_bank(filing, version.form, by)
        when = _moment(version.submitted_at)
        lines = [f"{' › '.join(said.path)}：{said.text}" for said in told(form)]
        yield text(f"01-申报表/第{version.number}版.txt", f"申报表第 {version.number} 版（{when} 提交）", "\n".join([*lines, ""]))
        if is_insider(filing, by):
            content = json.dumps(form, cls=DjangoJSONEncoder, sort_keys=True, ensure_ascii=False, indent=1)
            yield text(f"01-申报表/第{version.number}版.json", f"申报表第 {version.number} 版数据，入库摘要 {version.sha256}", content)
    for old, new in pairwise(versions):
        rows = [(" › ".join(found.path), found.before, found.after) for found in differences(old.form, new.form)]
        name = f"02-版本差异/第{old.number}版与第{new.number}版.csv"
        yield table(name, f"第 {old.number} 版与第 {new.number} 版的差异（{len(rows)} 处）", ("填报项", "修改前", "修改后"), rows)


def _for_bank(filing: Filing, form: Mapping[str, Any], by: Person) -> dict[str, Any]:
    own = IntendedBank.objects.visible_to(by).filter(need__filing=filing)
    return without_others(form, set(own.values_list("branch__code", flat=True)))


def _opinions(filing: Filing) -> Part:
    steps = filing.steps.select_related("unit__organisation", "passed_by", "passed_for").order_by("position")
    rows = [
        (step.position, step.unit.organisation.name, step.get_stage_display(), _moment(step.passed_at), step.passed_as, step.opinion)
        for step in steps
    ]
    return table("03-审核意见.csv", "各环节办理与意见", ("顺序", "单位", "环节", "办结时间", "办理人", "意见"), rows)


def _moment(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S") if at else ""
