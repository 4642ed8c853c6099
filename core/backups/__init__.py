"""Backups: one file that holds the database, the pictures, the models and the signed heads of the ledger.

`make_backup` runs beside a shop that is open; `restore` puts a whole state in the place of another and keeps the one
before. Neither leaves anything half done: what is made is made aside, looked at, and only then gets its name.
"""

from core.backups.making import make_backup
from core.backups.restoring import forget_before, restore

__all__ = ["forget_before", "make_backup", "restore"]
