"""Changing many products at once: a preview, a job that can be cut off anywhere, and undo."""

from catalog.bulk.asking import ListChanged, Preview, ask, ask_undo, preview
from catalog.bulk.doing import apply, put_back, tidy
from catalog.bulk.operations import OPERATIONS, Unchangeable
from catalog.bulk.words import describe

__all__ = [
    "OPERATIONS",
    "ListChanged",
    "Preview",
    "Unchangeable",
    "apply",
    "ask",
    "ask_undo",
    "describe",
    "preview",
    "put_back",
    "tidy",
]
