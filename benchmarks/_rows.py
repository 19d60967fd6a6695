"""The rows behind the lists: filings in every state, and what hangs on each."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from common.models import AuditEvent, Deadline
from deals.models import InterestReceipt, ProgressReport
from exchange.models import Export, Notice
from organisations.identifiers import make_uscc
from organisations.models import Registration
from projects.models import (
    AnswerRow,
    Appeal,
    ChangeRequest,
    CheckKind,
    CheckRecord,
    Consultation,
    Filing,
    MinistryAnswer,
    Remark,
    UnlockRequest,
)
from tests import factories
from tests.factories import HUBEI, NOW, TODAY, World
from tests.people import Cast
from tests.portal import cases

STATES = ("in_review", "returned", "in_pool", "reported", "listed", "listed", "listed", "not_listed", "withdrawn", "retired")
PAPER = "registrations/paper.pdf"
PLACES = (("420111", "IND-420111"),) * 9 + (("420115", "IND-420115"),)  # a tenth in Jiangxia
WEEK = dt.timedelta(days=7)


def populate(world: World, cast: Cast, number: int) -> None:
    """That many filings, an equal share in each of STATES, with what hangs on them."""
    made = list(_filings(world, cast, number))
    listed = [filing for filing in made if filing.state == Filing.State.LISTED]
    round_ = cases.round_(world)
    for filing in listed:
        _dock(world, round_, filing)
    filings = list(Filing.objects.order_by("pk").select_related("current_step__unit", "project", "firm"))
    events = _tell(cast, filings)
    _ask(world, cast, filings, events)
    _register(world, number)
    answer = MinistryAnswer.objects.create(
        programme=world.programme, track="industry", number="工信〔2026〕1号", list_number="2026-01", listed_on=TODAY, file_name="清单.xlsx",
        sha256=cases.DIGEST, entered_by=cast.users["zhao"], entered_at=NOW, province=HUBEI,
    )  # fmt: skip
    AnswerRow.objects.bulk_create(
        AnswerRow(
            answer=answer, line=line, project_name=filing.title, verdict="listed", state="open", doubt="no_code", filing=filing, province=HUBEI
        )
        for line, filing in enumerate(_of(filings, "reported"), start=1)
    )  # fmt: skip


def _filings(world: World, cast: Cast, number: int) -> Iterable[Filing]:
    """Of Lin's firm there is one more, and of that one no copies."""
    firms = factories.firms(world, max(number // 2, 1))
    for place, state in enumerate(STATES):
        owners = [firms[(place * 31 + index) % len(firms)] for index in range(number // len(STATES))]
        for region, unit in sorted(set(PLACES)):
            share = [owner for index, owner in enumerate(owners) if PLACES[index % len(PLACES)] == (region, unit)]
            if share:
                yield from factories.filings(world, share, state=state, region=region, unit=unit)
    yield from factories.filings(world, [cast.firm], state="in_pool")


def _of(filings: Iterable[Filing], *states: str) -> list[Filing]:
    return [filing for filing in filings if filing.state in states]


def _dock(world: Any, round_: Any, filing: Filing) -> None:
    """An invitation and a deal at the invited branch, half of them signed with a drawdown and a claim."""
    cases.disclosure(world, filing, "ICBC-WH")
    recommendation = cases.recommendation(world, round_, filing)
    cases.invitation(world, filing, state="open" if filing.pk % 3 else "accepted", recommendation=recommendation)
    if filing.pk % 2:
        loan = cases.deal(world, filing, state="drawing")
        cases.drawdown(loan)
        cases.claim(world, loan)
        InterestReceipt.objects.create(
            deal=loan, period_start=TODAY, period_end=TODAY, paid_on=TODAY, amount=1, slip_no=f"FX-{loan.pk}", province=HUBEI
        )
    else:
        cases.deal(world, filing)
        cases.non_match(round_, filing)
        cases.docking(filing, world["IND-420111"], state="seeking")


def _tell(cast: Cast, filings: list[Filing]) -> list[AuditEvent]:
    """An audit event of each filing, a notice of it to whoever reads at a tier, a deadline of those in review."""
    events = AuditEvent.objects.bulk_create(
        AuditEvent(subject="projects.filing", subject_id=row.pk, verb="submit", by_label="企业", at=NOW, province=HUBEI) for row in filings
    )
    Notice.objects.bulk_create(
        Notice(
            event=event, message_id=uuid.uuid4(), state="sent", made_at=NOW, next_attempt_at=NOW, sent_at=NOW, recipient=cast.users[who],
            channel="in_app", kind="filing.arrived", facts={"title": "申报"}, link="/", province=HUBEI,
        )
        for event in events
        for who in ("zhao", "chen", "bai")
    )  # fmt: skip
    Export.objects.bulk_create(
        Export(owner=cast.users["zhao"], kind="filings", language="zh-hans", asked_at=NOW, state="done", rows=1, province=HUBEI)
        for _row in filings
    )
    Deadline.objects.bulk_create(
        Deadline(
            subject="projects.filing", subject_id=row.pk, kind="review", organisation_id=row.current_step.unit.organisation_id, starts_at=NOW,
            due_at=NOW - WEEK, province=HUBEI,
        )
        for row in filings
        if row.current_step_id
    )  # fmt: skip
    return events


def _ask(world: World, cast: Cast, filings: list[Filing], events: list[AuditEvent]) -> None:
    """What is asked and put on record at a case."""
    lin, chen = cast.users["lin"], cast.users["chen"]
    county, office = world.units["IND-420111"], world.units["IND-420000"]
    Consultation.objects.bulk_create(
        Consultation(
            filing=row, from_unit=county, to_unit=world.units["FIN-420000"], question="意见", asked_at=NOW, asked_by=chen, due_at=NOW + WEEK,
            province=HUBEI,
        )
        for row in _of(filings, "in_review")
    )  # fmt: skip
    UnlockRequest.objects.bulk_create(
        UnlockRequest(filing=row, fields=["amount"], reason="更正", asked_at=NOW, asked_by=lin, province=HUBEI)
        for row in _of(filings, "returned")
    )
    of_filing = {event.subject_id: event for event in events}
    Appeal.objects.bulk_create(
        Appeal(
            filing=row, decision=of_filing[row.pk], decided_by=chen, unit=office, reason="异议", filed_at=NOW, filed_by=lin, due_at=NOW + WEEK,
            province=HUBEI,
        )
        for row in _of(filings, "not_listed")
    )  # fmt: skip
    ChangeRequest.objects.bulk_create(
        ChangeRequest(
            filing=row, kinds=["amount"], tier="province", unit=office, stage="handler", reason="变更", asked_at=NOW, asked_by=lin,
            due_at=NOW + WEEK, province=HUBEI,
        )
        for row in _of(filings, "listed")
    )  # fmt: skip
    kind = CheckKind.objects.order_by("pk").first() or CheckKind.objects.create(code="credit", name="信用", name_en="Credit")
    put = {"unit": county, "by_user": chen, "at": NOW, "province": HUBEI}
    CheckRecord.objects.bulk_create(CheckRecord(filing=row, kind=kind, result="clear", checked_on=TODAY, **put) for row in filings)
    Remark.objects.bulk_create(
        Remark(filing=row, kind="contact", text="电话", contacted="企业", contacted_at=NOW, **put) for row in filings
    )
    ProgressReport.objects.bulk_create(
        ProgressReport(
            filing=row, unit=county, kind="weekly", period_start=TODAY - WEEK, stage="contacted", reported_at=NOW, province=HUBEI
        )
        for row in _of(filings, "listed")
    )


def _register(world: World, number: int) -> None:
    Registration.objects.bulk_create(
        Registration(
            uscc=make_uscc("420111", 910_000 + place), firm_name=f"湖北新来设备{place}有限公司", region=world.regions["420111"],
            unit=world.units["IND-420111"], applicant_name="新来", applicant_phone="139", licence=PAPER, authorisation=PAPER,
            digest=f"{place:064d}", asked_at=NOW, province=HUBEI,
        )
        for place in range(max(number // 10, 1))
    )  # fmt: skip
