"""What was really drawn, repaid and refunded. Facts are recorded as they are; only what cannot be is refused, with field and remedy.

Each is known by the bank's slip number: the same slip sent again answers with the first row.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, Invalid, NotAllowed, Problem
from common.money import format_wan
from common.steps import Taken, actor_for, amend, lock, only, record, record_many, take, take_many
from deals import facility
from deals.bulk import By, one_by_one, rehearse
from deals.clocks import day
from deals.crosschecks.rules import number
from deals.invitations import loaded
from deals.models import Deal, Drawdown, EquipmentSerial, Repayment
from deals.states import DEAL_STEPS, by_bank
from ledger import accounts
from lenders.models import Branch
from organisations import policy
from organisations.actors import REVIEW_ROLES, Person
from organisations.models import Role, Unit
from projects.models import EquipmentItem

D = Deal.State
ZERO = Decimal(0)
INVOICE = re.compile(r"\d{20}|(?=.*[A-Z])[0-9A-Z]{4,40}")  # a full electronic one, or a foreign one, which has letters
INVOICE_MAX, SERIAL_MAX = 40, 60
SEPARATED = re.compile(r"[\s,，;；、]+")
DEFAULTS: dict[str, Any] = {
    "paid_to_supplier_on": None,
    "payee_uscc": "",
    "is_entrusted": True,
    "not_entrusted_reason": "",
    "invoice_no": "",
    "invoice_checked_on": None,
}


class Slip:
    """One drawdown as the bank's slip tells it, tidied."""

    def __init__(self, deal: Deal, *, slip_no: str, equipment: Iterable[EquipmentItem] = (), serial_nos: str = "", **facts: Any) -> None:
        self.deal, self.slip_no, self.equipment = deal, slip_no.strip(), list(equipment)
        self.serial_nos = list(dict.fromkeys(filter(None, SEPARATED.split(serial_nos.strip()))))
        if facts.get("equipment_amount") is None:
            facts["equipment_amount"] = facts["amount"]
        self.facts = DEFAULTS | {name: value.strip() if isinstance(value, str) else value for name, value in facts.items()}


class _Books:
    """What the drawdowns of some deals are checked against and numbered by."""

    def __init__(self, deals: Mapping[int, Deal], known: Iterable[Drawdown], days: set[dt.date]) -> None:
        self.deals = deals
        self.drawn: dict[int, list[Drawdown]] = {pk: [] for pk in deals}
        for row in known:
            self.drawn[row.deal_id].append(row)
        places = {(deal.province, on) for deal in deals.values() for on in days}
        self.thresholds = {(place, on): policy.value("entrusted_payment_above", province=place, on=on) for place, on in sorted(places)}
        banks = {(deal.branch_id, on) for deal in deals.values() for on in days}
        bank_of = dict(Branch.objects.filter(pk__in={branch for branch, _on in banks}).values_list("pk", "bank"))
        self.relending = facility.statuses({(bank_of[branch], on) for branch, on in banks})
        self.bank_of = bank_of

    def problems(self, slip: Slip, *, at: dt.datetime) -> list[Problem]:
        deal = self.deals[slip.deal.pk]
        left = deal.signed_amount - sum((row.amount for row in self.drawn[deal.pk]), ZERO)
        problems = [
            *_amount_problems(left, slip.facts),
            *_date_problems(deal, slip.facts, at=at),
            *_payment_problems(slip.slip_no, slip.facts, self.thresholds[deal.province, slip.facts["drawn_on"]]),
            *_invoice_problems(slip.facts, at=at),
        ]
        if any(len(serial) > SERIAL_MAX for serial in slip.serial_nos):
            problems.append(Problem("serial_nos", "too_long", _("设备编号过长。"), _("多个编号请用逗号分开。")))
        if any(row.project_id != deal.filing.project_id for row in slip.equipment):
            problems.append(Problem("equipment", "other_project", _("所选设备不属于本项目。"), _("请从本项目设备清单中选择。")))
        return problems

    def row(self, slip: Slip) -> Drawdown:
        deal = self.deals[slip.deal.pk]
        return Drawdown(
            deal=slip.deal,
            number=max((row.number for row in self.drawn[deal.pk]), default=0) + 1,
            slip_no=slip.slip_no,
            relending=self.relending[self.bank_of[deal.branch_id], slip.facts["drawn_on"]],
            invoice_status=Drawdown.Invoice.NORMAL if slip.facts["invoice_checked_on"] else Drawdown.Invoice.UNCHECKED,
            province=deal.province,
            **slip.facts,
        )


def draw(
    deal: Deal,
    *,
    by: Person,
    at: dt.datetime,
    seen: int,
    slip_no: str,
    drawn_on: dt.date,
    amount: Decimal,
    payee: str,
    equipment_amount: Decimal | None = None,
    payee_uscc: str = "",
    paid_to_supplier_on: dt.date | None = None,
    is_entrusted: bool = True,
    not_entrusted_reason: str = "",
    invoice_no: str = "",
    invoice_checked_on: dt.date | None = None,
    serial_nos: str = "",
    equipment: Iterable[EquipmentItem] = (),
    note: str = "",
) -> Drawdown:
    """Record a drawdown. Σ drawn stays within what was signed; a large payment is entrusted or says why not (受托支付)."""
    facts = {
        "slip_no": slip_no,
        "drawn_on": drawn_on,
        "amount": amount,
        "equipment_amount": equipment_amount,
        "paid_to_supplier_on": paid_to_supplier_on,
        "payee": payee,
        "payee_uscc": payee_uscc,
        "is_entrusted": is_entrusted,
        "not_entrusted_reason": not_entrusted_reason,
        "invoice_no": invoice_no,
        "invoice_checked_on": invoice_checked_on,
        "serial_nos": serial_nos,
        "equipment": equipment,
    }
    return only(draw_many([(deal, facts)], by=by, at=at, seen={deal.pk: seen}, note=note))


def draw_many(
    rows: Sequence[tuple[Deal, Mapping[str, Any]]],
    *,
    by: By,
    at: dt.datetime,
    seen: Mapping[int, int] | None = None,
    note: str = "",
) -> list[Taken]:
    """`draw` for (deal, facts) pairs; a deal may come several times. A result carries the drawdown, or the deal with the error."""
    results: dict[int, Taken] = {}
    with transaction.atomic():
        waiting = list(enumerate(rows))
        while waiting:  # each deal once a wave, so that every drawdown sees the ones before it
            deals: dict[int, tuple[int, Slip]] = {}
            later = []
            for place, (deal, facts) in waiting:
                if deal.pk in deals:
                    later.append((place, (deal, facts)))
                else:
                    deals[deal.pk] = (place, Slip(deal, **facts))
            drawn = _draw_once([slip for _place, slip in deals.values()], by=by, at=at, seen=seen, note=note)
            results |= {deals[pk][0]: taken for pk, taken in drawn.items()}
            waiting, seen = later, None
    return [results[place] for place in range(len(rows))]


def _draw_once(slips: Sequence[Slip], *, by: By, at: dt.datetime, seen: Mapping[int, int] | None, note: str) -> dict[int, Taken]:
    """One drawdown for each of some different deals; deal → what became of it."""
    deals = loaded([slip.deal for slip in slips])
    current = {row.pk: row for row in lock(Deal.objects.filter(pk__in=[deal.pk for deal in deals]).select_related("filing"))}
    known = {(row.deal_id, row.slip_no): row for row in Drawdown.objects.filter(deal__in=current)}
    books = _Books(current, known.values(), {slip.facts["drawn_on"] for slip in slips})
    done: dict[int, Taken] = {}
    fresh: list[Slip] = []
    for slip in slips:
        row = known.get((slip.deal.pk, slip.slip_no))
        if not by_bank(slip.deal, actor_for(by, slip.deal)):
            done[slip.deal.pk] = Taken(slip.deal, NotAllowed(_("放款由经办银行登记。")))
        elif row is not None:
            done[slip.deal.pk] = _same(row, slip)
        elif current[slip.deal.pk].state in (D.SIGNED, D.DRAWING) and (problems := books.problems(slip, at=at)):
            done[slip.deal.pk] = Taken(slip.deal, Invalid(problems))
        else:
            fresh.append(slip)
    how: dict[str, Any] = {"by": by, "at": at, "seen": seen, "note": note}
    _show_drawdowns(fresh, books)
    errors = rehearse(DEAL_STEPS, "draw", [slip.deal for slip in fresh], **how)
    done |= {slip.deal.pk: Taken(slip.deal, errors[slip.deal.pk]) for slip in fresh if slip.deal.pk in errors}
    going = [slip for slip in fresh if slip.deal.pk not in errors]
    drawn = Drawdown.objects.bulk_create([books.row(slip) for slip in going], batch_size=1000)
    Drawdown.equipment.through.objects.bulk_create(
        Drawdown.equipment.through(drawdown=row, equipmentitem=item)
        for row, slip in zip(drawn, going, strict=True)
        for item in slip.equipment
    )
    EquipmentSerial.objects.bulk_create(
        EquipmentSerial(drawdown=row, serial_no=serial, province=row.province)
        for row, slip in zip(drawn, going, strict=True)
        for serial in slip.serial_nos
    )
    take_many(DEAL_STEPS, "draw", [slip.deal for slip in going], **how)
    for slip in fresh:
        del vars(slip.deal)["_prefetched_objects_cache"]  # as `_show_drawdowns` put it there
    actors = {row.pk: actor_for(by, slip.deal) for row, slip in zip(drawn, going, strict=True)}
    record_many(drawn, "draw", by=actors, at=at, note=note)
    return done | {row.deal_id: Taken(row) for row in drawn}


def _show_drawdowns(slips: Sequence[Slip], books: _Books) -> None:
    """Put the drawdowns of each deal on it, the one to be written among them: the state after it counts them all."""
    for slip in slips:
        rows = [*books.drawn[slip.deal.pk], books.row(slip)]
        vars(slip.deal)["_prefetched_objects_cache"] = {"drawdowns": rows}  # as prefetch_related leaves it


def pay_supplier(drawdown: Drawdown, *, by: Person, at: dt.datetime, seen: int, paid_on: dt.date, note: str = "") -> Drawdown:
    """The money reached the supplier's account: the day a subsidy that starts on payment counts from."""
    if not drawdown.drawn_on <= paid_on <= day(at):
        raise _wrong("paid_on", _("划付日期须在放款日期与今天之间。"), _("请按受托支付回单填写。"))
    return amend(
        drawdown, "pay_supplier", by=by, at=at, seen=seen, note=note, changes={"paid_to_supplier_on": paid_on}, allow=by_bank_of_drawdown
    )


def close_drawing(deal: Deal, *, by: Person, at: dt.datetime, seen: int, note: str = "") -> Deal:
    """No more will be drawn: what was signed but never drawn is taken back from the appetite."""
    with transaction.atomic():
        taken = take(DEAL_STEPS, "close_drawing", loaded([deal])[0], by=by, at=at, seen=seen, note=note)
        take_back_undrawn(taken, by=by, at=at)
    return taken


def take_back_undrawn(deal: Deal, *, by: Person, at: dt.datetime) -> None:
    """Of a loan of which no more will be drawn, ended or not: the bank may lend the rest elsewhere. Taken back once."""
    undrawn = deal.signed_amount - _drawn(deal)
    if undrawn and deal.account_id:
        accounts.reverse(deal.account_id, undrawn, business_key=f"deal:{deal.pk}:undrawn", by=by, at=at, note="签约未提款部分")


def repay(
    drawdown: Drawdown, *, by: Person, at: dt.datetime, on: dt.date, amount: Decimal, slip_no: str, kind: str = Repayment.Kind.REPAID
) -> Repayment:
    """Principal came back, in part or in full; from its day on it earns no interest and no subsidy."""
    with transaction.atomic():
        lock(Deal.objects.filter(pk=drawdown.deal_id))
        lock(Drawdown.objects.filter(pk=drawdown.pk))
        if not by_bank_of_drawdown(drawdown, by):
            raise NotAllowed(_("还款由经办银行登记。"))
        known = Repayment.objects.filter(drawdown=drawdown, slip_no=slip_no.strip()).first()
        if known is not None:
            if (known.on, known.amount, known.kind) != (on, amount, kind):
                raise _other_facts(slip_no)
            return known
        problems = _repayment_problems(drawdown, on, amount, slip_no, at=at)
        if problems:
            raise Invalid(problems)
        row = Repayment.objects.create(
            drawdown=drawdown, kind=kind, on=on, amount=amount, slip_no=slip_no.strip(), province=drawdown.province
        )
        record(row, kind, by=by, at=at, changes={"amount": [None, amount]})
    return row


def refund(drawdown: Drawdown, *, by: Person, at: dt.datetime, on: dt.date, amount: Decimal, slip_no: str) -> Repayment:
    """The supplier paid back: the balance falls as by a repayment, and with it the subsidy."""
    return repay(drawdown, by=by, at=at, on=on, amount=amount, slip_no=slip_no, kind=Repayment.Kind.REFUNDED)


def repay_all(deal: Deal, *, by: Person, at: dt.datetime, seen: int, on: dt.date, slip_no: str, note: str = "") -> Deal:
    """登记结清: all that is still owed comes back on one day and the deal ends; what was never drawn is the bank's to lend again."""
    with transaction.atomic():
        lock(Deal.objects.filter(pk=deal.pk))
        for drawdown in lock(Drawdown.objects.filter(deal=deal).select_related("deal__branch")):
            owed = balance(drawdown)
            if owed:
                repay(drawdown, by=by, at=at, on=on, amount=owed, slip_no=slip_no)
        taken: Deal = take(DEAL_STEPS, "repay", loaded([deal])[0], by=by, at=at, seen=seen, note=note)
        take_back_undrawn(taken, by=by, at=at)
    return taken


def balance(drawdown: Drawdown) -> Decimal:
    """What is still owed of a drawdown."""
    return drawdown.amount - (drawdown.repayments.aggregate(sum=Sum("amount"))["sum"] or ZERO)


def set_relending(drawdown: Drawdown, *, by: Person, at: dt.datetime, seen: int, status: str, month: str = "", note: str = "") -> Drawdown:
    """The central bank's word on this drawdown; a bank outside the facility has none."""
    if Drawdown.Relending.NOT_ELIGIBLE in (drawdown.relending, status):
        raise Conflict(_("该行不在再贷款发放对象之列，没有再贷款状态。"), code="not_eligible")
    if status not in Drawdown.Relending.values:
        raise _wrong("status", _("“%(status)s”不是再贷款状态。") % {"status": status}, _("请从列出的状态中选择。"))
    changes = {"relending": status, "relending_month": month, "relending_note": note}
    return amend(drawdown, "relending", by=by, at=at, seen=seen, note=note, changes=changes, allow=_by_central_bank(status))


def import_relending(rows: Sequence[Mapping[str, str]], *, by: Person, at: dt.datetime, province: str) -> list[Taken]:
    """A list of the central-bank branch: contract_no, slip_no, status, month, note. A row that fits nothing is told, never dropped."""

    def step(row: Mapping[str, str]) -> Drawdown:
        found = Drawdown.objects.filter(province=province, deal__contract_no=row["contract_no"], slip_no=row["slip_no"])
        try:
            drawdown = found.select_related("deal__branch").get()
        except Drawdown.DoesNotExist:
            raise _wrong(
                "slip_no",
                _("没有合同 %(contract)s 下的借据 %(slip)s。") % {"contract": row["contract_no"], "slip": row["slip_no"]},
                _("请核对合同编号和借据号。"),
            ) from None
        if (drawdown.relending, drawdown.relending_month) == (row["status"], row.get("month", "")):
            return drawdown
        return set_relending(
            drawdown,
            by=by,
            at=at,
            seen=drawdown.version,
            status=row["status"],
            month=row.get("month", ""),
            note=row.get("note", ""),
        )

    return one_by_one(rows, step)


def by_bank_of_drawdown(drawdown: Drawdown, by: Person) -> bool:
    return by_bank(drawdown.deal, by)


def _by_central_bank(status: str) -> Callable[[Drawdown, Person], bool]:
    """The bank says that it reported a drawdown; what became of it the central-bank branch says."""

    def allow(drawdown: Drawdown, by: Person) -> bool:
        seats = (seat for seat in by.seats if seat.line == Unit.Line.CENTRAL_BANK and seat.role in (*REVIEW_ROLES, Role.READER))
        if any(seat.province == drawdown.province for seat in seats):
            return True
        return status == Drawdown.Relending.REPORTED and by_bank_of_drawdown(drawdown, by)

    return allow


def _drawn(deal: Deal) -> Decimal:
    return deal.drawdowns.aggregate(sum=Sum("amount"))["sum"] or ZERO


def _same(known: Drawdown, slip: Slip) -> Taken:
    """The slip was recorded before: its row, unless it says something else now."""
    told = {name: value for name, value in slip.facts.items() if name != "invoice_checked_on" or value is not None}
    if any(getattr(known, name) != value for name, value in told.items()):
        return Taken(slip.deal, _other_facts(known.slip_no))
    return Taken(known)


def _other_facts(slip_no: str) -> Conflict:
    return Conflict(
        _("凭证号 %(slip)s 已登记，与本次填写的内容不一致。") % {"slip": slip_no},
        code="other_facts",
        remedy=_("请核对凭证号；先前登记有误的，请另行更正。"),
    )


def _amount_problems(left: Decimal, facts: Mapping[str, Any]) -> Iterable[Problem]:
    amount = facts["amount"]
    if not 0 < amount <= left:
        yield Problem(
            "amount",
            "out_of_range",
            _("放款金额 %(amount)s 万元须大于 0；合同项下尚可提款 %(left)s 万元。")
            % {"amount": format_wan(amount), "left": format_wan(left)},
            _("请核对金额；合同金额有变的，先登记变更。"),
        )
    if not 0 <= facts["equipment_amount"] <= amount:
        yield Problem("equipment_amount", "out_of_range", _("其中设备款须在 0 与放款金额之间。"), _("请填写本笔用于设备的部分。"))


def _date_problems(deal: Deal, facts: Mapping[str, Any], *, at: dt.datetime) -> Iterable[Problem]:
    drawn_on, paid_on = facts["drawn_on"], facts["paid_to_supplier_on"]
    if not deal.contract_on <= drawn_on <= day(at):
        yield Problem(
            "drawn_on",
            "out_of_range",
            _("放款日期 %(day)s 须在签约日期 %(contract)s 与今天之间。") % {"day": drawn_on, "contract": deal.contract_on},
            _("请按借据填写。"),
        )
    if paid_on is not None and not drawn_on <= paid_on <= day(at):
        yield Problem(
            "paid_to_supplier_on", "out_of_range", _("划付供应商日期须在放款日期与今天之间。"), _("尚未划付的请留空，划付后补登。")
        )


def _payment_problems(slip_no: str, facts: Mapping[str, Any], threshold: Decimal) -> Iterable[Problem]:
    if not slip_no.strip():
        yield Problem("slip_no", "required", _("请填写借据号。"), _("借据号用于防止重复登记。"))
    if not facts["payee"]:
        yield Problem("payee", "required", _("请填写收款供应商。"), _("贷款须用于本项目设备更新。"))
    if facts["amount"] > threshold and not facts["is_entrusted"] and not facts["not_entrusted_reason"]:
        yield Problem(
            "not_entrusted_reason",
            "entrusted_required",
            _("单笔超过 %(threshold)s 万元的，须采用受托支付。") % {"threshold": format_wan(threshold)},
            _("改为受托支付，或写明采用自主支付的理由。"),
        )


def _invoice_problems(facts: Mapping[str, Any], *, at: dt.datetime) -> Iterable[Problem]:
    yield from invoice_problems(facts["invoice_no"])
    checked_on = facts["invoice_checked_on"]
    if checked_on is not None and (checked_on > day(at) or not facts["invoice_no"]):
        yield Problem("invoice_checked_on", "out_of_range", _("发票查验日期晚于今天，或没有填写发票号码。"), _("查验为正常的才填写。"))


def invoice_problems(invoice_no: str, *, field: str = "invoice_no") -> Iterable[Problem]:
    if invoice_no and not (len(invoice_no) <= INVOICE_MAX and INVOICE.fullmatch(number(invoice_no))):
        message = _("发票号码须为 20 位数字；境外发票须含字母。")
        yield Problem(field, "not_an_invoice", message, _("请按发票填写，注意表格软件会丢失末位。"))


def _repayment_problems(drawdown: Drawdown, on: dt.date, amount: Decimal, slip_no: str, *, at: dt.datetime) -> list[Problem]:
    problems = []
    owed = balance(drawdown)
    if not 0 < amount <= owed:
        problems.append(
            Problem(
                "amount",
                "out_of_range",
                _("金额 %(amount)s 万元须大于 0 且不超过本笔余额 %(owed)s 万元。")
                % {"amount": format_wan(amount), "owed": format_wan(owed)},
                _("请核对金额与借据号。"),
            )
        )
    if not drawdown.drawn_on <= on <= day(at):
        problems.append(Problem("on", "out_of_range", _("日期须在放款日期与今天之间。"), _("请按凭证填写。")))
    if not slip_no.strip():
        problems.append(Problem("slip_no", "required", _("请填写凭证号。"), _("凭证号用于防止重复登记。")))
    return problems


def _wrong(field: str, message: Any, remedy: Any) -> Invalid:
    return Invalid([Problem(field, "out_of_range", message, remedy)])
