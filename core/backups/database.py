"""The database's part: the client programs of the wheel, or newer ones of the system, with this shop's address."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings
from django.db import connection

from core import local_services
from core.backups.errors import BackupError

LONGEST_ANSWER = 600
NAMES = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}


def name() -> str:
    """The database of this shop."""
    return str(connection.settings_dict["NAME"])


def dump(target: Path) -> None:
    """All of the database as of one moment, while others write. Raises BackupError."""
    run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}", f"--dbname={name()}"])


def check_dump(path: Path) -> None:
    """Whether PostgreSQL can read the dump's list of contents."""
    run("pg_restore", ["--list", str(path)])


def load(path: Path, database: str) -> None:
    """Fill an empty database from a dump, all or nothing."""
    arguments = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", f"--dbname={database}"]
    run("pg_restore", [*arguments, str(path)])


def run(program: str, arguments: Sequence[str]) -> str:
    """What the program prints. Raises BackupError with its last words."""
    done = subprocess.run(
        [str(_program(program)), *arguments],
        env={**os.environ, **_address()}, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    if done.returncode != 0:
        reason = done.stderr.strip()[-LONGEST_ANSWER:] or f"status {done.returncode}"
        raise BackupError(f"{program}: {reason}")
    return done.stdout


def server_major() -> int:
    """15, 16, … of the server that this shop uses."""
    with maintenance() as cursor:
        return int(cursor.connection.server_version) // 10_000


def is_there(database: str) -> bool:
    with maintenance() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        return cursor.fetchone() is not None


def create(database: str) -> None:
    """Empty, and like the shop's own one in what counts for searching."""
    with maintenance() as cursor:
        cursor.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = %s", [name()]
        )
        row = cursor.fetchone()
        if row is None:
            raise BackupError(f"There is no database {name()}.")
        cursor.execute(
            f"CREATE DATABASE {quoted(database)} TEMPLATE template0 ENCODING %s LC_COLLATE %s LC_CTYPE %s", row
        )


def drop(database: str) -> None:
    with maintenance() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {quoted(database)} WITH (FORCE)")


def swap(fresh: str, kept: str) -> None:
    """`fresh` becomes the shop's database and the one before is called `kept`, both or neither."""
    own = name()
    connection.close()
    with maintenance() as cursor:
        cursor.execute("BEGIN")
        try:
            cursor.execute(f"ALTER DATABASE {quoted(own)} RENAME TO {quoted(kept)}")
            cursor.execute(f"ALTER DATABASE {quoted(fresh)} RENAME TO {quoted(own)}")
            cursor.execute("COMMIT")
        except psycopg2.Error as error:
            cursor.execute("ROLLBACK")
            raise BackupError(f"The databases could not change places: {str(error).strip()}") from error


def others() -> list[str]:
    """Programs that are connected to the shop's database besides this one."""
    with maintenance() as cursor:
        cursor.execute(
            "SELECT DISTINCT coalesce(nullif(application_name, ''), 'unknown') FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> ALL(%s) AND backend_type = 'client backend'",
            [name(), [_own_pid()]],
        )
        return sorted(row[0] for row in cursor.fetchall())


@contextmanager
def maintenance() -> Iterator[Any]:
    """A cursor in the server's own database, each statement by itself."""
    params = {**connection.get_connection_params(), "dbname": "postgres"}
    params.pop("options", None)
    params.pop("cursor_factory", None)
    try:
        made = psycopg2.connect(**params)
    except psycopg2.Error as error:
        raise BackupError(f"The database server does not answer: {str(error).strip()}") from error
    try:
        made.autocommit = True
        with made.cursor() as cursor:
            yield cursor
    except psycopg2.Error as error:
        raise BackupError(f"The database refused: {str(error).strip()}") from error
    finally:
        made.close()


@contextmanager
def use(database: str) -> Iterator[None]:
    """Inside, Django works on another database of the same server."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _own_pid() -> int:
    if connection.connection is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _address() -> dict[str, str]:
    params = connection.get_connection_params()
    found = {
        "PGHOST": params.get("host"), "PGPORT": params.get("port"), "PGUSER": params.get("user"),
        "PGPASSWORD": params.get("password"), "PGCONNECT_TIMEOUT": "30", "PGAPPNAME": "zhanggui backup",
        **{variable: params.get(key) for key, variable in NAMES.items()},
    }  # fmt: skip
    return {key: str(value) for key, value in found.items() if value not in (None, "")}


def _program(program: str) -> Path:
    """The wheel's, unless the server is newer than it."""
    wanted = server_major()
    candidates = [local_services.postgres_program(program, settings.VAR_DIR)]
    if installed := shutil.which(program):
        candidates.append(Path(installed))
    for path in candidates:
        if path.exists() and _major_of(path) >= wanted:
            return path
    raise BackupError(
        f"The database is PostgreSQL {wanted} and {program} is older: install the client programs of version {wanted}."
    )


def _major_of(path: Path) -> int:
    """From a line such as "pg_dump (PostgreSQL) 18.4 (Debian 18.4-1)"; 0 when it says something else."""
    answer = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=False).stdout
    number = answer.partition("(PostgreSQL) ")[2].partition(".")[0]
    return int(number) if number.isdigit() else 0
