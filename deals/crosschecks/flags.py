"""Flags: found when a claim is reviewed, each night, and when an office asks; answered with a reason before the claim is approved.

What is found at the moment of approval and was never asked about refuses the approval: the check is run first.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import Problem
from common.steps import Step, lock, record_many, take
from deals.clocks import day
from deals.crosschecks import gather, words
from deals.crosschecks.models import CrossCheckFlag
from deals.crosschecks.rules import Finding, check
from deals.models import AccrualLine, SubsidyClaim
from deals.states import interested_in
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Unit

F = CrossCheckFlag.State
Found = Mapping[int, Sequence[Finding]]
OF_FLAG = (
    "claim__scheme",
    "claim__office",
    "claim__deal__firm",
    "claim__deal__filing",
    "claim__deal__branch__organisation",
    "claim__deal__branch__bank",
)


def by_checking_office(flag: CrossCheckFlag, by: Person) -> bool:
    """Of the office that decides the claim; of money decided outside, the province's finance office."""
    if flag.claim.office_id is not None:
        return by.unit_seat(flag.claim.office_id, *REVIEW_ROLES) is not None
    return by.office(*REVIEW_ROLES, line=Unit.Line.FINANCE, province=flag.province) is not None


def interested(flag: CrossCheckFlag, by: Person) -> bool:
    return interested_in(flag.claim.deal, by)


FLAG_STEPS: dict[str, Step] = {
    "dismiss": Step(frozenset({F.OPEN, F.UPHELD}), F.DISMISSED, by_checking_office, _("排除"), needs_note=True, recuses=interested),
    "uphold": Step(frozenset({F.OPEN, F.DISMISSED}), F.UPHELD, by_checking_office, _("属实"), needs_note=True, recuses=interested),
}


def dismiss(flag: CrossCheckFlag, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> CrossCheckFlag:
    return _answer(flag, "dismiss", by=by, at=at, seen=seen, note=note)


def uphold(flag: CrossCheckFlag, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> CrossCheckFlag:
    return _answer(flag, "uphold", by=by, at=at, seen=seen, note=note)


FLAG_ACTIONS: Mapping[str, Callable[..., Any]] = {"dismiss": dismiss, "uphold": uphold}


def _answer(flag: CrossCheckFlag, verb: str, **how: Any) -> CrossCheckFlag:
    with transaction.atomic():
        lock(SubsidyClaim.objects.filter(pk=flag.claim_id))
        row = CrossCheckFlag.objects.select_related(*OF_FLAG).get(pk=flag.pk)
        answered: CrossCheckFlag = take(FLAG_STEPS, verb, row, changes={"answer": how["note"].strip()}, **how)
    return answered


def find(claims: Sequence[SubsidyClaim], *, at: dt.datetime) -> Found:
    """Claim → what the rules find now about the drawdowns it is for. Nothing is written."""
    of_claim: dict[int, set[int]] = defaultdict(set)
    for pk, drawdown in AccrualLine.objects.filter(claim__in=claims).values_list("claim", "drawdown"):
        of_claim[pk].add(drawdown)
    found: dict[int, Sequence[Finding]] = {claim.pk: () for claim in claims}
    for province in sorted({claim.province for claim in claims}):
        mine = [claim for claim in claims if claim.province == province]
        uses = gather.uses(gather.drawdowns({claim.deal_id for claim in mine}))
        ground = gather.ground(list(uses.values()), province=province, on=day(at))
        for claim in mine:
            found[claim.pk] = [finding for pk in sorted(of_claim[claim.pk]) for finding in check(uses[pk], ground)]
    return found


def flag(claims: Sequence[SubsidyClaim], *, by: Person, at: dt.datetime) -> list[CrossCheckFlag]:
    """Write down what is found and was not known; a flag once answered stays answered. Returns the new ones."""
    if not claims:
        return []
    with transaction.atomic():
        lock(SubsidyClaim.objects.filter(pk__in=[claim.pk for claim in claims]))
        known, found = _known(claims), find(claims, at=at)
        fresh = [
            CrossCheckFlag(
                claim=claim,
                drawdown_id=finding.drawdown,
                rule=finding.rule,
                key=finding.key,
                evidence=dict(finding.evidence),
                found_at=at,
                province=claim.province,
            )
            for claim in claims
            for finding in found[claim.pk]
            if _name(claim.pk, finding) not in known
        ]
        CrossCheckFlag.objects.bulk_create(fresh, batch_size=1000)
        record_many(fresh, "flag", by=by, at=at)
    return fresh


def unanswered(claims: Sequence[SubsidyClaim], *, at: dt.datetime) -> Mapping[int, list[Problem]]:
    """Claim → why it may not be approved yet: what was found and not dismissed, and what nobody has asked about."""
    known, problems = _known(claims), defaultdict(list)
    for row in known.values():
        if row.state != F.DISMISSED:
            problems[row.claim_id].append(_not_answered(row))
    for claim, findings in find(claims, at=at).items():
        problems[claim] += [_not_asked(finding) for finding in findings if _name(claim, finding) not in known]
    return problems


def _known(claims: Iterable[SubsidyClaim]) -> dict[tuple[int, int, str, str], CrossCheckFlag]:
    rows = CrossCheckFlag.objects.filter(claim__in=[claim.pk for claim in claims]).order_by("pk")
    return {(row.claim_id, row.drawdown_id, row.rule, row.key): row for row in rows}


def _name(claim: int, finding: Finding) -> tuple[int, int, str, str]:
    return claim, finding.drawdown, finding.rule, finding.key


def _not_answered(row: CrossCheckFlag) -> Problem:
    message = _("核查提示“%(rule)s”：%(told)s") % {"rule": words.LABELS[row.rule], "told": words.told(row.rule, row.evidence)}
    if row.state == F.UPHELD:
        return Problem("flags", "flag_upheld", message, _("已认定属实，不能批准；请不予支持，或就该笔贷款提出存疑。"))
    return Problem("flags", "flag_open", message, _("请核实后逐条写明理由，再行批准。"))


def _not_asked(finding: Finding) -> Problem:
    message = _("新的核查提示“%(rule)s”：%(told)s") % {
        "rule": words.LABELS[finding.rule],
        "told": words.told(finding.rule, finding.evidence),
    }
    return Problem("flags", "flag_new", message, _("请先点“重新核查”登记提示，核实后再行批准。"))
