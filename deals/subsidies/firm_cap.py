"""The principal of a firm that a scheme subsidises, at whatever bank: the earlier drawdown comes first, on one day the one told first.

It follows from the drawdowns alone, never from what is booked already, so the order in which loans are accrued changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from deals.loans import Loan, loans
from deals.models import Deal, Drawdown
from deals.subsidies import versions
from deals.subsidies.versions import Book
from schemes import formulas
from schemes.models import SchemeVersion

ZERO = Decimal(0)


def subsidised_part(version: SchemeVersion, row: Drawdown) -> Decimal:
    """The part of a drawdown that a version subsidises, as the version says."""
    return formulas.subsidised_principal(version.subsidised_part, amount=row.amount, equipment=row.equipment_amount)


class FirmLoans:
    """What the firms of some loans have drawn under schemes that cap it (财金〔2026〕4号), known to us only; read when first asked for."""

    def __init__(self, found: Iterable[Loan], known: Book) -> None:
        self.firms = {loan.deal.firm_id for loan in found}
        self.known = known
        self._covered: dict[tuple[int, int], list[tuple[Drawdown, Decimal]]] | None = None

    def used_before(self, row: Drawdown, version: SchemeVersion, *, firm: int) -> Decimal:
        """Principal of this firm under this scheme that was drawn before."""
        if version.firm_loan_cap is None:
            return ZERO
        if self._covered is None:
            self._covered = self._read()
        earlier = (part for other, part in self._covered[firm, version.scheme_id] if (other.drawn_on, other.pk) < (row.drawn_on, row.pk))
        return sum(earlier, ZERO)

    def _read(self) -> dict[tuple[int, int], list[tuple[Drawdown, Decimal]]]:
        covered: dict[tuple[int, int], list[tuple[Drawdown, Decimal]]] = defaultdict(list)
        rows = Deal.objects.filter(firm__in=self.firms, succeeds=None)  # what took another loan's place was counted with that one
        for loan in loans(rows).values():
            for row in loan.drawdowns:
                for scheme, choice in versions.choose(row, loan.deal, self.known).items():
                    if choice.version is not None:
                        part = subsidised_part(self.known.rows[choice.version.id], row)
                        covered[loan.deal.firm_id, scheme].append((row, part))
        return covered
