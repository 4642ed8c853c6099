"""Put a backup in the place of this shop's data: `python manage.py restore FILE [--confirm]`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.backups import forget_before, restore
from core.backups.errors import BackupError


class Command(BaseCommand):
    help = "Restore a backup. The state before is kept under other names until --forget-before removes it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="made by `manage.py backup`")
        parser.add_argument("--confirm", action="store_true", help="also when the shop is not empty")
        parser.add_argument("--forget-before", action="store_true", help="remove what earlier restores kept")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["forget_before"]:
                for name in forget_before():
                    self.stdout.write(f"removed {name}")
                return
            if options["file"] is None:
                raise CommandError("Name the file: manage.py restore var/backups/zhanggui-….tar.gz")
            done = restore(options["file"], confirmed=options["confirm"], say=self._say)
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The shop is as it was on {done.made_at}. Its ledger is whole: {done.entries} entries.")
        if done.erased_again:
            self.stdout.write(f"People erased since then were erased again: {done.erased_again}.")
        if done.foreign_signatures:
            self.stdout.write(
                "The backup was made under another SECRET_KEY: sessions, tokens and second factors of that time do not "
                "work here, and the ledger's signatures were put aside."
            )
        kept = ", ".join([f"database {done.kept_database}", *map(str, done.kept_folders)])
        self.stdout.write(f"The state before is kept: {kept}. Remove it with `manage.py restore --forget-before`.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
