"""PostgreSQL and Redis of one shop: ended, frozen, filled, and brought back by nobody but the test."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg2
import redis

from core import local_services
from core.local_services.home import Home
from tests.faults.harness.processes import family, kill_family, tell
from tests.faults.harness.waiting import until


class Server:
    """What both have in common. `name` is postgres or redis, as `local_services.status` calls them."""

    name = ""

    def __init__(self, var: Path, *, durable: bool = False) -> None:
        self.var, self._durable, self._pid = var, durable, 0

    @property
    def socket(self) -> Path:
        """Where it listens. The folder is short enough for a socket."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it and wait until it answers; recovery after a kill included."""
        with self._volatility():
            self._ensure()
        found = local_services.status(self.var)
        self._pid = found["postgres"] or 0 if self.name == "postgres" else found["redis"] or 0
        until(self.answers, seconds=30, what=f"{self.name} answers")

    def answers(self) -> bool:
        """Whether a new client gets an answer."""
        raise NotImplementedError

    def kill(self) -> None:
        """SIGKILL to the server and all its processes; files are left as they are."""
        if self._pid:
            kill_family(self._pid)
            self._pid = 0

    def freeze(self) -> None:
        """SIGSTOP: the kernel still takes connections, nobody answers."""
        tell(family(self._pid), signal.SIGSTOP)

    def thaw(self) -> None:
        tell(list(reversed(family(self._pid))), signal.SIGCONT)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        self.freeze()
        try:
            yield
        finally:
            self.thaw()

    def make_whole(self) -> None:
        """Thawed and running, whatever a test did."""
        self.thaw()
        if not family(self._pid):
            self.start()

    def _ensure(self) -> None:
        raise NotImplementedError

    @contextlib.contextmanager
    def _volatility(self) -> Iterator[None]:
        """The tests' servers do not wait for the disk; those of a durable shop do."""
        before = os.environ.get("LOCAL_SERVICES_VOLATILE", "")
        os.environ["LOCAL_SERVICES_VOLATILE"] = "0" if self._durable else "1"
        try:
            yield
        finally:
            os.environ["LOCAL_SERVICES_VOLATILE"] = before


class Postgres(Server):
    name = "postgres"

    @property
    def socket(self) -> Path:
        return Home.of(self.var).sockets / ".s.PGSQL.5432"

    @property
    def password(self) -> str:
        return (Home.of(self.var).secrets / "postgres").read_text().strip()

    def url(self, port: int | None = None) -> str:
        """For DATABASE_URL: through the loopback port of a proxy, or the socket."""
        if port is not None:
            return f"postgres://zhanggui:{quote(self.password)}@127.0.0.1:{port}/zhanggui"
        return f"postgres://zhanggui:{quote(self.password)}@/zhanggui?host={self.socket.parent}"

    def connect(self) -> psycopg2.extensions.connection:
        """A session of the test's own, beside every proxy, in autocommit."""
        connection = psycopg2.connect(
            host=str(self.socket.parent), user="zhanggui", password=self.password, dbname="zhanggui",
            connect_timeout=2, application_name="harness",
        )  # fmt: skip
        connection.autocommit = True
        return connection

    def answers(self) -> bool:
        self.connect().close()
        return True

    def _ensure(self) -> None:
        local_services.ensure_postgres(self.var)


class Redis(Server):
    name = "redis"

    @property
    def socket(self) -> Path:
        return Home.of(self.var).sockets / "redis.sock"

    @property
    def password(self) -> str:
        return (Home.of(self.var).secrets / "redis").read_text().strip()

    def url(self, port: int | None = None) -> str:
        """For REDIS_URL: through the loopback port of a proxy, or the socket."""
        key = quote(self.password, safe="")
        return f"redis://:{key}@127.0.0.1:{port}/0" if port is not None else f"unix://:{key}@{self.socket}?db=0"

    def client(self) -> redis.Redis:
        """The test's own, patient one."""
        return redis.Redis(unix_socket_path=str(self.socket), password=self.password, socket_timeout=5)

    def answers(self) -> bool:
        return bool(self.client().ping())

    def flush(self) -> None:
        """Everything is gone, the queues too."""
        self.client().flushall()

    def _ensure(self) -> None:
        local_services.ensure_redis(self.var)


@contextlib.contextmanager
def fill_redis(server: Redis) -> Iterator[None]:
    """Redis that refuses every write for want of memory, as `noeviction` does. Emptied of nothing."""
    client = server.client()
    client.config_set("maxmemory", "1")
    try:
        yield
    finally:
        client.config_set("maxmemory", "256mb")
