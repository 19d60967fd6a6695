"""The errors a step may refuse with. Every refusal says what is wrong and what to do next.

Messages are lazy Chinese sentences; `config.problems` turns an error into a problem document (RFC 9457), the portal into a page.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one field: its path (`equipment.2.amount`), a code, a sentence, and the remedy."""

    field: str
    code: str
    message: Any
    remedy: Any = ""

    def __str__(self) -> str:
        return " ".join(str(part) for part in (self.message, self.remedy) if part)


class DomainError(Exception):
    """Base of every refusal. `status` is the HTTP status an edge answers with."""

    status: ClassVar[int] = 422
    default_code: ClassVar[str] = "refused"
    default_message: ClassVar[Any] = _("操作未被接受。")

    def __init__(self, message: Any = "", *, code: str = "", field: str = "", remedy: Any = "") -> None:
        self.message = message or self.default_message
        self.code = code or self.default_code
        self.field = field
        self.remedy = remedy
        super().__init__(self.message)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (Problem(self.field, self.code, self.message, self.remedy),)

    def __str__(self) -> str:
        return " ".join(str(problem) for problem in self.problems)


class Invalid(DomainError):
    """What was handed in breaks one or more rules; every one of them is listed."""

    default_code = "invalid"
    default_message = _("所填内容有误，请逐项更正后重新提交；已填内容均已保留。")

    def __init__(self, problems: Iterable[Problem], message: Any = "") -> None:
        self._problems = tuple(problems)
        super().__init__(message)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self._problems


class NotAllowed(DomainError):
    status = 403
    default_code = "not_allowed"
    default_message = _("您当前的岗位不能办理此步骤。")


class NotFound(DomainError):
    status = 404
    default_code = "not_found"
    default_message = _("没有找到，或您无权查看。")


class Conflict(DomainError):
    """The object is no longer in a state that permits the step."""

    status = 409
    default_code = "conflict"
    default_message = _("当前状态下不能办理此步骤，请刷新后查看最新进展。")


class Stale(Conflict):
    """Someone changed the object since the person looked at it; `changed` tells what happened meanwhile."""

    default_code = "stale"
    default_message = _("您打开之后，此件已被他人更新。您填写的内容已保留，请核对变化后重新提交。")

    def __init__(self, message: Any = "", *, changed: Iterable[dict[str, Any]] = (), version: int = 0) -> None:
        self.changed = tuple(changed)
        self.version = version
        super().__init__(message)
