"""`manage.py dbshell`, also for the local server and without an installed psql."""

import os
import shutil
import subprocess
from collections.abc import Iterable

from django.conf import settings
from django.db.backends.postgresql.client import DatabaseClient as PostgresClient

from core import local_services


class DatabaseClient(PostgresClient):
    """Uses psql of the wheel when the system has none."""

    def runshell(self, parameters: Iterable[str]) -> None:
        database = dict(self.connection.settings_dict)
        if settings.LOCAL_POSTGRES:
            address = local_services.ensure_postgres(settings.VAR_DIR)
            database.update(
                HOST=address["host"], PORT=address["port"], USER=address["user"], PASSWORD=address["password"]
            )
        arguments, extra = self.settings_to_cmd_args_env(database, list(parameters))
        if shutil.which(arguments[0]) is None:
            arguments[0] = str(local_services.postgres_program(arguments[0], settings.VAR_DIR))
        subprocess.run(arguments, env={**os.environ, **(extra or {})}, check=True)
