"""Whether this firm may apply at all."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Problem


def is_active(_values: Mapping[str, Any], known: Any) -> Iterable[Problem]:
    if not known.firm.is_active:
        yield Problem("", "firm_inactive", _("企业账户已停用，不能申报。"), _("请联系所在地主管部门。"))


def is_not_barred(_values: Mapping[str, Any], known: Any) -> Iterable[Problem]:
    """Serious breach of trust, an accident, a recovery decision: dated rows with their source."""
    for bar in known.bars:
        if bar.valid_from <= known.on and (bar.valid_to is None or known.on <= bar.valid_to):
            yield Problem(
                "",
                "firm_barred",
                _("企业在限制申报名单内：%(reason)s（%(source)s）。") % {"reason": bar.reason, "source": bar.source},
                _("限制期满或修复后方可申报；有异议的，请向列入机关提出。"),
            )
