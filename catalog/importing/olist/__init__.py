"""The CSV files of the Brazilian Olist data set, with the rules that docs/import.md states."""

from catalog.importing.olist.files import CURRENCY, FILES, REQUIRED
from catalog.importing.olist.section import sections

__all__ = ["CURRENCY", "FILES", "REQUIRED", "sections"]
