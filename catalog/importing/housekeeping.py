"""What every import does first, while no other is at work: marks batches that lost their process and throws away
what is kept for a time only."""

import shutil
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import picture_files
from catalog.importing import journal, locks
from catalog.models import ImportBatch, ImportChange, ImportedEvents

KEPT_DAYS = 30
"""How long refused rows, uploaded files and what undo needs are kept: they hold personal data."""


def tidy() -> None:
    """Only for the holder of the lock of imports."""
    mark_dead()
    journal.clean_up()
    _forget_old()


def mark_dead() -> int:
    """Batches that say that they run but whose process is gone. How many. The same import started again goes on."""
    found = 0
    for batch in ImportBatch.objects.filter(state__in=[ImportBatch.State.RUNNING, ImportBatch.State.UNDOING]):
        if locks.is_alive(batch.pk):
            continue
        if batch.state == ImportBatch.State.UNDOING:
            batch.state = batch.checkpoint.get("state_before_undo", ImportBatch.State.DONE)
            batch.error = _("The process that undid this import ended early. Nothing was undone; start it again.")
        else:
            batch.state = ImportBatch.State.FAILED
            batch.error = _("The process ended early. Start the same import again: it goes on where it was.")
            batch.report = batch.checkpoint.get("report", batch.report)
            batch.finished_at = timezone.now()
        batch.save(update_fields=["state", "error", "report", "finished_at"])
        found += 1
    return found


def _forget_old() -> None:
    limit = timezone.now() - timedelta(days=KEPT_DAYS)
    for batch in ImportBatch.objects.filter(finished_at__lt=limit):
        shutil.rmtree(Path(settings.VAR_DIR) / "imports" / str(batch.pk), ignore_errors=True)
        if batch.refused_file:
            batch.refused_file = ""
            batch.save(update_fields=["refused_file"])
    old = ImportChange.objects.filter(batch__finished_at__lt=limit)
    pictures = old.filter(table_name="catalog_productimage").exclude(before__isnull=True)
    names = {name for name in pictures.values_list("before__file", flat=True) if name}
    old._raw_delete(old.db)
    events = ImportedEvents.objects.filter(batch__finished_at__lt=limit)
    events._raw_delete(events.db)
    picture_files.delete_unused(names)
