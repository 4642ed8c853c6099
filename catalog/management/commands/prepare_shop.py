"""Everything between an empty database and an open shop, in the order the supervisor shows it. Safe to repeat."""

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection

from catalog.models import Product
from catalog.search import index
from core import local_services
from core.models import ShopProfile
from core.supervisor.preparation import LOGIN, STEP

DEMO = "demo"


class Command(BaseCommand):
    help = "Bring database, files, first data, first models and the first login in order."
    # The checks run with `migrate`; running them twice costs a second of every start.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shop", default="", help="folder or file of a shop to import instead of the demo shop")
        parser.add_argument("--format", default="native", help="format of --shop")

    def handle(self, *args: Any, **options: Any) -> None:
        self._step("Bring the database up to date")
        try:
            connection.ensure_connection()
        except OperationalError as error:
            raise CommandError(f"The database cannot be reached: {str(error).splitlines()[0]}.") from error
        call_command("migrate", interactive=False, verbosity=1, stdout=self.stdout)
        if not local_services.check_trigrams(connection):
            raise CommandError(
                "This database does not see Chinese in trigrams, so searches would find nothing: "
                "create it with LC_CTYPE C.UTF-8 from template0."
            )
        self._collect_static_files()
        self._fill(Path(options["shop"]) if options["shop"] else None, options["format"])
        if index.is_waiting():
            self._step("Make products searchable")
            index.rebuild()
        self._step("Train the first models")
        call_command("train_first_models", stdout=self.stdout)
        call_command("ensure_storefront", stdout=self.stdout)
        login = io.StringIO()
        call_command("ensure_owner", stdout=login)
        for line in login.getvalue().splitlines():
            if line.strip():
                self.stdout.write(f"{LOGIN}{line}")

    def _step(self, title: str) -> None:
        self.stdout.write(f"{STEP}{title}")
        self.stdout.flush()

    def _collect_static_files(self) -> None:
        """Only when a file changed: compressing them all takes longer than the rest of a second start."""
        seen = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
        for finder in get_finders():
            for path, storage in finder.list([]):
                facts = os.stat(storage.path(path))
                seen.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
        stamp = settings.VAR_DIR / "static.stamp"
        if stamp.exists() and stamp.read_text() == seen.hexdigest() and Path(settings.STATIC_ROOT).exists():
            return
        self._step("Collect styles, scripts and fonts")
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(seen.hexdigest())

    def _fill(self, shop: Path | None, shop_format: str) -> None:
        """The demo shop into an empty database, or the shop that was asked for. An unfinished filling is resumed."""
        state = FillingState(settings.VAR_DIR / "filling.json")
        if shop is None:
            if state.source == DEMO:
                ShopProfile.objects.update(is_demo=True)  # installations that are older than this mark
            if state.finished or (state.source != DEMO and Product.objects.exists()):
                return
            self._step("Make the demo shop")
            state.begin(DEMO)
            call_command("make_demo_shop", "--size", "small", "--seed", "1", "--import", stdout=self.stdout)
            ShopProfile.current()
            ShopProfile.objects.update(is_demo=True)
        else:
            if state.source == DEMO:
                raise CommandError(
                    "This installation holds the demo shop, and a real one does not mix with it: import yours into "
                    "a folder of its own with `make run VAR_DIR=path SHOP=… FORMAT=…`."
                )
            self._step(f"Import {shop}")
            state.begin(f"{shop_format} {shop}")
            call_command("import_shop", shop_format, str(shop), stdout=self.stdout)
        state.finish()


class FillingState:
    """What the first data of this installation is and whether it is all there. Outlives a kill in the middle."""

    def __init__(self, file: Path) -> None:
        self._file = file
        found = json.loads(file.read_text()) if file.exists() else {}
        self.source: str = found.get("source", "")
        self.finished: bool = found.get("finished", False)

    def begin(self, source: str) -> None:
        self._write(source, finished=False)

    def finish(self) -> None:
        self._write(self.source, finished=True)

    def _write(self, source: str, *, finished: bool) -> None:
        self.source, self.finished = source, finished
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps({"source": source, "finished": finished}))
        part.replace(self._file)
