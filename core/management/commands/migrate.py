"""`migrate` that waits briefly for locks and as long as needed for its own work."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

from core.faults import BUSY, fault_of


class Command(migrate.Command):
    """A migration queueing for a table lock blocks every reader behind it, so it gives up after three seconds."""

    def handle(self, *args: str, **options: Any) -> None:
        connection = connections[options.get("database") or DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            cursor.execute(
                "SET lock_timeout = '3s'; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"
            )
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if fault_of(error) is not BUSY:
                raise
            raise CommandError(
                "A table that a migration changes was in use for more than three seconds, so the migration gave up and "
                "changed nothing; those before it are done. Run `manage.py migrate` again when the shop is quieter."
            ) from error
        finally:
            if connection.connection is not None and not connection.in_atomic_block:
                connection.close()
