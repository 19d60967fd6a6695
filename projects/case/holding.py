"""The case that something is asked or recorded at: locked first, as every step that touches it would, and brought up to date."""

from collections.abc import Callable, Container
from typing import Any

from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, NotAllowed, NotFound
from common.steps import lock
from organisations.actors import Person
from projects.models import Filing
from projects.states import interested


def held(filing: Filing) -> Filing:
    """The filing as it stands now, locked until the transaction ends, with its steps and all that lists read of it."""
    rows = lock(Filing.objects.filter(pk=filing.pk).with_progress())
    if not rows:
        raise NotFound
    current: Filing = rows[0]
    current.current_step = next((step for step in current.steps.all() if step.pk == current.current_step_id), None)
    return current


def require(filing: Filing, by: Person, *, allow: Callable[[Filing, Person], bool], states: Container[str]) -> Person:
    """May this person do it, and is it the time? Raises NotAllowed or Conflict. Returns them as the record is to name them."""
    if not allow(filing, by):
        raise NotAllowed
    if filing.state not in states:
        raise Conflict(_("此件当前为“%(state)s”，不能办理此事。") % {"state": filing.get_state_display()})
    if interested(filing, by):
        raise NotAllowed(_("您已申报与此件当事方存在利益关系，须回避。"), code="recused", remedy=_("请由本单位其他人员办理。"))
    return by.in_place_for(filing, lambda actor: allow(filing, actor))


def of(row: Any) -> Filing:
    """Lock the case of a row first, then put it on the row for what `allow` reads."""
    row.filing = held(Filing(pk=row.filing_id))
    filing: Filing = row.filing
    return filing
