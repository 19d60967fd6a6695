"""The admin: whose desk has which list, who may add and change there, and whose row may be opened.

Nobody without a desk enters at all. A row is open to whoever has the desk and finds the row in its list; the list is that of
`visible_to`, or of the reader's province.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.db import models, transaction

from organisations.step_desk import ActDesk, StepDesk
from tests.factories import HUBEI
from tests.permissions.asking import ADMIN, OPEN, REFUSED, SIGN_IN
from tests.permissions.checking import Cells, typed
from tests.permissions.expected import OFFICE, STEPS
from tests.permissions.readers import NAMES, who
from tests.permissions.samples import for_step

STAFF = who("root zhao ndrc qian tan audit uadmin ops")
FLOW = who("root zhao ndrc audit")
MONEY = who(FLOW, "qian tan")
OPERATION = who("root ops")


def _desks(readers: frozenset[str], models: str) -> dict[str, frozenset[str]]:
    return dict.fromkeys(models.split(), readers)


# model → whose admin list it is
DESKS = (
    _desks(
        FLOW,
        "organisations.batch organisations.firmprofile organisations.industry organisations.industrytag organisations.region"
        " organisations.policynotice organisations.registration organisations.regiontag organisations.reviewchain organisations.unit lenders.product lenders.appetite lenders.appetiteletter"
        " projects.project projects.filing projects.need matching.round matching.recommendation matching.nonmatch matching.refusal"
        " matching.weights matching.floor matching.pinban deals.invitation deals.seconddocking deals.dockinglist common.auditseal common.deadline deals.declinecode",
    )
    | _desks(
        MONEY,
        "organisations.policyparameter organisations.programme lenders.bank lenders.branch schemes.scheme schemes.schemeversion"
        " schemes.stacking schemes.grantstacking schemes.budget schemes.budgetdocument deals.deal deals.drawdown deals.interestreceipt"
        " deals.subsidyclaim deals.accrualline deals.fundingbatch deals.batchobjection deals.recovery deals.crosscheckflag deals.companyrecord deals.shareholding deals.openingloan deals.othersupport ledger.ledgeraccount ledger.entry common.auditevent",
    )
    | _desks(who("root"), "organisations.firmbar organisations.reviewreason schemes.relendingfacility")
    | _desks(who("root"), "axes.accessfailurelog axes.accesslog")
    | _desks(FLOW, "projects.appeal projects.changerequest projects.changerule projects.checkkind projects.consultation")
    | _desks(
        OPERATION, "exchange.delivery exchange.notice axes.accessattempt django_celery_results.taskresult django_celery_beat.periodictask"
    )
    | {
        "organisations.organisation": MONEY,
        **_desks(who(MONEY, "uadmin"), "organisations.declaredinterest organisations.cover"),
        "organisations.user": who("root"),
        "organisations.membership": who("root"),
        "common.calendarexception": who(MONEY, "ops"),
    }
)
# model → who adds and changes rows there; to everybody else it is read-only
EDITS = {
    "organisations.batch": who("root zhao ndrc"),
    "organisations.reviewchain": who("root zhao ndrc"),
    **_desks(
        who("root zhao"),
        "organisations.policyparameter organisations.regiontag organisations.industrytag organisations.unit lenders.product matching.floor projects.changerule"
        " projects.checkkind",
    ),
    **_desks(
        who("root qian"),
        "schemes.scheme schemes.schemeversion schemes.stacking schemes.grantstacking deals.companyrecord deals.shareholding",
    ),
    "organisations.policynotice": who("root zhao ndrc"),
    **_desks(who("root"), "organisations.user organisations.membership organisations.organisation organisations.firmbar lenders.branch"),
    "common.calendarexception": who("root zhao ops"),
}


# model → the kind whose steps are its rows' buttons
STEPS_AT = {
    "projects.filing": "filings",
    "deals.invitation": "invitations",
    "deals.deal": "deals",
    "deals.seconddocking": "second-dockings",
    "deals.subsidyclaim": "claims",
    "deals.recovery": "recoveries",
    "deals.openingloan": "opening-loans",
    "deals.crosscheckflag": "flags",
    "deals.fundingbatch": "funding-batches",
    "deals.batchobjection": "objections",
    "matching.round": "rounds",
    "organisations.registration": "registrations",
}
# model → (the sample, its other buttons: who may press them)
ACTS: Mapping[str, tuple[str, Mapping[str, frozenset[str]]]] = {
    "matching.weights": ("weights", dict.fromkeys(("approve", "replace"), OFFICE)),
    "matching.pinban": ("pins", dict.fromkeys(("approve", "end"), OFFICE)),
    "lenders.appetiteletter": ("letters", dict.fromkeys(("register", "void"), OFFICE)),
    "deals.drawdown": ("drawdowns", {"check_invoice": who("zhao qian ndrc")}),
    "schemes.budget": ("budgets", {"document": who("qian")}),
    "organisations.declaredinterest": ("interests", {"end": who("uadmin")}),  # of the declarer's own unit
    "organisations.cover": ("covers", {"end": who("uadmin")}),
}
# model → the buttons of its list
LIST_ACTS = {
    "matching.round": {"plan": OFFICE},
    "matching.weights": {"draft": OFFICE},
    "matching.pinban": {"set": OFFICE},
    "lenders.appetiteletter": {"enter": OFFICE},
    "schemes.budget": {"open": who("qian")},
    "deals.fundingbatch": {"draft": who("qian tan")},
    "deals.seconddocking": {"dock": who("zhao ndrc")},
    "deals.recovery": {"doubt": who("zhao ndrc qian tan")},
    "deals.othersupport": {"register": who("zhao ndrc qian")},
    "organisations.declaredinterest": {"declare": who("zhao ndrc qian tan")},
}


def registered() -> set[str]:
    return {model._meta.label_lower for model in admin.site._registry}


def acts_offered() -> dict[str, tuple[set[str], set[str]]]:
    """Model → the buttons of its rows, those of its list."""
    desks = {model._meta.label_lower: desk for model, desk in admin.site._registry.items() if isinstance(desk, ActDesk)}
    return {label: ({*desk.acts, *getattr(desk, "step_functions", ())}, set(desk.list_acts)) for label, desk in desks.items()}


def acts_expected() -> dict[str, tuple[set[str], set[str]]]:
    labels = {*STEPS_AT, *ACTS, *LIST_ACTS}
    return {label: (set(_of_rows(label)[1]), set(LIST_ACTS.get(label, ()))) for label in labels}


def _of_rows(label: str) -> tuple[str, Mapping[str, frozenset[str]]]:
    """The sample of a model, and who may press each of its buttons."""
    if label in STEPS_AT:
        return STEPS_AT[label], STEPS[STEPS_AT[label]]
    return ACTS.get(label, ("", {}))


def check(cells: Cells, model: type[models.Model]) -> None:
    """Every page of one model's desk, for every reader."""
    label, desk = model._meta.label_lower, admin.site._registry[model]
    base = _base(label)
    may, edits = DESKS[label], EDITS.get(label, who())
    cells.ask_each("GET", base, _expected(may))
    cells.ask_each("GET", f"{base}add/", _expected(edits))
    cells.ask_each("POST", f"{base}add/", _expected(edits))
    row = model._base_manager.order_by("pk").first()
    if row is not None:
        finds = _finders(cells, desk, label, row)
        cells.ask_each("GET", f"{base}{row.pk}/change/", _expected(finds))
        cells.ask_each("GET", f"{base}{row.pk}/history/", _expected(finds))
        own = edits if getattr(row, "province", HUBEI) == HUBEI else who("root")  # what is the nation's is read here and changed elsewhere
        cells.ask_each("POST", f"{base}{row.pk}/change/", _expected(edits & finds & own))
        cells.ask_each("POST", f"{base}{row.pk}/delete/", _expected(who("root") & _deletes(desk) & finds))


def check_acts(cells: Cells, label: str) -> None:
    """Every button of one model's desk: looked at and pressed, on a row in a state in which it may be, and for many rows at once."""
    desk = next(desk for model, desk in admin.site._registry.items() if model._meta.label_lower == label)
    for name, may in LIST_ACTS.get(label, {}).items():
        _press(cells, f"{_base(label)}do/{name}/", may & DESKS[label], typed(desk.list_acts[name].params))
    sample, buttons = _of_rows(label)
    for name, may in buttons.items():
        with transaction.atomic():
            row = for_step(cells.scene, sample, name)[0] if isinstance(desk, StepDesk) else cells.scene.rows[sample]
            entered = typed(desk.acts_of(row)[name].params) | {"note": "理由"}
            finds = _finders(cells, desk, label, row)
            _press(cells, f"{_base(label)}{row.pk}/do/{name}/", may & finds, entered | {"seen": desk.seen_of(row)})
            if name in getattr(desk, "bulk_verbs", ()):
                _press_many(
                    cells,
                    f"{_base(label)}many/{name}/",
                    may & finds,
                    DESKS[label] - finds,
                    entered | {"row": f"{row.pk}:{desk.seen_of(row)}"},
                )
            transaction.set_rollback(True)


def _press(cells: Cells, path: str, may: frozenset[str], data: Mapping[str, Any]) -> None:
    expected = _expected(may)
    cells.ask_each("GET", path, expected)
    cells.ask_apart(path, may, {name: expected[name] for name in cells.asked(may, "act")}, data)


def _press_many(cells: Cells, path: str, may: frozenset[str], blind: frozenset[str], data: Mapping[str, Any]) -> None:
    """To those at the desk who do not find the row, nothing happens: of rows one cannot see there are none."""
    expected = _expected(may)
    cells.ask_apart(path, may, {name: expected[name] for name in cells.asked(may, "many") if name not in blind}, data)


def _base(label: str) -> str:
    return f"{ADMIN}{label.replace('.', '/')}/"


def _expected(may: Iterable[str]) -> dict[str, str]:
    return {name: OPEN if name in may else REFUSED if name in STAFF else SIGN_IN for name in NAMES}


def _finders(cells: Cells, desk: Any, label: str, row: models.Model) -> frozenset[str]:
    """Of those whose desk it is, whoever finds this row in its list."""
    asked = [name for name in DESKS[label] if name in cells.readers]
    return who(name for name in asked if desk.get_queryset(cells.request(name)).filter(pk=row.pk).exists())


def _deletes(desk: Any) -> frozenset[str]:
    return who("root") if getattr(desk, "may_delete", False) else who()
