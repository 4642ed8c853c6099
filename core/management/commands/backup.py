"""Make a backup: `python manage.py backup [--to FOLDER]`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from core.backups import make_backup
from core.backups.errors import BackupError


class Command(BaseCommand):
    help = "Put database, pictures, models and the ledger's signed heads into one file. The shop may be open."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, metavar="FOLDER", help="instead of BACKUP_DIR")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = make_backup(options["to"])
        except BackupError as error:
            raise CommandError(str(error)) from error
        size = filesizeformat(made.size).replace("\xa0", " ")
        self.stdout.write(f"{made.path} ({size}, {made.files} pictures and model files)")
        if made.removed:
            self.stdout.write(f"Older backups removed: {made.removed}")
