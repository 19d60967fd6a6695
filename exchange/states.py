"""The life of an export and of an import. `exchange.exports` and `exchange.importing` wrap these steps."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.steps import Step
from exchange.models import Export, Import
from exchange.models.jobs import Job
from organisations.actors import Person

E = Export.State
I = Import.State  # noqa: E741 -- the table reads better with one letter


def by_owner(job: Job, by: Person) -> bool:
    return by.user_id is not None and by.user_id == job.owner_id


def by_system(_job: Job, by: Person) -> bool:
    return by.is_system


EXPORT_STEPS: dict[str, Step] = {
    "begin": Step(frozenset({E.WAITING, E.RUNNING}), E.RUNNING, by_system, _("开始生成")),
    "finish": Step(frozenset({E.RUNNING}), E.DONE, by_system, _("生成完毕")),
    "fail": Step(frozenset({E.WAITING, E.RUNNING}), E.FAILED, by_system, pgettext_lazy("job", "失败")),
    "cancel": Step(frozenset({E.WAITING, E.RUNNING}), E.CANCELLED, by_owner, pgettext_lazy("job", "取消")),
    "expire": Step(frozenset({E.DONE}), E.EXPIRED, by_system, _("到期删除")),
}

IMPORT_STEPS: dict[str, Step] = {
    "check": Step(frozenset({I.WAITING, I.CHECKING}), I.CHECKING, by_system, _("开始核对")),
    "find_sound": Step(frozenset({I.CHECKING}), I.READY, by_system, _("核对无误")),
    "find_faulty": Step(frozenset({I.CHECKING}), I.FAULTY, by_system, _("核对有误")),
    "commit": Step(frozenset({I.READY, I.STOPPED}), I.QUEUED, by_owner, _("确认写入")),
    "begin": Step(frozenset({I.QUEUED, I.WRITING}), I.WRITING, by_system, _("开始写入")),
    "stop": Step(frozenset({I.QUEUED, I.WRITING}), I.STOPPED, by_owner, _("停止写入")),
    "break_off": Step(frozenset({I.QUEUED, I.WRITING}), I.STOPPED, by_system, _("写入中断")),
    "finish": Step(frozenset({I.WRITING}), I.DONE, by_system, _("写入完毕")),
    "fail": Step(frozenset({I.WAITING, I.CHECKING}), I.FAILED, by_system, pgettext_lazy("job", "失败")),
    "cancel": Step(frozenset({I.WAITING, I.CHECKING, I.READY, I.FAULTY}), I.CANCELLED, by_owner, pgettext_lazy("job", "取消")),
}
