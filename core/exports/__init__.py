"""Lists and tables of pages as files: small ones at once, large ones by a job, for those who may take rows out of the
house.

A cell that a spreadsheet would run is made harmless, who took what is in the ledger, and a file is there as a whole
or not at all.
"""

from core.exports.cells import is_risky, restore_cell, safe_cell, xlsx_cell
from core.exports.files import tidy
from core.exports.making import make
from core.exports.services import SMALL, ask, ask_page, export_now, export_page_now
from core.exports.sources import PageTable, page_source
from core.exports.tables import Table, csv_lines, csv_response

__all__ = [
    "SMALL",
    "PageTable",
    "Table",
    "ask",
    "ask_page",
    "csv_lines",
    "csv_response",
    "export_now",
    "export_page_now",
    "is_risky",
    "make",
    "page_source",
    "restore_cell",
    "safe_cell",
    "tidy",
    "xlsx_cell",
]
