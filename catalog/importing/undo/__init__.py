"""Taking an import back: rows that it made go, rows that it changed become what they were.

Rows that somebody or a later import changed since stay, and are listed with the reason. The whole undo is one
transaction: killed in the middle it has done nothing, and started again it does all of it.
"""

from catalog.importing.undo.asking import Expected, check, expect, request
from catalog.importing.undo.doing import perform

__all__ = ["Expected", "check", "expect", "perform", "request"]
