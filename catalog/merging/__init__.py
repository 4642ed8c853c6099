"""Two records of one person become one, and two again (docs/adr/0098)."""

from catalog.merging.doing import UNDO_DAYS, MergeRefused, merge
from catalog.merging.keeping import end_old_merges, gather_late_rows
from catalog.merging.undoing import Undone, undo

__all__ = ["UNDO_DAYS", "MergeRefused", "Undone", "end_old_merges", "gather_late_rows", "merge", "undo"]
