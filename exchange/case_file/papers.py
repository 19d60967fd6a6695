"""The papers of a case: what the firm handed in, what officers put on record with it, the letters it went up with."""

from collections.abc import Iterator
from typing import Any

from common.steps import subject_of
from exchange import forward_papers
from exchange.case_file.part import Part, stored
from organisations.actors import Person
from projects.case.files import files_of
from projects.models import CheckRecord, Consultation, Filing, ForwardBatch, ProjectFile, SiteVisit


def parts(filing: Filing, by: Person) -> Iterator[Part]:
    for file in ProjectFile.objects.filter(filing=filing).order_by("id"):
        yield stored(f"04-申报材料/{file.pk}-{file.name}", f"{file.kind_label}，入库摘要 {file.sha256}", file.content)
    yield from _on_record(filing, by)
    yield from _letters(filing, by)


def _on_record(filing: Filing, by: Person) -> Iterator[Part]:
    rows: list[Any] = []
    for model in (Consultation, CheckRecord, SiteVisit):
        rows += model.objects.visible_to(by).filter(filing=filing).order_by("id")
    files = files_of(rows)
    for row in rows:
        for file in files.get((subject_of(row), row.pk), ()):
            title = f"{row._meta.verbose_name} {row}，入库摘要 {file.sha256}"
            yield stored(f"05-会商与核查/{file.pk}-{file.name}", title, file.content)


def _letters(filing: Filing, by: Person) -> Iterator[Part]:
    """Letter, list and scan of each batch it was sent up with, for whoever may see that batch."""
    sent = (
        ForwardBatch.objects.visible_to(by)
        .with_offices()
        .filter(cases__filing=filing, cases__pulled_at=None, state=ForwardBatch.State.SENT)
    )
    for forward in sent.order_by("sent_at", "pk"):
        place = f"06-上报公文/{forward.pk}-{forward.unit.organisation.name}"
        for label, _type, make in forward_papers.PAPERS.values():
            yield Part(f"{place}/{label}", f"{forward.number} {label}（清单第 {forward.list_version} 版）", _made(make, forward))
        for scan in forward.scans.all():
            yield stored(f"{place}/扫描件-{scan.pk}-{scan.name}", f"{forward.number} 盖章扫描件，入库摘要 {scan.sha256}", scan.content)


def _made(make: Any, forward: ForwardBatch) -> Any:
    return lambda: [make(forward)]
