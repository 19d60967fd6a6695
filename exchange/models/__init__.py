"""WHAT GOES IN AND OUT: exports and imports as jobs with a state each."""

from exchange.models.jobs import Export, Import, ImportedRow

__all__ = ["Export", "Import", "ImportedRow"]
