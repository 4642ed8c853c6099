"""`manage.py add_starter_synonyms`: common synonyms of retail in English and Chinese."""

from typing import Any

from django.core.management.base import BaseCommand

from catalog.search import starter


class Command(BaseCommand):
    help = "Add common synonyms of retail in both languages; those that are there stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{starter.add()} groups of synonyms added.")
