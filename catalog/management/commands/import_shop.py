"""`manage.py import_shop FORMAT PATH [--dry-run]`: the same arguments go on with an import that was killed."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.importing import formats, report, runner
from catalog.importing.errors import ImportBroken, ImportRefused
from catalog.importing.progress import listener
from catalog.models import ImportBatch
from core import jobs

SOURCE_LIMIT = 500


class Command(BaseCommand):
    help = (
        "Bring in a shop from files. The same files twice change nothing. Rows that cannot be used are listed in a"
        " CSV with file, line, column and reason. Exit status 2 when nothing can be read. See docs/import.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("format", metavar="FORMAT", help=", ".join(formats.FORMATS))
        parser.add_argument("path", metavar="PATH", help="a folder of CSV files (.csv or .csv.gz)")
        parser.add_argument("--dry-run", action="store_true", help="read and check everything, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["path"]).expanduser().absolute()
        if len(str(path)) > SOURCE_LIMIT:
            raise CommandError(_("The path is longer than 500 characters."), returncode=2)
        try:
            formats.plan(options["format"], path)
        except ImportRefused as error:
            raise CommandError(str(error), returncode=2) from error
        batch = self._batch(options["format"], str(path), is_dry_run=options["dry_run"])
        terminal = _Terminal(self.stdout)
        token = listener.set(terminal.tell)
        try:
            job = jobs.run_now("catalog.tasks.import_files", batch_id=batch.pk)
        except KeyboardInterrupt:
            batch.refresh_from_db()
            # Else a worker would take the job for lost and go on with it.
            jobs.Job.objects.filter(importbatch=batch).update(
                state=jobs.Job.State.CANCELLED, finished_at=timezone.now()
            )
            raise CommandError(batch.error, returncode=130) from None
        except ImportRefused as error:
            raise CommandError(str(error), returncode=2) from error
        except ImportBroken as error:
            raise CommandError(str(error), returncode=1) from error
        finally:
            listener.reset(token)
            terminal.end()
        batch.refresh_from_db()
        if job.state != jobs.Job.State.DONE:
            raise CommandError(batch.error or _("The import was stopped."), returncode=1)
        self._show(batch)

    def _batch(self, format: str, source: str, *, is_dry_run: bool) -> ImportBatch:
        """A new batch, or the one with these arguments that was killed or broke off."""
        known = None if is_dry_run else runner.resumable(format, source)
        if known is not None:
            self.stdout.write(_("Going on with import #%(number)d.") % {"number": known.pk})
            return known
        return ImportBatch.objects.create(format=format, source=source, is_dry_run=is_dry_run)

    def _show(self, batch: ImportBatch) -> None:
        for line in report.table(batch.report):
            self.stdout.write(line)
        if batch.refused_file:
            path = Path(settings.VAR_DIR) / batch.refused_file
            self.stdout.write(_("Refused rows: %(path)s") % {"path": path})
        if batch.is_dry_run:
            self.stdout.write(_("Dry run: nothing was written."))


class _Terminal:
    """A bar on a terminal; elsewhere a line every two seconds, so that a log shows that work goes on."""

    def __init__(self, out: Any) -> None:
        self.out = out
        self.is_bar = bool(getattr(out, "isatty", lambda: False)()) and not sys.platform.startswith("win")
        self.told_at = time.monotonic()
        self.drawn = False

    def tell(self, done: int, total: int, message: str) -> None:
        if self.is_bar:
            filled = round(30 * done / total) if total else 0
            self.out.write(f"\r[{'█' * filled}{'·' * (30 - filled)}] {done:,}/{total:,} {message[:60]:<60}", ending="")
            self.out.flush()
            self.drawn = True
        elif time.monotonic() - self.told_at >= 2:
            self.told_at = time.monotonic()
            self.out.write(f"{done:,} of {total:,}  {message}")

    def end(self) -> None:
        if self.drawn:
            self.out.write("\r" + " " * 110 + "\r", ending="")
