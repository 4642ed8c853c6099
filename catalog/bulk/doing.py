"""The work of a bulk change and of its undo: chunk by chunk, each in a transaction of its own."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from catalog import facts
from catalog.bulk.operations import OPERATIONS, Unchangeable
from catalog.models import BulkChange, BulkChangeRow, Product, Variant
from catalog.services.stock import lock_products
from catalog.signals import announce, product_changed
from core import jobs
from core.acting import acting_as

CHUNK = 500
MANY = 1_000
"""From so many products on the statistics of their table are made anew."""
KEPT_DAYS = 90
"""So long a change can be undone."""
State, Row = BulkChange.State, BulkChangeRow.State


def apply(change_id: int) -> dict[str, Any]:
    """Change the products that are left to do. Safe at any time and any number of times: each product is changed in
    the transaction that ticks it off."""
    change = BulkChange.objects.get(pk=change_id)
    with acting_as(_person(change.created_by_id)):
        while _chunk(change_id, (State.WAITING, State.RUNNING), Row.TODO, _change_rows):
            done = change.rows.exclude(state=Row.TODO).count()
            jobs.progress(done, change.total)
    _finish(change_id, State.RUNNING, State.DONE)
    _refresh_statistics(change)
    return _counts(change_id)


def put_back(change_id: int) -> dict[str, Any]:
    """Put back each product whose value is still the one that the change gave it. Safe at any time."""
    change = BulkChange.objects.get(pk=change_id)
    with acting_as(_person(change.undone_by_id)):
        while _chunk(change_id, (State.UNDOING,), Row.CHANGED, _put_rows_back):
            left = change.rows.filter(state=Row.CHANGED).count()
            jobs.progress(change.total - left, change.total)
    _finish(change_id, State.UNDOING, State.UNDONE)
    _refresh_statistics(change)
    return _counts(change_id)


Work = Callable[[BulkChange, list[BulkChangeRow]], set[int]]


@transaction.atomic
def _chunk(change_id: int, states: tuple[str, ...], todo: str, work: Work) -> bool:
    """Work on the next products. False when there are none, or when the change is not in one of these states any
    more: its row is locked, so a change and its undo take turns."""
    jobs.guard()
    change = (
        BulkChange.objects.select_for_update(of=("self",)).select_related("created_by", "undone_by").get(pk=change_id)
    )
    if change.state not in states:
        return False
    if change.state == State.WAITING:
        BulkChange.objects.filter(pk=change_id).update(state=State.RUNNING)
    rows = list(change.rows.filter(state=todo).order_by("product_id")[:CHUNK])
    if not rows:
        return False
    lock_products(row.product_id for row in rows)
    touched = work(change, rows)
    _tick_off(rows)
    for product_id in touched:
        announce(product_changed, Product, product_id=product_id)
    if touched:
        facts.products_changed(sorted(touched))
    return True


def _change_rows(change: BulkChange, rows: list[BulkChangeRow]) -> set[int]:
    how = OPERATIONS[change.operation](change.arguments)
    current = how.current([row.product_id for row in rows])
    wanted: dict[int, Any] = {}
    for row in rows:
        if row.product_id not in current:
            row.state, row.reason = Row.LEFT, "gone"
            continue
        row.before = current[row.product_id]
        try:
            row.after = how.wanted(row.before)
        except Unchangeable as refusal:
            row.state, row.reason = Row.LEFT, refusal.reason
            continue
        row.state = Row.SAME if row.after == row.before else Row.CHANGED
        if row.state == Row.CHANGED:
            wanted[row.product_id] = row.after
    how.write(wanted, change.created_by)
    return set(wanted)


def _put_rows_back(change: BulkChange, rows: list[BulkChangeRow]) -> set[int]:
    how = OPERATIONS[change.operation](change.arguments)
    current = how.current([row.product_id for row in rows])
    back: dict[int, Any] = {}
    for row in rows:
        untouched = row.product_id in current and how.is_same(current[row.product_id], row.after)
        row.state = Row.PUT_BACK if untouched else Row.KEPT
        if untouched:
            back[row.product_id] = row.before
    how.write(back, change.undone_by)
    return set(back)


def _tick_off(rows: list[BulkChangeRow]) -> None:
    field = BulkChangeRow._meta.get_field("before")
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {BulkChangeRow._meta.db_table} t"  # noqa: S608
            " SET state = v.state, before = v.before, after = v.after, reason = v.reason"
            " FROM unnest(%s::bigint[], %s::text[], %s::jsonb[], %s::jsonb[], %s::text[])"
            " AS v(id, state, before, after, reason) WHERE t.id = v.id",
            [
                [row.pk for row in rows],
                [str(row.state) for row in rows],
                [field.get_db_prep_value(row.before, connection) for row in rows],
                [field.get_db_prep_value(row.after, connection) for row in rows],
                [row.reason for row in rows],
            ],
        )


@transaction.atomic
def _finish(change_id: int, running: str, ended: str) -> None:
    """Count what became of the products, and close the change when nothing is left to do."""
    jobs.guard()
    change = BulkChange.objects.select_for_update().get(pk=change_id)
    found = _by_state(change_id)
    ends = {State.RUNNING: (State.WAITING, State.RUNNING), State.UNDOING: (State.UNDOING,)}[State(running)]
    waiting = found[Row.CHANGED] if running == State.UNDOING else found[Row.TODO]
    if change.state in ends and not waiting:
        change.state, change.finished_at = ended, timezone.now()
    was_changed = found[Row.CHANGED] + found[Row.PUT_BACK] + found[Row.KEPT]
    change.changed, change.same, change.left = was_changed, found[Row.SAME], found[Row.LEFT]
    change.put_back, change.kept = found[Row.PUT_BACK], found[Row.KEPT]
    change.save(update_fields=["state", "finished_at", "changed", "same", "left", "put_back", "kept"])


def _refresh_statistics(change: BulkChange) -> None:
    """Every updated row leaves its old version in the table for a while; without new statistics PostgreSQL, and the
    lists that say "about", would take those for rows too."""
    if change.total >= MANY:
        with connection.cursor() as cursor:
            for model in (Product, Variant):
                cursor.execute(f"ANALYZE {model._meta.db_table}")


def _by_state(change_id: int) -> Counter[str]:
    rows = BulkChangeRow.objects.filter(change_id=change_id).order_by().values_list("state")
    return Counter(dict(rows.annotate(n=Count("id"))))


def _counts(change_id: int) -> dict[str, Any]:
    change: Mapping[str, Any] = BulkChange.objects.values("changed", "same", "left", "put_back", "kept").get(
        pk=change_id
    )
    return dict(change)


def _person(number: int | None) -> str:
    return f"staff:{number}" if number else "system"


def tidy() -> int:
    """Forget what stood before changes of long ago. Returns how many changes it was."""
    before = timezone.now() - timedelta(days=KEPT_DAYS)
    old = BulkChange.objects.filter(created_at__lt=before, forgotten_at=None)
    count = 0
    for change in old.exclude(state__in=[State.RUNNING, State.UNDOING]):
        with transaction.atomic():
            change.rows.all().delete()
            BulkChange.objects.filter(pk=change.pk).update(forgotten_at=timezone.now())
        count += 1
    return count
