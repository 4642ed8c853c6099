"""`manage.py undo_import NUMBER`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from catalog.importing import undo
from catalog.importing.errors import ImportRefused
from catalog.importing.undo.outcome import lines
from catalog.models import ImportBatch
from core import jobs


class Command(BaseCommand):
    help = (
        "Undo an import: rows that it made go, rows that it changed become what they were. What somebody or a later"
        " import changed since stays and is listed. Exit status 2 when it cannot be undone. See docs/import.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "batch", metavar="NUMBER", type=int, help="the number of the import, from the list of imports"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        batch = ImportBatch.objects.filter(pk=options["batch"]).first()
        if batch is None:
            raise CommandError(_("There is no import %(number)d.") % {"number": options["batch"]}, returncode=2)
        try:
            if batch.state != ImportBatch.State.UNDOING:  # that one may have lost its process
                undo.check(batch)
            job = jobs.run_now("catalog.tasks.undo_import", batch_id=batch.pk)
        except ImportRefused as error:
            raise CommandError(str(error), returncode=2) from error
        batch.refresh_from_db()
        if job.state != jobs.Job.State.DONE:
            raise CommandError(batch.error or _("The undo was stopped. Nothing was undone."), returncode=1)
        for line in lines(batch.report["undo"]):
            self.stdout.write(line)
