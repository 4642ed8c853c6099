"""One import from the first look at its files to its report.

Every group of sections is one transaction, so a failure leaves each group written as a whole or not at all, and the
same import started again finishes the rest. A dry run does all of it inside one transaction and takes it back.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog import facts
from catalog.importing import staging
from catalog.importing.errors import ImportRefused
from catalog.importing.formats import Plan, plan
from catalog.importing.progress import Progress
from catalog.importing.report import RefusedFile, Report
from catalog.importing.sections import Load, Section, following
from catalog.importing.staging import Stage
from catalog.models import ImportBatch
from core.jobs import JobCancelled, current_job_id
from core.said import NOTHING, Said

log = structlog.get_logger(__name__)
LOCK = 7_340_022  # one import writes at a time
REFUSED_DAYS = 30  # the rows hold personal data, so they are not kept for ever


def run(batch_id: int) -> dict[str, Any]:
    """Do the import of an ImportBatch and write its report. A batch that is done is not done again."""
    batch = ImportBatch.objects.get(pk=batch_id)
    if batch.state == ImportBatch.State.DONE:
        return batch.report
    batch.state, batch.error, batch.job_id = ImportBatch.State.RUNNING, "", current_job_id()
    batch.save(update_fields=["state", "error", "job"])
    _remove_old_files()
    report = Report()
    refused = RefusedFile(folder_of(batch) / "refused.csv", report)
    try:
        import_files(plan(batch.format, Path(batch.source)), report, refused, is_dry_run=batch.is_dry_run)
    except BaseException as error:
        refused.close()
        _finish(batch, report, refused, ImportBatch.State.FAILED, _sentence(error))
        raise
    refused.close()
    _finish(batch, report, refused, ImportBatch.State.DONE, "")
    log.info("import.done", batch_id=batch.pk, seconds=report.seconds, refused=report.refused)
    return batch.report


def folder_of(batch: ImportBatch) -> Path:
    """Where the files about a batch lie."""
    return Path(settings.VAR_DIR) / "imports" / str(batch.pk)


def _remove_old_files() -> None:
    """Lists of refused rows of imports that ended long ago."""
    ended = ImportBatch.objects.filter(finished_at__lt=timezone.now() - timedelta(days=REFUSED_DAYS))
    for batch in ended.exclude(refused_file=""):
        (settings.VAR_DIR / batch.refused_file).unlink(missing_ok=True)
        batch.refused_file = ""
        batch.save(update_fields=["refused_file"])


def import_files(plan: Plan, report: Report, refused: RefusedFile, *, is_dry_run: bool = False) -> None:
    """Write what the plan has read into the shop, counting into `report` and `refused`."""
    begun = time.monotonic()
    progress = Progress(plan.lines)
    _note_files(plan, report)
    try:
        with ExitStack() as stack:
            if is_dry_run:
                stack.enter_context(transaction.atomic())
            for group in plan.groups:
                _write(group, plan, report, refused, progress, is_dry_run=is_dry_run)
            if is_dry_run:
                transaction.set_rollback(True)
        progress.advance(plan.lines, NOTHING)
    finally:
        report.seconds = time.monotonic() - begun


def _write(
    group: Sequence[Section], plan: Plan, report: Report, refused: RefusedFile, progress: Progress, *, is_dry_run: bool
) -> None:
    load = Load(plan.folder, report, is_dry_run, files=frozenset(plan.sources), advance=progress.advance)
    try:
        with transaction.atomic():
            _prepare_session()
            for section in group:
                load.stages[section.name] = _stage(section, plan, report, refused, progress)
            for section in group:
                progress.advance(0, Said(gettext_noop("%(section)s: writing"), {"section": section.name}))
                with report.timed(section.name):
                    section.apply(load)
            for name, refusal in staging.refused_rows():
                refused.add(name, refusal)
            for stage in load.stages.values():
                stage.drop()
    except BaseException:
        for action in load.undo:
            action()
        raise
    for section in group:
        if section.name not in plan.sources:
            _forget_empty(report, section.name)


def _stage(section: Section, plan: Plan, report: Report, refused: RefusedFile, progress: Progress) -> Stage:
    """Read the file of a section into its temporary table."""
    source = plan.sources.get(section.name)
    stage = Stage(section.name, section.columns(), source)
    with report.timed(section.name) as count:
        stage.create()
        if source is None:
            return stage
        count.file = source.name
        before = count.refused
        rows = source.rows(partial(refused.add, section.name))
        message = Said(gettext_noop("%(file)s: reading"), {"file": source.name})
        count.read = stage.fill(following(rows, progress.advance, message)) + count.refused - before
        staging.analyse(stage.table)
        stage.refuse_repeated(section.key)
    return stage


def _prepare_session() -> None:
    """For this transaction: no limit of time, memory for large joins, no compiler, one import at a time."""
    for setting in (
        "statement_timeout = 0",
        "idle_in_transaction_session_timeout = 0",
        "work_mem = '64MB'",
        "jit = off",
    ):
        staging.execute(f"SET LOCAL {setting}")
    staging.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    staging.create_refused()


def _forget_empty(report: Report, name: str) -> None:
    """A section of a group that had no file and did nothing is not listed."""
    count = report.sections.get(name)
    if count and not (count.read or count.new or count.changed or count.same):
        del report.sections[name]


def _note_files(plan: Plan, report: Report) -> None:
    for source in plan.sources.values():
        if source.encoding.name == "gb18030":
            report.note(_("%(file)s: not UTF-8, read as GB18030.") % {"file": source.name})
        elif source.encoding.is_damaged:
            report.note(_("%(file)s: some bytes are not UTF-8; rows with them are refused.") % {"file": source.name})
        ignored = [title for title in source.ignored if title]
        if ignored:
            report.note(
                _("%(file)s: columns left unread: %(columns)s.")
                % {"file": source.name, "columns": ", ".join(ignored)[:500]}
            )
    for file in plan.left:
        report.left.append(file)
        report.note(_("%(file)s: left, no part of this installation reads it.") % {"file": file})


def _sentence(error: BaseException) -> str:
    if isinstance(error, ImportRefused):
        return str(error)
    if isinstance(error, JobCancelled | KeyboardInterrupt):
        return _("Stopped. What was finished before stays; the same import started again does the rest.")
    return f"{type(error).__name__}: {error}"[:2_000]


def _finish(batch: ImportBatch, report: Report, refused: RefusedFile, state: str, error: str) -> None:
    batch.report, batch.state, batch.error = report.as_json(), state, error
    batch.refused_file = str(refused.path.relative_to(settings.VAR_DIR)) if refused.is_used else ""
    batch.finished_at = timezone.now()
    with transaction.atomic():
        batch.save(update_fields=["report", "state", "error", "refused_file", "finished_at"])
        facts.import_finished(batch)
