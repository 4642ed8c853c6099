"""The ledger: an append-only hash chain of every change that somebody may have to answer for.

Prices, stock, rights, models and consent are watched by triggers on their tables, so that no way of writing them goes
around it; `record` is for acts that change no row of these, such as an export. PostgreSQL chains the entries when the
transaction commits (core/migrations/0002_ledger_of_changes.py), `core.ledger.verifying` looks whether they still fit.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.acting import acting_as
from core.acting import actor as current_actor
from core.models import LedgerEntry

__all__ = ["Change", "acting_as", "record", "record_many"]


@dataclass(frozen=True)
class Change:
    """One fact for the chain. `subject` and `actor` are ids such as "catalog.variant:12" and "staff:3", never names.

    `details` hold what stood before and what stands after; JSON values, no personal data.
    """

    kind: str
    subject: str
    details: Mapping[str, Any] = field(default_factory=dict)
    actor: str | None = None


def record(kind: str, subject: str, *, actor: str | None = None, **details: Any) -> None:
    """Write one change in the caller's transaction. Without `actor`: who the request or the job belongs to."""
    record_many([Change(kind, subject, details, actor)])


def record_many(changes: Sequence[Change]) -> None:
    """Write changes in the caller's transaction, in this order."""
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            kind=change.kind,
            subject=change.subject,
            actor=change.actor or current_actor(),
            body=json.dumps(change.details, ensure_ascii=False, sort_keys=True, default=str),
        )
        for change in changes
    )
