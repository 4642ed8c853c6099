"""Erase again whoever a restored backup brought back."""

from typing import Any

from django.core.management.base import BaseCommand

from core import rights


class Command(BaseCommand):
    help = "Erase again everybody who was erased after the backup that is now in use was made. Run it after a restore."

    def handle(self, *args: Any, **options: Any) -> None:
        count = rights.apply_journal()
        self.stdout.write(f"{count} people erased again." if count else "Nobody came back.")
