"""One import from the first look at its files to its report.

Every group of sections is one transaction, so a failure leaves each group written as a whole or not at all, and the
same import started again goes on after the last one. A dry run does all of it inside one transaction and takes it back.
"""

import time
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog import facts
from catalog.importing import housekeeping, journal, locks
from catalog.importing.checkpoint import Checkpoint
from catalog.importing.errors import ImportBroken, ImportRefused
from catalog.importing.formats import plan
from catalog.importing.progress import Progress
from catalog.importing.refused import RefusedFile
from catalog.importing.report import Report
from catalog.importing.writing import Writer
from catalog.models import ImportBatch
from core.jobs import JobCancelled, current_job_id
from core.said import Said

log = structlog.get_logger(__name__)


def run(batch_id: int) -> dict[str, Any]:
    """Do the import of an ImportBatch, or the rest of it, and write its report.

    Waits while another import is at work. A batch that is done is not done again. Raises ImportRefused,
    ImportBroken, JobCancelled.
    """
    waiting = Progress(1)
    said = Said(gettext_noop("waiting for another import to end"))
    with locks.working_on(batch_id, lambda: waiting.advance(0, said)):
        batch = ImportBatch.objects.get(pk=batch_id)
        if batch.state == ImportBatch.State.DONE:
            return batch.report
        if batch.state in (ImportBatch.State.UNDOING, ImportBatch.State.UNDONE):
            raise ImportRefused(_("This import was undone. Start a new one."))
        housekeeping.tidy()
        batch.state, batch.error, batch.job_id = ImportBatch.State.RUNNING, "", current_job_id()
        batch.save(update_fields=["state", "error", "job"])
        return _run(batch)


def resumable(format: str, source: str, mapping: dict[str, Any] | None = None) -> ImportBatch | None:
    """The newest batch with these arguments when it is not done: one that runs, or broke off after its first group."""
    batch = ImportBatch.objects.filter(format=format, source=source, is_dry_run=False).first()
    if batch is None or batch.mapping != (mapping or {}):
        return None
    is_begun = batch.state == ImportBatch.State.FAILED and bool(batch.checkpoint.get("groups"))
    return batch if is_begun or batch.state == ImportBatch.State.RUNNING else None


def folder_of(batch: ImportBatch) -> Path:
    """Where the files about a batch lie."""
    return Path(settings.VAR_DIR) / "imports" / str(batch.pk)


def _run(batch: ImportBatch) -> dict[str, Any]:
    report, begun = Report(), time.monotonic()
    refused = RefusedFile(folder_of(batch) / "refused.csv", report, batch.checkpoint.get("refused_size", 0))
    try:
        found = plan(batch.format, Path(batch.source), batch.mapping)
        writer = Writer(found, report, refused, journal.Journal(folder_of(batch)))
        if batch.is_dry_run:
            writer.rehearse()
        else:
            checkpoint = Checkpoint(batch, found)
            finished = checkpoint.finished()
            refused.go_back(checkpoint.refused_size)
            report.restore(checkpoint.report)
            writer.write(checkpoint, finished, refused.settle)
        refused.close()
    except BaseException as error:
        told = _told(error)
        refused.go_back(batch.checkpoint.get("refused_size", 0))
        report.restore(batch.checkpoint.get("report", {}))
        report.seconds = time.monotonic() - begun
        _finish(batch, report, refused, ImportBatch.State.FAILED, _sentence(told))
        if told is error:
            raise
        raise told from error
    report.seconds = time.monotonic() - begun
    _finish(batch, report, refused, ImportBatch.State.DONE, "")
    log.info("import.done", batch_id=batch.pk, seconds=report.seconds, refused=report.refused)
    return batch.report


def _told(error: BaseException) -> BaseException:
    """Errors of files and disks in one sentence; all others as they are."""
    if isinstance(error, OSError):
        name = Path(str(error.filename)).name if error.filename else _("A file")
        return ImportBroken(
            _("%(file)s cannot be read or written: %(reason)s.") % {"file": name, "reason": error.strerror or error}
        )
    return error


def _sentence(error: BaseException) -> str:
    if isinstance(error, ImportRefused | ImportBroken):
        return str(error)
    if isinstance(error, JobCancelled | KeyboardInterrupt):
        return _("Stopped. What was finished before stays; the same import started again does the rest.")
    if isinstance(error, InterfaceError | DatabaseError) and "connection" in str(error):
        return _("The connection to the database broke. Start the same import again: it goes on where it was.")
    return f"{type(error).__name__}: {error}"[:2_000]


def _finish(batch: ImportBatch, report: Report, refused: RefusedFile, state: str, error: str) -> None:
    batch.report, batch.state, batch.error = report.as_json(), state, error
    batch.refused_file = str(refused.path.relative_to(settings.VAR_DIR)) if refused.is_used else ""
    batch.finished_at = timezone.now()
    with transaction.atomic():
        batch.save(update_fields=["report", "state", "error", "refused_file", "finished_at"])
        facts.import_finished(batch)
