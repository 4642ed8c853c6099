"""Train what a new installation needs before it opens. Does nothing where models are there."""

from typing import Any

from django.core.management.base import BaseCommand

from core.extensions import first_models


class Command(BaseCommand):
    help = "Train the first version of every model that this installation has not yet."

    def handle(self, *args: Any, **options: Any) -> None:
        for entry in first_models.entries():
            self.stdout.write(f"{entry.key} …")
            entry.resolve()()
