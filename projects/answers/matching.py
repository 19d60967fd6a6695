"""Which reported case a row of the ministry's list means. Pure: rows and cases in, findings out.

A row is matched only where its project code is that of one reported case and nothing else it says contradicts that case. Whatever
lacks a code, or tells another name, is left to an officer, with the cases it may mean; it never falls back on a likeness by itself.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from projects.models import AnswerRow

SUGGESTED_MAX = 3
ALIKE = 0.5
Doubt = AnswerRow.Doubt


@dataclass(frozen=True)
class Told:
    """One row as it was typed. `problem`: what could not be read of it."""

    line: int
    project_code: str = ""
    uscc: str = ""
    firm_name: str = ""
    project_name: str = ""
    verdict: str = AnswerRow.Verdict.UNKNOWN
    list_number: str = ""
    reason: str = ""
    problem: str = ""
    cells: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reported:
    """A case that waits for the answer."""

    filing: int
    project_code: str
    uscc: str
    firm_name: str
    project_name: str


@dataclass(frozen=True)
class Finding:
    """`filing` where there is no doubt, else the doubt and the cases that may be meant, the likeliest first."""

    filing: int | None = None
    doubt: str = ""
    suggested: tuple[int, ...] = ()


def match(rows: Sequence[Told], reported: Iterable[Reported]) -> list[Finding]:
    """A finding for each row, in their order."""
    known = list(reported)
    by_code: dict[str, list[Reported]] = defaultdict(list)
    for case in known:
        by_code[_code(case.project_code)].append(case)
    likeness = Likeness(known)
    found = [_find(row, by_code, likeness) for row in rows]
    times = Counter(finding.filing for finding in found if finding.filing is not None)
    return [_doubted(finding, Doubt.TWICE, (finding.filing,)) if times[finding.filing] > 1 else finding for finding in found]


def _find(row: Told, by_code: Mapping[str, Sequence[Reported]], likeness: "Likeness") -> Finding:
    code = _code(row.project_code)
    cases = by_code.get(code, ()) if code else ()
    if not cases:
        return Finding(doubt=Doubt.UNKNOWN_CODE if code else Doubt.NO_CODE, suggested=likeness.of(row))
    agreeing = [case for case in cases if not _contradiction(row, case)]
    if len(agreeing) != 1:
        return Finding(doubt=_contradiction(row, cases[0]) or Doubt.TWICE, suggested=tuple(case.filing for case in cases[:SUGGESTED_MAX]))
    if row.verdict == AnswerRow.Verdict.UNKNOWN:
        return Finding(doubt=Doubt.NO_VERDICT, suggested=(agreeing[0].filing,))
    return Finding(filing=agreeing[0].filing)


def _contradiction(row: Told, case: Reported) -> str:
    if row.uscc and _code(row.uscc) != _code(case.uscc):
        return Doubt.USCC_DIFFERS
    names = ((row.firm_name, case.firm_name), (row.project_name, case.project_name))
    return Doubt.NAME_DIFFERS if any(told and _name(told) != _name(ours) for told, ours in names) else ""


def _doubted(finding: Finding, doubt: str, suggested: tuple[Any, ...]) -> Finding:
    return replace(finding, filing=None, doubt=doubt, suggested=suggested)


class Likeness:
    """Cases by the pairs of neighbouring characters in their names: a few look-ups for a row, whatever the number of cases."""

    def __init__(self, cases: Sequence[Reported]) -> None:
        self.pairs = {case.filing: (_pairs(case.firm_name), _pairs(case.project_name)) for case in cases}
        self.by_uscc = {_code(case.uscc): case.filing for case in cases if case.uscc}
        self.holding: dict[str, list[int]] = defaultdict(list)
        for filing, (firm, project) in self.pairs.items():
            for pair in firm | project:
                self.holding[pair].append(filing)

    def of(self, row: Told) -> tuple[int, ...]:
        """The cases a row may mean: the firm's own first, then by the likeness of the names."""
        firm, project = _pairs(row.firm_name), _pairs(row.project_name)
        met = Counter(filing for pair in firm | project for filing in self.holding.get(pair, ()))
        scores = {filing: self._score(filing, firm, project) for filing, _n in met.most_common(50)}
        if own := self.by_uscc.get(_code(row.uscc)) if row.uscc else None:
            scores[own] = scores.get(own, 0.0) + 1.0
        ranked = sorted((filing for filing, score in scores.items() if score >= ALIKE), key=lambda filing: (-scores[filing], filing))
        return tuple(ranked[:SUGGESTED_MAX])

    def _score(self, filing: int, firm: frozenset[str], project: frozenset[str]) -> float:
        ours = self.pairs[filing]
        told = [(mine, theirs) for mine, theirs in zip((firm, project), ours, strict=True) if mine]
        return sum(_dice(mine, theirs) for mine, theirs in told) / len(told) if told else 0.0


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 0.0


def _pairs(text: str) -> frozenset[str]:
    plain = _name(text)
    return frozenset(plain[place : place + 2] for place in range(len(plain) - 1))


def _code(text: str) -> str:
    """A code as anybody may type it: full-width characters, blanks, hyphens or none, small letters."""
    return "".join(unicodedata.normalize("NFKC", text).split()).replace("-", "").upper()


def _name(text: str) -> str:
    """A name without what two typists would do differently: blanks, and the width of characters and brackets."""
    return "".join(unicodedata.normalize("NFKC", text).split())
