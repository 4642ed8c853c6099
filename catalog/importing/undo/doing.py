"""Undoing one import, in one transaction."""

import time
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog import picture_files
from catalog.extensions import import_sections
from catalog.importing import housekeeping, locks, staging
from catalog.importing.errors import ImportRefused
from catalog.importing.progress import Progress
from catalog.importing.undo import asking, catalogue, outcome, people, rows, sales
from catalog.models import ImportBatch
from core.said import Said

log = structlog.get_logger(__name__)
State = ImportBatch.State
OWN = {
    "catalog_category", "catalog_brand", "catalog_product", "catalog_variant", "catalog_productimage",
    "catalog_customer", "catalog_visitor", "catalog_order", "catalog_orderline", "catalog_orderevent",
    "catalog_payment", "catalog_refund", "core_shopprofile",
}  # fmt: skip


def perform(batch_id: int, by_id: int | None = None) -> dict[str, Any]:
    """Undo an import and write into its report what became of it. An import that is undone is not undone again.

    Raises ImportRefused, JobCancelled.
    """
    waiting = Progress(1)
    said = Said(gettext_noop("waiting for another import to end"))
    with locks.working_on(batch_id, lambda: waiting.advance(0, said)):
        housekeeping.mark_dead()
        batch = ImportBatch.objects.get(pk=batch_id)
        if batch.state == State.UNDONE:
            return batch.report["undo"]
        if batch.state == State.UNDOING:  # by a process that is gone, else its lock could not be had
            batch.state = batch.checkpoint.get("state_before_undo", State.DONE)
        asking.check(batch)
        return _perform(batch, by_id)


def _perform(batch: ImportBatch, by_id: int | None) -> dict[str, Any]:
    before = batch.state
    batch.checkpoint = {**batch.checkpoint, "state_before_undo": before}
    batch.state, batch.error = State.UNDOING, ""
    batch.save(update_fields=["state", "error", "checkpoint"])
    begun = time.monotonic()
    try:
        with transaction.atomic():
            files = _undo(batch)
            batch.report = {**batch.report, "undo": outcome.write(batch, time.monotonic() - begun)}
            batch.state, batch.undone_at, batch.undone_by_id = State.UNDONE, timezone.now(), by_id
            batch.save(update_fields=["report", "state", "undone_at", "undone_by"])
            transaction.on_commit(lambda: picture_files.delete_unused(files))
    except BaseException as error:
        ImportBatch.objects.filter(pk=batch.pk).update(state=before, error=_sentence(error))
        raise
    log.info("import.undone", batch_id=batch.pk, seconds=round(time.monotonic() - begun, 2))
    return batch.report["undo"]


def _undo(batch: ImportBatch) -> set[str]:
    """Pictures whose files may go when this is committed."""
    progress = Progress(6)
    staging.prepare_session()
    batch.arriving_pictures.all().delete()  # first: what a job just stores is noted by then, and nothing comes after
    tables = rows.gather(batch.pk)
    marks = batch.checkpoint.get("marks", {})
    for table in tables:
        rows.keep_changed(table, batch.pk)
    for entry in import_sections:
        entry.resolve()().before_undo()
    sales.bind(tables, marks)
    for table in tables:
        if table not in OWN:
            rows.remove(table)
            rows.restore(table)
    progress.advance(1, Said(gettext_noop("undoing: orders")))
    sales.undo(batch, tables)
    progress.advance(2, Said(gettext_noop("undoing: customers")))
    people.undo(tables)
    progress.advance(2, Said(gettext_noop("undoing: products")))
    files = catalogue.undo(batch, tables, marks)
    progress.advance(1, Said(gettext_noop("undoing: the last checks")))
    return files


def _sentence(error: BaseException) -> str:
    if isinstance(error, ImportRefused):
        return str(error)
    if isinstance(error, DatabaseError) and "connection" in str(error):
        return _("The connection to the database broke. Nothing was undone; start it again.")
    return _("Undoing it broke off. Nothing was undone; start it again. (%(error)s)") % {
        "error": f"{type(error).__name__}: {error}"[:500]
    }
