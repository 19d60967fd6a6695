"""Papers of a filing: taken in by what they are, not by what they are called; kept privately; handed out to who may see the filing.

Once submitted nothing is taken away any more: a better copy is added beside it while the filing is returned for its papers.
"""

import datetime as dt

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import lock, record
from organisations import policy
from organisations.actors import Person
from organisations.uploads import LARGEST, NOT_TAKEN, kept, taken_in
from projects.models import FILE_KINDS, Filing, ProjectFile
from projects.states import by_firm

LIMITS = [LARGEST, "attachments_max"]
PAPERS = ("files", "permits")  # what a reviewer opens when papers are missing


def may_attach(filing: Filing, by: Person) -> bool:
    """The firm, while it fills in the form or was asked for papers."""
    asked = filing.state == Filing.State.RETURNED and any(name in filing.open_fields for name in PAPERS)
    return by_firm(filing, by) and (filing.state == Filing.State.DRAFT or asked)


def attach(filing: Filing, *, kind: str, upload: File, by: Person, at: dt.datetime) -> ProjectFile:
    """Take in one paper. The same content twice is kept once."""
    with transaction.atomic():
        (current,) = lock(Filing.objects.filter(pk=filing.pk))
        if not may_attach(current, by):
            raise NotAllowed(_("材料由企业在填报期间，或被要求补正材料时上传。"))
        limits = policy.values(LIMITS, province=current.province, on=timezone.localdate(at))
        paper = taken_in(upload, most=int(limits[LARGEST]))
        known = ProjectFile.objects.filter(filing=current, sha256=paper.sha256).first()
        if known is not None:
            return known
        if problems := _problems(current, kind=kind, ending=paper.ending, most=int(limits["attachments_max"])):
            raise Invalid(problems)
        row = kept(ProjectFile(filing=current, kind=kind, province=current.province), paper, at=at)
        record(current, "attach", by=by, at=at, changes={"file": [None, row.name], "sha256": [None, paper.sha256]})
    return row


def detach(file: ProjectFile, *, by: Person, at: dt.datetime) -> None:
    """Take a paper away again, as long as nobody has been shown it."""
    with transaction.atomic():
        (filing,) = lock(Filing.objects.filter(pk=file.filing_id))
        if not may_attach(filing, by):
            raise NotAllowed(_("材料由企业在填报期间，或被要求补正材料时上传。"))
        if filing.submitted_at is not None:
            raise Conflict(_("已提交过的材料不能删除。"), code="submitted", remedy=_("请补充上传新的材料，审核人员以最新的为准。"))
        record(filing, "detach", by=by, at=at, changes={"file": [file.name, None], "sha256": [file.sha256, None]})
        stored = file.content
        ProjectFile.objects.filter(pk=file.pk).delete()
        transaction.on_commit(lambda: stored.delete(save=False))


def _problems(filing: Filing, *, kind: str, ending: str, most: int) -> list[Problem]:
    problems = []
    if kind not in dict(FILE_KINDS):
        problems.append(Problem("kind", "unknown_choice", _("没有此类材料。"), _("请从列出的类别中选择。")))
    if not ending:
        problems.append(NOT_TAKEN)
    if ProjectFile.objects.filter(filing=filing).count() >= most:
        problems.append(Problem("upload", "too_many", _("每件申报最多 %(n)s 份材料。") % {"n": most}, _("请合并后上传。")))
    return problems
