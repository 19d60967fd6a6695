"""Who outside the review may see a filing, on what basis and until when: written here only, and the record of the firm's consent."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, NotAllowed
from common.models import AuditEvent
from common.steps import Actor, among, copy_rows, insert_rows, lock, record, update_rows
from organisations.actors import FIRM_ROLES, Person
from organisations.models import Organisation
from projects.models import Disclosure, Filing


@dataclass(frozen=True)
class Telling:
    """One organisation to be let see one filing."""

    filing_id: int
    organisation_id: int
    scope: str
    basis: str
    until: dt.datetime | None = None


def disclose(
    filing: Filing,
    organisation: Organisation,
    *,
    scope: str,
    basis: str,
    by: Actor,
    at: dt.datetime,
    until: dt.datetime | None = None,
) -> Disclosure:
    """Let an organisation see the filing. One already in force is extended, never shortened; a stronger basis replaces a weaker."""
    (disclosure,) = disclose_many([Telling(filing.pk, organisation.pk, scope, basis, until)], by=by, at=at)
    return disclosure


def disclose_many(tellings: Sequence[Telling], *, by: Actor, at: dt.datetime) -> list[Disclosure]:
    """The disclosures in force afterwards, in the order of the tellings."""
    if not tellings:
        return []
    with transaction.atomic():
        cases = _locked({telling.filing_id for telling in tellings})
        open_rows = {
            (row.filing_id, row.organisation_id, row.scope): row
            for row in Disclosure.objects.filter(filing__in=among(cases), withdrawn_at=None)
        }
        run_out: list[Disclosure] = []
        extended: list[Disclosure] = []
        added: list[Disclosure] = []
        found: list[Disclosure] = []
        for telling in tellings:
            key = (telling.filing_id, telling.organisation_id, telling.scope)
            row = open_rows.get(key)
            if row is not None and row.valid_until is not None and row.valid_until <= at:
                row.withdrawn_at = row.valid_until
                run_out.append(row)
                row = None
            if row is None:
                row = _new(telling, province=cases[telling.filing_id][-1], at=at)
                added.append(row)
            elif _extend(row, telling) and row.pk:
                extended.append(row)
            open_rows[key] = row
            found.append(row)
        update_rows(run_out, ["withdrawn_at"])
        update_rows(extended, ["basis", "valid_until"])
        insert_rows(added)
        _record([*added, *extended], cases, by=by, at=at)
    return found


def withdraw_disclosure(disclosure: Disclosure, *, by: Person, at: dt.datetime, note: str = "") -> Disclosure:
    """The firm takes back its consent; while a deal stands its bank keeps seeing the file."""
    with transaction.atomic():
        filing = lock(Filing.objects.filter(pk=disclosure.filing_id))[0]
        disclosure.refresh_from_db(from_queryset=Disclosure.objects.select_for_update(no_key=True))
        if not by.is_system and by.seat(filing.firm_id, *FIRM_ROLES) is None:
            raise NotAllowed
        if disclosure.basis == Disclosure.Basis.DEAL:
            raise Conflict(_("已与该银行对接，不能撤回披露。"), remedy=_("需要终止的，请先退出对接。"))
        if disclosure.withdrawn_at is not None:
            raise Conflict(_("此项披露已经撤回。"))
        disclosure.withdrawn_at = at
        disclosure.save(update_fields=["withdrawn_at"])
        record(filing, "withdraw_disclosure", by=by, at=at, note=note, changes={"organisation": disclosure.organisation_id})
    return disclosure


def end_many(filings: Sequence[Filing], *, at: dt.datetime) -> None:
    """Nobody but the partners of a deal sees these filings any more; what had run out keeps its own end."""
    rows = Disclosure.objects.filter(filing__in=filings, withdrawn_at=None).exclude(basis=Disclosure.Basis.DEAL)
    rows.filter(valid_until__lte=at).update(withdrawn_at=F("valid_until"))
    rows.update(withdrawn_at=at)


STRENGTH = (Disclosure.Basis.CONSENT, Disclosure.Basis.NAMED, Disclosure.Basis.DEAL)


def _locked(filing_ids: Collection[int]) -> dict[int, tuple[str, int, str]]:
    """Filing → its state, version and province, locked."""
    rows = Filing.objects.filter(pk__in=among(filing_ids)).order_by("pk").select_for_update(no_key=True)
    return {pk: (state, version, province) for pk, state, version, province in rows.values_list("pk", "state", "version", "province")}


def _new(telling: Telling, *, province: str, at: dt.datetime) -> Disclosure:
    return Disclosure(
        filing_id=telling.filing_id,
        organisation_id=telling.organisation_id,
        scope=telling.scope,
        basis=telling.basis,
        valid_from=at,
        valid_until=telling.until,
        province=province,
    )


def _extend(row: Disclosure, telling: Telling) -> bool:
    """Whether anything changed."""
    before = (row.basis, row.valid_until)
    row.basis = max(row.basis, telling.basis, key=STRENGTH.index)
    if row.valid_until is not None:
        row.valid_until = None if telling.until is None else max(row.valid_until, telling.until)
    return before != (row.basis, row.valid_until)


def _record(rows: Iterable[Disclosure], cases: Mapping[int, tuple[str, int, str]], *, by: Actor, at: dt.datetime) -> None:
    told = [(row.filing_id, *cases[row.filing_id], _as_told(row)) for row in rows]
    same = {"subject": "projects.filing", "verb": "disclose", "at": at, "by_user": by.user_id, "by_organisation_id": by.organisation_id}
    copy_rows(AuditEvent, ("subject_id", "target", "seen_version", "province", "changes"), told, same={**same, "by_label": by.label})


def _as_told(row: Disclosure) -> dict[str, Any]:
    until = row.valid_until.isoformat() if row.valid_until else None
    return {"organisation": row.organisation_id, "scope": row.scope, "basis": row.basis, "until": until}
