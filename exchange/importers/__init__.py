"""What may come in as a workbook: kind → how its rows are read, and by which steps they take effect."""

from collections.abc import Mapping

from exchange.importers.appetites import Appetites
from exchange.importers.companies import Companies, Shareholdings
from exchange.importers.decisions import Decisions
from exchange.importers.filings import Filings, IntendedBanks
from exchange.importers.importer import Entry, Importer, Written
from exchange.importers.openings import Openings
from exchange.importers.sheets import WeeklySheets

KINDS: tuple[type[Importer], ...] = (Filings, IntendedBanks, Appetites, Decisions, WeeklySheets, Companies, Shareholdings, Openings)
IMPORTERS: Mapping[str, type[Importer]] = {kind.kind: kind for kind in KINDS}

__all__ = ["IMPORTERS", "Entry", "Importer", "Written"]
