"""`manage.py make_demo_shop`: an invented shop to try everything with."""

import time
from argparse import ArgumentParser
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from catalog.demo import loading
from catalog.demo.chance import SHOP_ZONE
from catalog.demo.sizes import SIZES
from catalog.demo.writer import Progress, write_demo
from catalog.search import starter


class Command(BaseCommand):
    help = "Write an invented shop as a folder in the native import format, and import it with --import."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--size", choices=sorted(SIZES), default="small", help="how large the shop is")
        parser.add_argument("--seed", type=int, default=1, help="the same seed and date give the same shop")
        parser.add_argument("--out", type=Path, metavar="DIR", help="default: demo/SIZE-SEED in the folder VAR_DIR")
        parser.add_argument(
            "--until",
            type=date.fromisoformat,
            metavar="DATE",
            help="the history ends with the day before; default: today",
        )
        parser.add_argument("--import", action="store_true", dest="run_import", help="import the folder afterwards")

    def handle(self, *args: Any, **options: Any) -> None:
        size, seed = SIZES[options["size"]], options["seed"]
        if seed < 0:
            raise CommandError(_("The seed is a whole number from 0 on."))
        folder = options["out"] or settings.VAR_DIR / "demo" / f"{size.name}-{seed}"
        until = options["until"] or datetime.now(SHOP_ZONE).date()
        if until.year < 1990:
            raise CommandError(_("The date is too early. Name one from 1990 on."))
        if options["run_import"] and size.in_columns and not loading.is_empty():
            raise CommandError(_("A shop of this size needs an empty database. Set VAR_DIR for a second one."))
        try:
            counts = write_demo(seed, size, until, Path(folder), self._progress(options["verbosity"]))
        except FileExistsError:
            text = _("%(folder)s holds other files. Name another folder with --out.")
            raise CommandError(text % {"folder": folder}) from None
        except OSError as error:
            text = _("The demo shop could not be written: %(reason)s")
            raise CommandError(text % {"reason": error}) from error
        if options["verbosity"]:
            for name, count in counts.items():
                self.stdout.write(f"{count:>8,}  {name}")
            self.stdout.write(_("Demo shop written to %(folder)s") % {"folder": folder})
        if options["run_import"] and size.in_columns:
            loading.load(Path(folder), self.stdout, self._tell_of_loading)
        elif options["run_import"]:
            call_command("import_shop", "native", str(folder), stdout=self.stdout)
            starter.add()

    def _tell_of_loading(self, what: str) -> None:
        self.stdout.write(_("%(section)s: writing") % {"section": what})
        self.stdout.flush()

    def _progress(self, verbosity: int) -> Progress:
        """On a terminal a line that counts; elsewhere a line every two seconds, so that a log shows life."""
        on_terminal = bool(getattr(self.stdout, "isatty", lambda: False)())
        pause = 0.2 if on_terminal else 2.0
        told_at = time.monotonic()

        def tell(what: str, done: int, total: int) -> None:
            nonlocal told_at
            if verbosity and (time.monotonic() - told_at >= pause or (on_terminal and done == total)):
                told_at = time.monotonic()
                title = _("Pictures") if what == "pictures" else f"{what}.csv"
                text = _("%(what)s: %(done)d of %(total)d") % {"what": title, "done": done, "total": total}
                self.stdout.write(
                    f"\r{text}" if on_terminal else text, ending="" if on_terminal and done < total else "\n"
                )
                self.stdout.flush()

        return tell
