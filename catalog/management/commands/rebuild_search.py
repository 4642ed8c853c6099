"""`manage.py rebuild_search`: read every product again."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from catalog.search import index


class Command(BaseCommand):
    help = "Rebuild the search index: documents of all products, counts of words, popularity."

    def handle(self, *args: Any, **options: Any) -> None:
        def progress(done: int) -> None:
            if sys.stdout.isatty():
                self.stdout.write(f"\r{done} products", ending="")
                self.stdout.flush()

        done = index.rebuild(progress)
        if sys.stdout.isatty():
            self.stdout.write("\r", ending="")
        self.stdout.write(f"{done} products read.")
