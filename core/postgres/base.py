"""The database engine `core.postgres`.

With `settings.LOCAL_POSTGRES` the address is asked for at the first connection, which starts the server when it
does not run. So a command that never connects starts nothing, and a server that was killed comes back with the
next connection.
"""

import time
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from django.db.utils import OperationalError

from core import local_services
from core.postgres.client import DatabaseClient


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL with an address that may not be known before it is needed."""

    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        """Parameters for the driver. Raises OperationalError when the local server cannot run."""
        params = super().get_connection_params()
        if settings.LOCAL_POSTGRES:
            params.update(_local_address())
        timeout = getattr(settings, "STATEMENT_TIMEOUT_MS", 0)
        if timeout:
            given = params.get("options", "")
            params["options"] = f"{given} -c statement_timeout={timeout}".strip()
        params.setdefault("application_name", "zhanggui")
        params.setdefault("connect_timeout", 5)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; a local server that dies in this very moment is started again and asked once more."""
        try:
            return super().get_new_connection(conn_params)
        except self.Database.OperationalError:
            if not settings.LOCAL_POSTGRES:
                raise
            time.sleep(0.2)
            return super().get_new_connection({**conn_params, **_local_address()})


def _local_address() -> dict[str, Any]:
    """All but the database's name, which stays Django's: it differs for test databases and for creating them."""
    try:
        address = local_services.ensure_postgres(settings.VAR_DIR)
    except local_services.LocalServiceError as error:
        raise OperationalError(str(error)) from error
    return {"host": address["host"], "port": address["port"], "user": address["user"], "password": address["password"]}
