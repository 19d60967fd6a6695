"""The admin: whose desk has which list, who may add and change there, and whose row may be opened.

Nobody without a desk enters at all. A row is open to whoever has the desk and finds the row in its list; the list is that of
`visible_to`, or of the reader's province.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.db import models

from organisations.step_desk import ActDesk, StepDesk
from tests.factories import HUBEI
from tests.permissions.asking import OPEN, REFUSED, SIGN_IN
from tests.permissions.checking import Cells
from tests.permissions.readers import NAMES, who

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
        " matching.weights matching.floor matching.pinban deals.invitation common.auditseal common.deadline deals.declinecode",
    )
    | _desks(
        MONEY,
        "organisations.policyparameter organisations.programme lenders.bank lenders.branch schemes.scheme schemes.schemeversion"
        " schemes.stacking schemes.grantstacking schemes.budget schemes.budgetdocument deals.deal deals.drawdown deals.interestreceipt"
        " deals.subsidyclaim deals.accrualline deals.fundingbatch deals.othersupport ledger.ledgeraccount ledger.entry common.auditevent",
    )
    | _desks(who("root"), "organisations.firmbar organisations.reviewreason schemes.relendingfacility deals.recovery")
    | _desks(who("root"), "axes.accessfailurelog axes.accesslog")
    | _desks(FLOW, "projects.appeal projects.changerequest projects.changerule projects.checkkind projects.consultation")
    | _desks(
        OPERATION, "exchange.delivery exchange.notice axes.accessattempt django_celery_results.taskresult django_celery_beat.periodictask"
    )
    | {
        "organisations.organisation": MONEY,
        "organisations.declaredinterest": who(MONEY, "uadmin"),
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
    **_desks(who("root qian"), "schemes.scheme schemes.schemeversion schemes.stacking schemes.grantstacking"),
    "organisations.policynotice": who("root zhao ndrc"),
    **_desks(who("root"), "organisations.user organisations.membership organisations.organisation organisations.firmbar lenders.branch"),
    "common.calendarexception": who("root zhao ops"),
}


def registered() -> set[str]:
    return {model._meta.label_lower for model in admin.site._registry}


def check(cells: Cells, model: type[models.Model]) -> None:
    """Every page of one model's desk, for every reader."""
    label, desk = model._meta.label_lower, admin.site._registry[model]
    base = f"/admin/{label.replace('.', '/')}/"
    may, edits = DESKS[label], EDITS.get(label, who())
    cells.ask_each("GET", base, _expected(may))
    cells.ask_each("GET", f"{base}add/", _expected(edits))
    cells.ask_each("POST", f"{base}add/", _expected(edits))
    row = model._base_manager.order_by("pk").first()
    if row is not None:
        finds = who(name for name in may if name in cells.readers and _finds(cells, desk, name, row))
        cells.ask_each("GET", f"{base}{row.pk}/change/", _expected(finds))
        cells.ask_each("GET", f"{base}{row.pk}/history/", _expected(finds))
        own = edits if getattr(row, "province", HUBEI) == HUBEI else who("root")  # what is the nation's is read here and changed elsewhere
        cells.ask_each("POST", f"{base}{row.pk}/change/", _expected(edits & finds & own))
        cells.ask_each("POST", f"{base}{row.pk}/delete/", _expected(who("root") & _deletes(desk) & finds))
    for path in _acts(desk, base, row):
        cells.ask_each("GET", path, _expected(may))


def _expected(may: Iterable[str]) -> dict[str, str]:
    return {name: OPEN if name in may else REFUSED if name in STAFF else SIGN_IN for name in NAMES}


def _finds(cells: Cells, desk: Any, name: str, row: models.Model) -> bool:
    return desk.get_queryset(cells.request(name)).filter(pk=row.pk).exists()


def _deletes(desk: Any) -> frozenset[str]:
    return who("root") if getattr(desk, "may_delete", False) else who()


def _acts(desk: Any, base: str, row: Any) -> Iterator[str]:
    if isinstance(desk, ActDesk):
        yield from (f"{base}do/{name}/" for name in desk.list_acts)
    if isinstance(desk, StepDesk):
        yield from (f"{base}many/{verb}/" for verb in desk.bulk_verbs)
