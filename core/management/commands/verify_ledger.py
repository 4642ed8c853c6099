"""Is the ledger whole? `python manage.py verify_ledger [--from INDEX] [--sign] [--json]`."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from core.ledger import roots
from core.ledger.verifying import verify


class Command(BaseCommand):
    help = "Verify the hash chain of the ledger and its signed heads. Exit status 1 when an entry does not fit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=int, default=1, metavar="INDEX", help="begin with this entry")
        parser.add_argument("--sign", action="store_true", help="sign the last entry when all fit")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = verify(options["first"])
        if options["json"]:
            self.stdout.write(json.dumps(verdict.as_json()))
        elif verdict.is_whole:
            self.stdout.write(
                _("The ledger is whole: %(entries)d entries, %(roots)d signed heads.")
                % {"entries": verdict.entries, "roots": verdict.roots}
            )
        if not verdict.is_whole:
            raise CommandError(str(verdict.reason), returncode=1)
        if options["sign"]:
            roots.sign_head()
