"""The stamped letter, scanned: taken in by what it is, kept as it came."""

import datetime as dt

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.steps import lock, record
from organisations import policy
from organisations.actors import Person
from organisations.uploads import LARGEST, kept, taken_in
from projects.forwarding.states import by_unit
from projects.models import ForwardBatch, ForwardScan

TAKEN = frozenset({"pdf", "jpg", "png"})


def may_attach(forward: ForwardBatch, by: Person) -> bool:
    """From the moment the letter can be printed: a better scan may also come after it was sent."""
    return forward.state in (ForwardBatch.State.FROZEN, ForwardBatch.State.SENT) and by_unit(forward, by)


def attach(forward: ForwardBatch, *, upload: File, by: Person, at: dt.datetime) -> ForwardScan:
    """Take in one page or the whole letter. The same content twice is kept once."""
    with transaction.atomic():
        (current,) = lock(ForwardBatch.objects.filter(pk=forward.pk))
        if not by_unit(current, by):
            raise NotAllowed(_("扫描件由上报单位上传。"))
        if not may_attach(current, by):
            raise Conflict(_("定稿之后才能上传盖章扫描件。"), remedy=_("请先定稿，打印公文并用印。"))
        limit = policy.number(LARGEST, province=current.province, on=timezone.localdate(at))
        paper = taken_in(upload, most=limit)
        if paper.ending not in TAKEN:
            raise Invalid([Problem("upload", "not_taken", _("不接受此类文件。"), _("请上传 PDF、JPG 或 PNG 扫描件。"))])
        known = ForwardScan.objects.filter(forward=current, sha256=paper.sha256).first()
        if known is not None:
            return known
        row = kept(ForwardScan(forward=current, province=current.province), paper, at=at)
        record(current, "attach", by=by, at=at, changes={"file": [None, row.name], "sha256": [None, paper.sha256]})
    return row
