"""`makemigrations` that starts no server.

Django compares the history in the database before it writes a migration, and skips that for the engine "dummy".
When the local server does not run, nobody can have applied anything in the meantime, so the comparison is skipped
the same way; with a running or an external server it is made as usual. A router refusing every model would skip it
too, but would have to know which command is running.
"""

from typing import Any

from django.conf import settings
from django.core.management.commands import makemigrations
from django.db import connection

from core import local_services


class Command(makemigrations.Command):
    def handle(self, *app_labels: str, **options: Any) -> None:
        engine = connection.settings_dict["ENGINE"]
        if settings.LOCAL_POSTGRES and local_services.status(settings.VAR_DIR)["postgres"] is None:
            connection.settings_dict["ENGINE"] = "django.db.backends.dummy"
        try:
            super().handle(*app_labels, **options)
        finally:
            connection.settings_dict["ENGINE"] = engine
