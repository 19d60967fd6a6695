"""Files kept with a row of a case: a screenshot of a check, photos of a visit, an opinion with its stamp. Never taken away again."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.core.files.base import File
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, NotFound, Problem
from common.steps import subject_of
from organisations import policy
from organisations.actors import Person
from organisations.uploads import LARGEST, NOT_TAKEN, kept, taken_in
from projects.attachments import LIMITS
from projects.models import CaseFile, CheckRecord, Consultation, SiteVisit

HOLDERS = (Consultation, CheckRecord, SiteVisit)  # what may have files


def keep(row: Any, uploads: Sequence[File], *, at: dt.datetime) -> list[CaseFile]:
    """Keep these files with the row, inside the transaction that wrote it. The same content twice is kept once."""
    if not uploads:
        return []
    limits = policy.values(LIMITS, province=row.province, on=timezone.localdate(at))
    if len(uploads) > limits["attachments_max"]:
        message = _("一次最多 %(n)s 份附件。") % {"n": int(limits["attachments_max"])}
        raise Invalid([Problem("upload", "too_many", message, _("请合并后上传。"))])
    papers = {paper.sha256: paper for paper in (taken_in(upload, most=int(limits[LARGEST])) for upload in uploads)}
    if not all(paper.ending for paper in papers.values()):
        raise Invalid([NOT_TAKEN])
    subject = {"subject": subject_of(row), "subject_id": row.pk, "province": row.province}
    return [kept(CaseFile(**subject), paper, at=at) for paper in papers.values()]


def files_of(rows: Sequence[Any]) -> dict[tuple[str, int], list[CaseFile]]:
    """(subject, id) → the files of each row; one query for rows of any kind."""
    wanted = Q(pk__in=[])
    for row in rows:
        wanted |= Q(subject=subject_of(row), subject_id=row.pk)
    found: dict[tuple[str, int], list[CaseFile]] = {}
    for file in CaseFile.objects.filter(wanted).order_by("id") if rows else ():
        found.setdefault((file.subject, file.subject_id), []).append(file)
    return found


def find(pk: int, *, by: Person) -> CaseFile:
    """The file, for whoever may see the row it is kept with. Raises NotFound."""
    file = CaseFile.objects.filter(pk=pk).first()
    holder = next((model for model in HOLDERS if file is not None and subject_of(model()) == file.subject), None)
    if holder is None or not holder.objects.visible_to(by).filter(pk=file.subject_id).exists():
        raise NotFound
    return file
