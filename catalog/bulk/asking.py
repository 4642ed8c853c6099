"""What a change would do, asking for it, and asking for it to be taken back."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.bulk import doing
from catalog.bulk.operations import OPERATIONS, Unchangeable
from catalog.models import BulkChange, BulkChangeRow, Product
from core import jobs
from core.components import figure
from core.exceptions import DomainError
from core.models import StaffUser

SMALL = 100
"""So many products are changed while the person waits."""
EXAMPLES, READ_AT_ONCE = 5, 2_000
State = BulkChange.State


class ListChanged(DomainError):
    """Other products match now than when the preview was made."""

    code = "list_changed"


class UndoRefused(DomainError):
    code = "undo_refused"


@dataclass
class Preview:
    """What would happen: `total` products, of which `changed` become different; `left` cannot be, by reason."""

    total: int = 0
    changed: int = 0
    same: int = 0
    left: dict[str, int] = field(default_factory=dict)
    examples: list[tuple[int, Any, Any]] = field(default_factory=list)
    """Product id, old and new value of a few, in the order of the list."""


def preview(rows: QuerySet[Product], operation: str, arguments: dict[str, Any]) -> Preview:
    """Two queries for each two thousand products. Writes nothing."""
    found, how = Preview(), OPERATIONS[operation](arguments)
    for ids in _slices(list(rows.values_list("pk", flat=True))):
        current = how.current(ids)
        for pk in ids:
            found.total += 1
            if pk not in current:
                found.left["gone"] = found.left.get("gone", 0) + 1
                continue
            try:
                wanted = how.wanted(current[pk])
            except Unchangeable as refusal:
                found.left[refusal.reason] = found.left.get(refusal.reason, 0) + 1
                continue
            if wanted == current[pk]:
                found.same += 1
                continue
            found.changed += 1
            if len(found.examples) < EXAMPLES:
                found.examples.append((pk, current[pk], wanted))
    return found


def ask(
    *,
    rows: QuerySet[Product],
    operation: str,
    arguments: dict[str, Any],
    by: StaffUser,
    key: uuid.UUID | None = None,
    expected: int | None = None,
) -> BulkChange:
    """Change these products: at once when they are few, else by a job. The same key again is the same change.

    `expected`: how many products the person was told. Raises ListChanged when it is another number by now.
    """
    key = key or uuid.uuid4()
    known = BulkChange.objects.filter(key=key, created_by=by).first()
    if known is not None:
        return known
    with transaction.atomic():
        change = BulkChange.objects.create(key=key, operation=operation, arguments=arguments, created_by=by)
        change.total = _write_down(change, rows)
        if expected is not None and change.total != expected:
            raise ListChanged(
                _("The list has changed meanwhile: %(count)s products match now. Look at the preview again.")
                % {"count": figure(change.total)}
            )
        is_small = change.total <= SMALL
        if not is_small:
            change.job = jobs.enqueue(
                "catalog.tasks.bulk_change", dedupe_key=f"bulk:{change.pk}", created_by=by, change_id=change.pk
            )
        change.save(update_fields=["total", "job"])
        if is_small:
            doing.apply(change.pk)
    change.refresh_from_db()
    return change


def _write_down(change: BulkChange, rows: QuerySet[Product]) -> int:
    """Exactly the products that match now, whatever the list shows when the job comes to them. How many they are."""
    try:
        sql, values = rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {BulkChangeRow._meta.db_table} (change_id, product_id)"  # noqa: S608
            f" SELECT %s, wanted.id FROM (SELECT DISTINCT q.pk AS id FROM ({sql}) q) wanted",
            [change.pk, *values],
        )
        return int(cursor.rowcount)


@transaction.atomic
def ask_undo(*, change: BulkChange, by: StaffUser) -> BulkChange:
    """Put back what nobody changed since: at once when they are few, else by a job. A change that still runs stops
    where it is. Raises UndoRefused."""
    change = BulkChange.objects.select_for_update().get(pk=change.pk)
    if change.state in (State.UNDOING, State.UNDONE):
        raise UndoRefused(_("This was undone already."))
    if change.forgotten_at is not None:
        raise UndoRefused(
            ngettext(
                "What stood before is kept for %(count)d day; it is over.",
                "What stood before is kept for %(count)d days; those are over.",
                doing.KEPT_DAYS,
            )
            % {"count": doing.KEPT_DAYS}
        )
    change.state, change.undone_by, change.undone_at = State.UNDOING, by, timezone.now()
    if change.total > SMALL:
        change.job = jobs.enqueue(
            "catalog.tasks.undo_bulk_change", dedupe_key=f"undo-bulk:{change.pk}", created_by=by, change_id=change.pk
        )
    change.save(update_fields=["state", "undone_by", "undone_at", "job"])
    if change.total <= SMALL:
        doing.put_back(change.pk)
    change.refresh_from_db()
    return change


def _slices(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), READ_AT_ONCE):
        yield ids[start : start + READ_AT_ONCE]
