"""What hangs on a case, one of each: asked and kept on record at it, sent up with it, told of it, and handed out or in by its firm."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.models import AuditEvent
from common.steps import subject_of
from deals.models import ProgressReport
from exchange.models import Delivery, Export, Import, Notice, Webhook
from organisations.models import Membership, Organisation, Token, Unit, User
from projects.forwarding import listing
from projects.models import (
    Appeal,
    CaseFile,
    ChangeRequest,
    CheckKind,
    CheckRecord,
    Consultation,
    Filing,
    ForwardBatch,
    ForwardedCase,
    ForwardScan,
    Remark,
    SiteVisit,
    UnlockRequest,
)
from tests.factories import HUBEI, NOW, SINCE, TODAY, World
from tests.portal.cases import DIGEST

WEEK = dt.timedelta(days=7)
PAPER = "filings/paper.pdf"
STORED = {"content": PAPER, "size": 1, "sha256": DIGEST, "uploaded_at": NOW, "province": HUBEI}


@dataclass(frozen=True)
class Place:
    """Where a case is: region, unit, branch, and the accounts of its firm's owner and of an officer."""

    region: str
    unit: str
    branch: str
    owner: str
    officer: str


def store(root: Path) -> None:
    """The one file behind all of them."""
    (root / PAPER).parent.mkdir(parents=True)
    (root / PAPER).write_bytes(b"%PDF-")


def on(world: World, users: Mapping[str, User], place: Place, filings: Mapping[str, Filing]) -> dict[str, Any]:
    """Everything that hangs on the filings of one case, by the name of its kind."""
    owner, officer, unit = users[place.owner], users[place.officer], world.units[place.unit]
    event = AuditEvent.objects.create(
        subject="projects.filing", subject_id=filings["refused"].pk, verb="refuse", by_label=unit.organisation.name, at=NOW, province=HUBEI
    )
    return {
        **_asked(world, filings, owner, officer, unit, event),
        **_recorded(filings["listed"], officer, unit),
        **_sent_up(world, filings["listed"], unit),
        **_told(filings["listed"], owner, event),
        **_handed(filings["listed"], owner),
    }


def _asked(world: World, filings: Mapping[str, Filing], owner: User, officer: User, unit: Unit, decision: AuditEvent) -> dict[str, Any]:
    by_firm = {"reason": "理由", "province": HUBEI}
    office = world.units["IND-420000"]
    consultation = Consultation.objects.create(
        filing=filings["in_review"],
        from_unit=unit,
        to_unit=world.units["FIN-420000"],
        question="意见",
        asked_at=NOW,
        asked_by=officer,
        due_at=NOW + WEEK,
        province=HUBEI,
    )
    return {
        "consultations": consultation,
        "case-files": CaseFile.objects.create(
            subject=subject_of(consultation), subject_id=consultation.pk, name=f"{filings['in_review'].title}意见.pdf", **STORED
        ),
        "unlocks": UnlockRequest.objects.create(filing=filings["returned"], fields=["amount"], asked_at=NOW, asked_by=owner, **by_firm),
        "appeals": Appeal.objects.create(
            filing=filings["refused"],
            decision=decision,
            decided_by=officer,
            unit=office,
            filed_at=NOW,
            filed_by=owner,
            due_at=NOW + WEEK,
            **by_firm,
        ),
        "changes": ChangeRequest.objects.create(
            filing=filings["listed"],
            kinds=["amount"],
            tier="province",
            unit=office,
            stage="handler",
            asked_at=NOW,
            asked_by=owner,
            due_at=NOW + WEEK,
            **by_firm,
        ),
    }


def _recorded(filing: Filing, officer: User, unit: Unit) -> dict[str, Any]:
    kept = {"filing": filing, "unit": unit, "by_user": officer, "at": NOW, "province": HUBEI}
    kind = CheckKind.objects.order_by("pk").first() or CheckKind.objects.create(code="credit", name="信用", name_en="Credit")
    return {
        "checks": CheckRecord.objects.create(kind=kind, result="clear", checked_on=TODAY, remark=filing.title, **kept),
        "site-visits": SiteVisit.objects.create(visited_on=TODAY, people="两人", findings=filing.title, **kept),
        "remarks": Remark.objects.create(kind="note", text=filing.title, **kept),
        "progress-reports": ProgressReport.objects.create(
            filing=filing, unit=unit, kind="weekly", period_start=TODAY - WEEK, stage="contacted", reported_at=NOW, province=HUBEI
        ),
    }


def _sent_up(world: World, filing: Filing, unit: Unit) -> dict[str, Any]:
    forward = ForwardBatch.objects.create(
        unit=unit,
        to_unit=world.units["IND-420100"],
        batch=world.batches[0],
        state="sent",
        content=[],
        list_version=1,
        sha256=DIGEST,
        frozen_on=TODAY,
        number=f"报〔2026〕{filing.pk}号",
        dated_on=TODAY,
        sent_at=NOW,
        province=HUBEI,
    )
    ForwardedCase.objects.create(forward=forward, filing=filing, unit=unit, province=HUBEI)
    forward.content = listing.rows(listing.listed(forward))
    forward.save(update_fields=["content"])
    return {
        "forwards": forward,
        "scans": ForwardScan.objects.create(forward=forward, name=f"{filing.title}公文.pdf", **STORED),
    }


def _told(filing: Filing, owner: User, event: AuditEvent) -> dict[str, Any]:
    what = {"event": event, "made_at": NOW, "next_attempt_at": NOW, "province": HUBEI}
    facts = {"title": filing.title, "firm": filing.firm.name}
    notice = {"recipient": owner, "kind": "filing.return", "facts": facts, "link": f"/filings/{filing.pk}/", **what}
    webhook = Webhook.objects.create(
        organisation=filing.firm,
        name="ERP",
        url="https://erp.example.cn/",
        nonce=f"n{filing.firm_id}",
        kinds=["filing.return"],
        made_by=owner,
        made_at=NOW,
        province=HUBEI,
    )
    delivery = {"webhook": webhook, "kind": "filing.return", "payload": facts, "answer": filing.title}
    return {
        "notices": Notice.objects.create(channel="in_app", state="sent", sent_at=NOW, message_id=uuid.uuid4(), **notice),
        "undelivered": Notice.objects.create(channel="email", state="failed", attempts=9, message_id=uuid.uuid4(), **notice),
        "webhooks": webhook,
        "deliveries": Delivery.objects.create(state="failed", attempts=9, message_id=uuid.uuid4(), **delivery, **what),
    }


def _handed(filing: Filing, owner: User) -> dict[str, Any]:
    """What a firm took out, put in, and let in: a token's machine, a colleague."""
    job = {"owner": owner, "organisation_id": filing.firm_id, "language": "zh-hans", "asked_at": NOW, "rows": 1, "province": HUBEI}
    until = NOW + WEEK
    return {
        "exports": Export.objects.create(
            kind="filings", state="done", row_ids=[filing.pk], file=PAPER, size=1, sha256=DIGEST, expires_at=until, **job
        ),
        "imports": Import.objects.create(
            kind="filings", state="faulty", file=PAPER, marked=PAPER, file_name=f"{filing.title}.xlsx", size=1, sha256=DIGEST, **job
        ),
        "tokens": _token(filing.firm, owner),
        "seats": _colleague(filing.firm, f"clerk-{filing.firm_id}"),
    }


def _token(firm: Organisation, owner: User) -> Token:
    return Token.objects.create(
        membership=_colleague(firm, f"machine-{firm.pk}"),
        name=f"{firm.name}系统",
        prefix=f"p{firm.pk}",
        digest=DIGEST,
        scopes=["read:filings"],
        issued_by=owner,
        issued_at=NOW,
        expires_at=NOW + WEEK,
        province=HUBEI,
    )


def _colleague(firm: Organisation, username: str) -> Membership:
    user = User.objects.create(username=username, display_name=f"{firm.name}同事", password="!")
    return Membership.objects.create(user=user, organisation=firm, role="firm_clerk", valid_from=SINCE, province=HUBEI)
