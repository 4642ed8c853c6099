"""The database engine `core.postgres`.

With `settings.LOCAL_POSTGRES` the address is asked for at the first connection, which starts the server when it
does not run. So a command that never connects starts nothing, and a server that was killed comes back with the
next connection.

In the web process (`settings.WEB_PROCESS`) nobody waits for a server that is away, see `core.postgres.watch`, and a
read whose connection was ended under it is asked once more on a fresh one.
"""

import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper
from django.db.utils import DatabaseError, InterfaceError, OperationalError

from core import acting, local_services
from core.postgres.client import DatabaseClient
from core.postgres.watch import CONNECT_SECONDS, Address, address_of, answers, gate, watcher

log = structlog.get_logger(__name__)
IDLE_IN_TRANSACTION_MS = 30_000
TRUSTED_SECONDS = 5.0
"""A connection that answered within this time and is silent now needs no question whether it still works."""
AWAY = "The database gives no answer."
# What libpq asks of TCP: a peer that vanished is noticed in seconds by pages, in a minute by jobs.
WEB_TCP = {"connect_timeout": 2, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
           "tcp_user_timeout": 5_000}  # fmt: skip
WORKER_TCP = {"connect_timeout": 5, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
              "tcp_user_timeout": 60_000}  # fmt: skip


class DatabaseAway(OperationalError):
    """Refused without asking: the server gave no answer a moment ago."""


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL with an address that may not be known before it is needed."""

    client_class = DatabaseClient

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(_say_who_writes)
        self.is_impatient = bool(getattr(settings, "WEB_PROCESS", False))
        self.busy_since = 0.0
        self.heard_at = float("-inf")
        self.address: Address | None = None
        timeout = int(getattr(settings, "STATEMENT_TIMEOUT_MS", 0))
        self.hard_limit = timeout / 1000 + 1 if timeout else 0.0
        self._cutting = threading.Lock()

    # --- connecting

    def get_connection_params(self) -> dict[str, Any]:
        """Parameters for the driver. Raises OperationalError when the local server cannot run."""
        params = super().get_connection_params()
        if settings.LOCAL_POSTGRES:
            params.update(_local_address(may_wait=not (self.is_impatient and _local.was_there)))
        params["options"] = f"{params.get('options', '')} {_limits()}".strip()
        params.setdefault("application_name", "zhanggui")
        for name, value in (WEB_TCP if self.is_impatient else WORKER_TCP).items():
            params.setdefault(name, value)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; a local server that dies in this very moment is started again and asked once more."""
        if self.is_impatient:
            return self._connect_at_once(conn_params)
        try:
            return super().get_new_connection(conn_params)
        except self.Database.OperationalError:
            if not settings.LOCAL_POSTGRES:
                raise
            time.sleep(0.2)
            return super().get_new_connection({**conn_params, **_local_address()})

    def _connect_at_once(self, params: dict[str, Any]) -> Any:
        """Or not at all: half a second for the first word, and one more try when somebody just heard of the server."""
        self.address = address_of(params)
        if not gate.allows():
            raise DatabaseAway(AWAY)
        made = None
        began = time.monotonic()
        if answers(self.address):
            made = self._connected(params)
        left = began + CONNECT_SECONDS - time.monotonic()
        if made is None and left > 0 and watcher.heard_lately() and answers(self.address, seconds=left):
            made = self._connected(params)
        if made is None:
            gate.failed()
            raise DatabaseAway(AWAY)
        gate.succeeded()
        watcher.watch(self)
        return made

    def _connected(self, params: dict[str, Any]) -> Any:
        """None when the line broke. Raises OperationalError when a server that is there refuses."""
        try:
            return super().get_new_connection(params)
        except self.Database.OperationalError as error:
            if "FATAL:" in str(error):
                raise
            log.warning("database.line_broke", error=str(error).splitlines()[0])
            return None

    def ensure_connection(self) -> None:
        """In the web process a connection that broke is replaced, unless a transaction was lost with it."""
        if self.is_impatient and self.connection is not None and self.connection.closed and not self.in_atomic_block:
            self.close()
        super().ensure_connection()

    def close_if_unusable_or_obsolete(self) -> None:
        """After a request: a broken connection goes, and no new one is made for nobody."""
        if self.is_impatient and self.connection is not None and self.connection.closed:
            self.close()
        super().close_if_unusable_or_obsolete()

    def is_usable(self) -> bool:
        if not self.is_impatient:
            return super().is_usable()
        # Only looks at the gate: the one try of this second belongs to what is asked next.
        if gate.is_open:
            raise DatabaseAway(AWAY)
        if time.monotonic() - self.heard_at < TRUSTED_SECONDS and not self._line_says_something():
            return True
        is_usable = bool(self._watched(super().is_usable))
        if is_usable:
            self._heard()
        return is_usable

    def _line_says_something(self) -> bool:
        """An idle connection is silent. What a server sends unasked is its good-bye."""
        try:
            poll = select.poll()
            poll.register(self.connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
            return bool(poll.poll(0))
        except (self.Database.Error, OSError, ValueError):
            return True

    # --- asking

    def ask(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """Whatever waits for the server, under the eyes of the watcher. Raises DatabaseAway while it is known to be."""
        if not gate.allows():
            raise DatabaseAway(AWAY)
        try:
            answer = self._watched(question, *arguments)
        except DatabaseError:
            if self.connection is not None and not self.connection.closed:
                self._heard()  # what refuses is there
            raise
        self._heard()
        self.heard_at = watcher.last_answer
        return answer

    def _watched(self, question: Callable[..., Any], *arguments: Any) -> Any:
        self.busy_since = time.monotonic()
        try:
            return question(*arguments)
        finally:
            with self._cutting:
                self.busy_since = 0.0

    @staticmethod
    def _heard() -> None:
        watcher.last_answer = time.monotonic()
        gate.succeeded()

    def cut_off(self, since: float) -> None:
        """End the wait that began at `since`; the driver then reports a closed connection."""
        with self._cutting:
            if self.busy_since != since or self.connection is None or self.connection.closed:
                return
            # A second handle on the same line: closing it leaves the driver's alone.
            with socket.fromfd(self.connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as line:
                line.shutdown(socket.SHUT_RDWR)

    def make_cursor(self, cursor: Any) -> CursorWrapper:
        return ImpatientCursor(cursor, self) if self.is_impatient else super().make_cursor(cursor)

    def make_debug_cursor(self, cursor: Any) -> CursorDebugWrapper:
        return ImpatientDebugCursor(cursor, self) if self.is_impatient else super().make_debug_cursor(cursor)

    def _commit(self) -> None:
        if self.is_impatient and self.connection is not None:
            self.ask(super()._commit)  # type: ignore[misc]
        else:
            super()._commit()  # type: ignore[misc]

    def _rollback(self) -> None:
        # Never refused: after it the connection is clean or closed.
        if self.is_impatient:
            self._watched(super()._rollback)  # type: ignore[misc]
        else:
            super()._rollback()  # type: ignore[misc]


class Impatient:
    """A cursor that does not wait for a server that is away, and repeats a read whose connection was ended."""

    db: DatabaseWrapper
    cursor: Any

    def _execute(self, sql: Any, params: Any, *ignored: Any) -> Any:
        execute = super()._execute  # type: ignore[misc]
        try:
            return self.db.ask(execute, sql, params, *ignored)
        except (OperationalError, InterfaceError) as error:
            if not self._may_ask_again(sql):
                raise
            log.warning("database.read_repeated", error=str(error).splitlines()[0])
            self.db.close()
            self.db.ensure_connection()
            self.cursor = self.db.create_cursor()
            return self.db.ask(execute, sql, params, *ignored)

    def _executemany(self, sql: Any, param_list: Any, *ignored: Any) -> Any:
        return self.db.ask(super()._executemany, sql, param_list, *ignored)  # type: ignore[misc]

    def _may_ask_again(self, sql: Any) -> bool:
        """A plain read outside of a transaction whose connection is gone while the server is there."""
        broken = self.db.connection is not None and self.db.connection.closed
        return bool(
            broken
            and not gate.is_open
            and not self.db.in_atomic_block
            and self.db.autocommit
            and getattr(self.cursor, "name", None) is None
            and isinstance(sql, str)
            and sql.lstrip()[:6].upper() == "SELECT"
            and "pg_advisory" not in sql
        )


class ImpatientCursor(Impatient, CursorWrapper):
    pass


class ImpatientDebugCursor(Impatient, CursorDebugWrapper):
    pass


def _say_who_writes(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
    """For the ledger: its triggers read the actor in front of the statement (core.acting)."""
    return execute(acting.signed(sql) if isinstance(sql, str) else sql, params, many, context)


def _limits() -> str:
    """How long statements, locks and forgotten transactions may take, as options for the server."""
    limits: dict[str, Any] = {"timezone": "UTC"}  # else Django asks for it after every connect
    if timeout := getattr(settings, "STATEMENT_TIMEOUT_MS", 0):
        limits |= {"statement_timeout": timeout, "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS}
    if lock := getattr(settings, "LOCK_TIMEOUT_MS", 0):
        limits["lock_timeout"] = lock
    return " ".join(f"-c {name}={value}" for name, value in limits.items())


class _Local:
    """What this process knows of the local server."""

    def __init__(self) -> None:
        self.was_there = False
        self.starting = threading.Lock()


_local = _Local()


def _local_address(*, may_wait: bool = True) -> dict[str, Any]:
    """All but the database's name, which stays Django's: it differs for test databases and for creating them.

    Without `may_wait` a server that is gone is started beside the request, which is told that it is away.
    """
    if not may_wait and local_services.status(settings.VAR_DIR)["postgres"] is None:
        if _local.starting.acquire(blocking=False):
            threading.Thread(target=_start_local, daemon=True, name="database-start").start()
        raise DatabaseAway("The database is being started.")
    try:
        address = local_services.ensure_postgres(settings.VAR_DIR)
    except local_services.LocalServiceError as error:
        raise OperationalError(str(error)) from error
    _local.was_there = True
    return {"host": address["host"], "port": address["port"], "user": address["user"], "password": address["password"]}


def _start_local() -> None:
    try:
        local_services.ensure_postgres(settings.VAR_DIR)
    except local_services.LocalServiceError as error:
        log.error("database.cannot_start", error=str(error))
    finally:
        _local.starting.release()
