"""PostgreSQL and Redis of this installation, started from the programs that the wheels bring.

Standard library only, and usable before Django is set up. The wheels' own start helpers are not used: they
leave orphans behind, open parent folders to everyone as root and give crash recovery ten seconds.

Lifetime: every process that uses the servers holds a shared lock on a lease file, see `lease`. Who leaves last
stops them. A process that is killed leaves them running until the next user leaves.
"""

import atexit
from pathlib import Path
from typing import Any, TypedDict

from core.local_services import lease, postgres, redis
from core.local_services.errors import LocalServiceError
from core.local_services.home import Home, default_var

__all__ = [
    "LocalServiceError",
    "PostgresAddress",
    "Status",
    "check_trigrams",
    "default_var",
    "ensure_postgres",
    "ensure_redis",
    "postgres_program",
    "status",
    "stop",
    "sync_redis",
]


class PostgresAddress(TypedDict):
    """What a client needs. `host` is a folder (its socket) or an address."""

    host: str
    port: int
    user: str
    password: str
    dbname: str


class Status(TypedDict):
    """Process ids of what runs, None for what does not, and the folder that holds the data."""

    postgres: int | None
    redis: int | None
    home: str


def ensure_postgres(var: Path | str | None = None) -> PostgresAddress:
    """Attach to this installation's PostgreSQL, starting (and on the first time creating) it when needed.

    Raises LocalServiceError with one sentence for people.
    """
    home = _use(var)
    if postgres.running(home) is None:
        with lease.start_lock(home):
            home = home.prepared()
            postgres.start(home)
    host, port = postgres.address(home)
    return {
        "host": host,
        "port": port,
        "user": postgres.ROLE,
        "password": postgres.password(home),
        "dbname": postgres.DATABASE,
    }


def ensure_redis(var: Path | str | None = None, *, database: int = 0) -> str:
    """URL of this installation's Redis (`unix://…` or `redis://…`), starting it when needed.

    Raises LocalServiceError with one sentence for people.
    """
    home = _use(var)
    # A server that runs and does not answer (frozen, loading) is not waited for: callers have time limits of their own.
    if redis.running(home) is None:
        with lease.start_lock(home):
            home = home.prepared()
            redis.start(home)
    return redis.url(home, database=database)


def stop(var: Path | str | None = None, *, force: bool = False) -> bool:
    """Stop the servers unless another process uses them (`force` stops them anyway). True when they are down."""
    home = Home.of(var)
    if not home.locks.exists():
        return True
    if not lease.take_alone(home) and not force:
        return False
    try:
        redis.stop(home)
        postgres.stop(home)
    finally:
        lease.give_up(home)
    return True


def sync_redis(var: Path | str | None = None) -> None:
    """Bring what Redis wrote to the disk; the supervisor asks for it every second. Starts nothing."""
    redis.sync(Home.of(var))


def status(var: Path | str | None = None) -> Status:
    """What runs now. Starts and creates nothing."""
    home = Home.of(var)
    return {"postgres": postgres.running(home), "redis": redis.running(home), "home": str(home.base)}


def postgres_program(name: str, var: Path | str | None = None) -> Path:
    """Path of a client program that comes with the server, such as `psql` or `pg_dump`."""
    return Home.of(var).programs().postgres / "bin" / name


def check_trigrams(connection: Any) -> bool:
    """Whether trigrams see Chinese. Under a C or builtin LC_CTYPE they are silently empty, and search finds nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(show_trgm('中文')) > 0")
        return bool(cursor.fetchone()[0])


def _use(var: Path | str | None) -> Home:
    home = Home.of(var)
    home.make_var()
    if lease.hold(home):
        atexit.register(_leave, home.var)
    return home


def _leave(var: Path) -> None:
    """At exit: the last one stops the servers. A forked child runs this too, under its own lease."""
    try:
        stop(var)
    except (OSError, LocalServiceError):
        return
