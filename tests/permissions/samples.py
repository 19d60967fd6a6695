"""One of everything, in two copies: Lin's case, of Hongshan and ICBC, and Mo's, of Jiangxia and Hubei Bank.

Whoever may know the one may not know the other, so that each "may not" has something that could have leaked.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from common.steps import Step
from config.api import RESOURCES
from deals.models import InterestReceipt, LoanCost, OpeningLoan, ReportingMonth
from deals.opening import steps as opening
from lenders.models import AppetiteLetter
from lenders.states import LETTER_STEPS
from matching import collect
from matching.commitments import Commitments
from matching.models import PinBan, Round, RoundData, Scenario, Weights
from matching.states import WEIGHTS_STEPS
from organisations import interests
from organisations.actors import person
from organisations.identifiers import make_uscc
from organisations.models import Cover, Organisation, Registration, User
from portal.views.steps import KINDS
from projects.models import AnswerRow, Filing, MinistryAnswer, ProjectFile
from tests import factories
from tests.deals.opening import stock
from tests.factories import HUBEI, NOW, TODAY, World
from tests.people import Cast
from tests.permissions import hanging, readers
from tests.permissions.hanging import PAPER, Place
from tests.portal import cases

SAMPLES_OF = {
    "filings": ("drafts", "reviews", "returned", "filings"),
    "claims": ("bank-claims", "claims"),
}  # the first whose state is right, else the last
LINS = Place("420111", "IND-420111", "ICBC-WH", "lin", "chen")
MOS = Place("420115", "IND-420115", "HBB-WH", "mo_firm", "mo_county")


@dataclass
class Scene:
    """`rows`: a sample of each kind by its name, those of Lin's case. `lins` and `mos`: what only those of the case may read."""

    users: dict[str, User]
    rows: dict[str, Any]
    lins: tuple[str, ...]
    mos: tuple[str, ...]
    mos_rows: dict[str, Any] = field(default_factory=dict)

    @property
    def firms(self) -> tuple[str, str]:
        """The names alone."""
        return self.lins[0], self.mos[0]

    def number(self, value: Any) -> Any:
        """`"#deals"` in an address or a body: that sample's number."""
        return self.rows[value[1:]].pk if isinstance(value, str) and value.startswith("#") else value


def scene(world: World, cast: Cast) -> Scene:
    users = readers.seated(world, cast)
    lins = _case(world, users, cast.firm, LINS)
    mos = _case(world, users, cast.other_firm, MOS)
    return Scene(users, lins | _of_everybody(world, users, lins), _secrets(cast.firm, lins), _secrets(cast.other_firm, mos), mos)


def _case(world: World, users: Mapping[str, User], firm: Organisation, place: Place) -> dict[str, Any]:
    """A draft, filings on the way, and one listed with all that follows: file, invitation, deal, claim, recommendation, whatever hangs on it."""
    where, branch = {"region": place.region, "unit": place.unit}, place.branch
    of_state = {
        state: factories.filing(world, firm, state=state, **where) for state in ("draft", "in_review", "returned", "refused", "listed")
    }
    refused = of_state["refused"]
    refused.current_step = refused.steps.get(position=1)
    refused.save(update_fields=["current_step"])
    lent = factories.filing(world, firm, **where)
    filing = of_state["listed"]
    disclosure = cases.disclosure(world, filing, branch)
    file = ProjectFile.objects.create(
        filing=filing, kind="other", name="附件.pdf", content=PAPER, size=1, sha256=cases.DIGEST, uploaded_at=NOW, province=HUBEI
    )
    round_ = cases.round_(world)
    recommendation = cases.recommendation(world, round_, filing, branch)
    invitation = cases.invitation(world, filing, branch, recommendation=recommendation)
    cases.disclosure(world, lent, branch, basis="deal")
    deal = cases.deal(world, lent, branch, state="drawing")
    drawdown = cases.drawdown(deal)
    docking = cases.docking(filing, world[place.unit])
    claim, batch = cases.claim(world, deal), cases.batch(world)
    receipt = InterestReceipt.objects.create(
        deal=deal, period_start=TODAY, period_end=TODAY, paid_on=TODAY, amount=1, slip_no=f"FX-{firm.pk}", province=HUBEI
    )
    return {
        "drafts": of_state["draft"],
        "reviews": Filing.objects.get(pk=of_state["in_review"].pk),
        "returned": Filing.objects.get(pk=of_state["returned"].pk),
        "filings": filing,
        "needs": cases.need_of(filing),
        "files": file,
        "disclosures": disclosure,
        "invitations": invitation,
        "deals": deal,
        "second-dockings": docking,
        "docking-lists": cases.docking_list(docking),
        "drawdowns": drawdown,
        "interest-receipts": receipt,
        "loan-costs": LoanCost.objects.create(deal=deal, kind="guarantee", charged_by="担保公司", due="once", amount=1, province=HUBEI),
        "claims": claim,
        "recoveries": cases.recovery(world, deal),
        "flags": cases.flag(claim, drawdown),
        "funding-batches": batch,
        "objections": cases.objection(batch, claim),
        "bank-claims": cases.claim(world, deal, scheme=world.central.scheme, state="forecast", office=world["FIN-420100"]),
        "recommendations": recommendation,
        "non-matches": cases.non_match(round_, filing),
        "rounds": round_,
        **hanging.on(world, users, place, of_state),
    }


def _of_everybody(world: World, users: Mapping[str, User], lins: Mapping[str, Any]) -> dict[str, Any]:
    round_ = cases.round_(world)
    answer = MinistryAnswer.objects.create(
        programme=world.programme,
        track="industry",
        number="工信〔2026〕1号",
        list_number="2026-01",
        listed_on=TODAY,
        file_name="清单.xlsx",
        sha256=cases.DIGEST,
        entered_by=users["zhao"],
        entered_at=NOW,
        province=HUBEI,
    )
    registration = Registration.objects.create(
        uscc=make_uscc("420111", 900_777),
        firm_name="湖北新来设备有限公司",
        region=world.regions["420111"],
        unit=world.units["IND-420111"],
        applicant_name="新来",
        applicant_phone="139",
        licence=PAPER,
        authorisation=PAPER,
        digest=cases.DIGEST,
        asked_at=NOW,
        province=HUBEI,
    )
    return {
        "registrations": registration,
        "scenarios": Scenario.objects.create(round=round_, name="情景", asked_at=NOW, time_limit_s=1, province=HUBEI),
        "appetites": world.appetites["ICBC-WH"],
        "accounts": world.appetites["ICBC-WH"].account,
        "interests": interests.declare(world.branches["CCB-WH"].organisation, reason="亲属任职", by=person(users["chen"], at=NOW), at=NOW),
        "covers": _cover(world, users),
        "opening-loans": _opening(world, users),
        "banks": world.banks["ICBC"],
        "branches": world.branches["ICBC-WH"],
        "regions": world.regions["420111"],
        "industries": world.industries["36"],
        "programmes": world.programme,
        "batches": world.batches[0],
        "schemes": world.addon.scheme,
        "decline-codes": world.decline_codes["own_funds"],
        "answers": answer,
        "answer-rows": AnswerRow.objects.create(
            answer=answer,
            line=1,
            project_name=lins["filings"].title,
            verdict="listed",
            state="open",
            doubt="no_code",
            filing=lins["filings"],
            province=HUBEI,
        ),
        "pins": PinBan.objects.create(
            kind="ban",
            need=lins["needs"],
            branch=world.branches["CCB-WH"],
            reason="理由",
            set_by=users["sun"],
            valid_from=TODAY,
            province=HUBEI,
        ),
        "letters": AppetiteLetter.objects.create(
            programme=world.programme,
            bank=world.banks["ICBC"],
            number="工银函〔2026〕1号",
            dated_on=TODAY,
            period="2026H1",
            valid_from=TODAY,
            valid_to=TODAY,
            entered_by=users["sun"],
            entered_at=NOW,
            province=HUBEI,
        ),
        "weights": world.weights,
        "budgets": world.budgets[2026],
        "reporting-months": ReportingMonth.objects.create(month=TODAY.replace(month=1, day=1), province=HUBEI),
    }


def _cover(world: World, users: Mapping[str, User]) -> Cover:
    """Of next month: who stands in today would be somebody else in every cell."""
    days = {"from_on": TODAY + dt.timedelta(days=30), "to_on": TODAY + dt.timedelta(days=31)}
    who = {"absent": users["chen"], "deputy": users["hu"], "named_by": users["chen"]}
    return Cover.objects.create(organisation=world.units["IND-420111"].organisation, named_at=NOW, province=HUBEI, **who, **days)


def _opening(world: World, users: Mapping[str, User]) -> OpeningLoan:
    """Of a firm that neither Lin nor Mo has to do with, entered by a colleague of Zhao's."""
    return opening.propose(stock.told(world, branch="CCB-WH"), province=HUBEI, by=person(users["sun"], at=NOW), at=NOW)


def _secrets(firm: Organisation, case: Mapping[str, Any]) -> tuple[str, ...]:
    filings = [case[name] for name in ("reviews", "returned", "filings")]
    return (firm.name, firm.uscc, *(filing.title for filing in filings), *(filing.project.code for filing in filings))


DECIDED = {"amount": 100, "document_no": "鄂财监示〔2026〕1号"}
WAITING = {"waiting_since": NOW, "waiting_until": NOW + dt.timedelta(days=5), "waiting_for": "报表"}
FORCED: Mapping[tuple[str, str], Callable[[Scene], Mapping[str, Any]]] = {  # what beside its state makes a step somebody's
    ("rounds", "publish"): lambda scene: _solved(scene.rows["rounds"]) | {"proposed_by": scene.users["sun"]},
    ("weights", "approve"): lambda scene: {"drafted_by": scene.users["sun"], "approved_by": None},
    ("deals", "confirm_direct"): lambda scene: {"origin": "direct", "registered_by": scene.rows["branches"].organisation_id},
    ("deals", "answer"): lambda _scene: WAITING,
    ("second-dockings", "leave"): lambda _scene: {"seeks_round": True, "rounds_used": 1},
    ("deals", "approve_credit"): lambda _scene: {"signed_amount": None},
    ("invitations", "answer"): lambda _scene: WAITING,
    ("funding-batches", "pay"): lambda _scene: {"document_no": "鄂财金示〔2026〕1号"},
    ("recoveries", "receive"): lambda _scene: DECIDED,
    ("recoveries", "refer"): lambda _scene: DECIDED,
}


def _solved(round_: Round) -> dict[str, Any]:
    """With what publishing reads of a solved round."""
    weights = Weights.objects.get()
    header, arrays = collect.snapshot_of(round_, weights=weights, commitments=Commitments(), next_round_on=TODAY, at=NOW).packed
    RoundData.objects.create(round=round_, header=header, arrays=arrays)
    return {"weights": weights}


def for_step(scene: Scene, kind: str, verb: str) -> tuple[Any, Step]:
    """The sample on which a step is tried, in a state in which it may be taken, and the step's row of the state table."""
    for row in (scene.rows[name] for name in SAMPLES_OF.get(kind, (kind,))):
        step = _steps(kind, row).get(verb)
        if step is not None and (row.state in step.source or row is scene.rows[SAMPLES_OF.get(kind, (kind,))[-1]]):
            break
    else:
        raise LookupError(f"no sample of {kind} for {verb}")
    changes = dict(FORCED[kind, verb](scene)) if (kind, verb) in FORCED else {}
    if row.state not in step.source:
        changes["state"] = min(step.source)
    if changes:
        type(row).objects.filter(pk=row.pk).update(**changes)
        row = type(row).objects.get(pk=row.pk)
    return row, step


DESK_STEPS = {"weights": WEIGHTS_STEPS, "letters": LETTER_STEPS}  # taken in the admin alone


def _steps(kind: str, row: Any) -> Mapping[str, Step]:
    if kind in DESK_STEPS:
        return DESK_STEPS[kind]
    return KINDS[kind].steps(row) if kind in KINDS else next(each for each in RESOURCES if each.kind == kind).steps_of(row)
