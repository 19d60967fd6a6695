"""再次申报: a project the list left out is filed again from what was typed before, so that nothing is typed twice."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.steps import take
from organisations.actors import Person
from projects.drafting import start_filing
from projects.models import Filing
from projects.states import FILING_STEPS


def refile(filing: Filing, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Filing:
    """A new draft with the form as it was last; the old filing stays as it ended, and tells what follows it."""
    with transaction.atomic():
        take(FILING_STEPS, "refile", filing, by=by, at=at, seen=seen, note=note, also=_open_again)
        return start_filing(filing.firm, programme=filing.programme, track=filing.track, by=by, at=at, form=filing.form)


def _open_again(filing: Filing) -> Iterable[Problem]:
    """Only one of a project at a time; a draft in the making counts, lest two be begun by two clerks."""
    others = Filing.objects.filter(firm=filing.firm_id, track=filing.track).exclude(pk=filing.pk)
    drafts = others.filter(state=Filing.State.DRAFT, title=filing.title)
    live = others.filter(project=filing.project_id, state__in=Filing.LIVE)
    if (drafts | live).exists():
        yield Problem("", "open_already", _("此项目已有一件申报正在填写或办理。"), _("请在“我的申报”中找到该件继续办理。"))
