"""Whether an import can be undone, what that would do, and the job that does it."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.importing.errors import ImportRefused
from catalog.importing.housekeeping import KEPT_DAYS
from catalog.importing.staging import fetch_one
from catalog.models import ImportBatch
from core import jobs
from core.models import Job, StaffUser

State = ImportBatch.State


@dataclass(frozen=True)
class Expected:
    """What undoing would do to one table when nobody changed anything since: rows removed and rows put back."""

    table: str
    removed: int
    restored: int


def check(batch: ImportBatch) -> None:
    """Raises ImportRefused with the reason why this import cannot be undone."""
    if batch.is_dry_run:
        raise ImportRefused(_("This was a dry run: it wrote nothing."))
    if batch.state in (State.WAITING, State.RUNNING):
        raise ImportRefused(_("This import is not done yet. Stop it first, or wait."))
    if batch.state == State.UNDOING:
        raise ImportRefused(_("This import is being undone already."))
    if batch.state == State.UNDONE:
        raise ImportRefused(_("This import was undone already."))
    if batch.finished_at and batch.finished_at < timezone.now() - timedelta(days=KEPT_DAYS):
        raise ImportRefused(_("What it changed is kept for %(days)d days; those are over.") % {"days": KEPT_DAYS})
    if not (batch.changes.exists() or batch.events.exists() or batch.arriving_pictures.exists()):
        raise ImportRefused(_("This import changed nothing."))


def expect(batch: ImportBatch) -> list[Expected]:
    """Rows by table, tables that people ask about first."""
    counted = batch.changes.values("table_name").annotate(
        made=Count("id", filter=Q(before__isnull=True)), changed=Count("id", filter=Q(before__isnull=False))
    )
    found = {row["table_name"]: (row["made"], row["changed"]) for row in counted}
    if "catalog_order" in found:
        made, changed = found.get("catalog_orderline", (0, 0))
        found["catalog_orderline"] = (made + _lines_of_new_orders(batch), changed)
    events = _events(batch)
    if events:
        found["catalog_interaction"] = (events, 0)
    order = {table: place for place, table in enumerate(_ORDER)}
    return [Expected(table, *found[table]) for table in sorted(found, key=lambda t: (order.get(t, 99), t))]


@transaction.atomic
def request(batch: ImportBatch, by: StaffUser | None) -> Job:
    """Queue the undo, once. Raises ImportRefused."""
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    check(batch)
    job = jobs.enqueue(
        "catalog.tasks.undo_import",
        dedupe_key=f"undo-import:{batch.pk}",
        created_by=by,
        batch_id=batch.pk,
        by_id=by.pk if by else None,
    )
    batch.job = job
    batch.save(update_fields=["job"])
    return job


def _lines_of_new_orders(batch: ImportBatch) -> int:
    return int(
        fetch_one(
            "SELECT count(*) FROM catalog_importchange c JOIN catalog_orderline l ON l.order_id = c.row_id"
            " WHERE c.batch_id = %s AND c.table_name = 'catalog_order' AND c.before IS NULL",
            [batch.pk],
        )[0]
    )


def _events(batch: ImportBatch) -> int:
    found = fetch_one(
        "SELECT coalesce(sum(cardinality(event_ids)), 0) FROM catalog_importedevents WHERE batch_id = %s", [batch.pk]
    )
    return int(found[0])


_ORDER = (
    "catalog_category", "catalog_brand", "catalog_product", "catalog_variant", "catalog_productimage",
    "catalog_customer", "catalog_order", "catalog_orderline", "catalog_payment", "catalog_refund",
    "catalog_orderevent", "catalog_visitor", "catalog_interaction",
)  # fmt: skip
