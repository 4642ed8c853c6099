"""One PostgreSQL cluster in `postgres/` of the home folder."""

import os
import shutil
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from core.local_services.account import Account
from core.local_services.errors import LocalServiceError
from core.local_services.home import Home, keep_log_small, secret, tail, too_long
from core.local_services.process import kept_port, nobody_works_in, read_pid, wait_until, works_in

ROLE = "zhanggui"
DATABASE = "zhanggui"
SOCKET_PORT = 5432
START_SECONDS = 300
# Character types must know Chinese, or trigrams of it are silently empty; order stays that of code points.
CHARACTER_TYPES = ("C.UTF-8", "en_US.UTF-8")

# For a small server that also runs the shop. An operator's `postgres/operator.conf` is read after these.
SETTINGS = """\
max_connections = 60
shared_buffers = 96MB
work_mem = 8MB
maintenance_work_mem = 64MB
effective_cache_size = 768MB
max_worker_processes = 4
max_parallel_workers_per_gather = 1
autovacuum_max_workers = 2
io_method = sync
random_page_cost = 1.1
jit = off
min_wal_size = 64MB
max_wal_size = 512MB
checkpoint_timeout = 15min
log_checkpoints = off
log_line_prefix = '%m [%p] '
log_timezone = 'UTC'
timezone = 'UTC'
unix_socket_permissions = 0700
"""
# After a crash every file of the cluster is synced one by one, which takes seconds; Linux can do it in one call.
LINUX = "recovery_init_sync_method = syncfs\n"
# For tests only: a crash loses data, a run does not wait for the disk.
VOLATILE = """\
fsync = off
synchronous_commit = off
full_page_writes = off
"""


def running(home: Home) -> int | None:
    """Process id of a server that takes connections, else None."""
    pid = _alive(home)
    return pid if pid is not None and _phase(home) == "ready" else None


def start(home: Home) -> None:
    """Start the server, creating cluster and database when they are not there. Called under the start lock."""
    if running(home) is not None:
        return
    account = _account(home)
    programs = home.programs().postgres
    if not (home.postgres / "PG_VERSION").exists():
        _create_cluster(home, account, programs)
    elif not account.can_enter(home.postgres):
        raise LocalServiceError(
            f"User {account.name} cannot enter {home.postgres}: let it enter the folders above, "
            "set VAR_DIR to another folder, or set DATABASE_URL."
        )
    _check_version(home, account, programs)
    _configure(home, account)
    if _alive(home) is not None:
        # Another start or a crash recovery is under way, or it is about to end.
        wait_until(lambda: running(home) is not None or _alive(home) is None, seconds=START_SECONDS)
    if _alive(home) is None:
        _launch(home, account, programs)
    _create_database(home, account, programs)


def stop(home: Home) -> None:
    """Fast shutdown: open transactions are rolled back. Returns when the process is gone."""
    for number, seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 20), (signal.SIGKILL, 5)):
        pid = _alive(home)
        if pid is None:
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if wait_until(lambda pid=pid: not _is_ours(home, pid), seconds=seconds):  # type: ignore[misc]
            return


def address(home: Home) -> tuple[str, int]:
    """Host and port for clients: the socket folder, or loopback when its path is too long for a socket."""
    if too_long(_socket(home)):
        return "127.0.0.1", read_pid(_port_file(home)) or SOCKET_PORT
    return str(home.sockets), SOCKET_PORT


def password(home: Home) -> str:
    """The generated password of the local role."""
    return secret(home.secrets / "postgres")


def _account(home: Home) -> Account:
    assert home.account is not None, "start needs a prepared home"
    return home.account


def _socket(home: Home) -> Path:
    return home.sockets / f".s.PGSQL.{SOCKET_PORT}"


def _pid_lines(home: Home) -> list[str]:
    try:
        return (home.postgres / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _phase(home: Home) -> str:
    lines = _pid_lines(home)
    return lines[7].strip() if len(lines) > 7 else ""


def _is_ours(home: Home, pid: int) -> bool:
    return works_in(pid, home.postgres, program="postgres")


def _alive(home: Home) -> int | None:
    pid = read_pid(home.postgres / "postmaster.pid")
    return pid if pid is not None and _is_ours(home, pid) else None


def _create_cluster(home: Home, account: Account, programs: Path) -> None:
    """Into a folder beside, renamed at the end: a start killed halfway leaves no half cluster."""
    part = home.base / "postgres.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    account.own(part)
    key = home.sockets / "initdb.password"
    key.unlink(missing_ok=True)
    key.touch(mode=0o600)
    key.write_text(password(home))
    account.own(key)
    output = ""
    try:
        for character_type in CHARACTER_TYPES:
            arguments = [
                "--encoding=UTF8",
                "--locale=C.UTF-8" if character_type == "C.UTF-8" else "--locale=C",
                f"--lc-ctype={character_type}",
                f"--username={ROLE}",
                "--auth=scram-sha-256",
                f"--pwfile={key}",
                *(["--no-sync"] if _volatile() else []),
            ]
            done = account.run([programs / "bin" / "initdb", "-D", part, *arguments])
            if done.returncode == 0:
                break
            output = done.stdout
            if "invalid locale name" not in output:
                break
        else:
            raise LocalServiceError(
                "PostgreSQL finds no UTF-8 locale on this system: install C.UTF-8 or en_US.UTF-8, or set DATABASE_URL."
            )
        if done.returncode != 0:
            raise LocalServiceError(f"PostgreSQL's data folder {part} could not be made: {_last(output)}")
    finally:
        key.unlink(missing_ok=True)
    with (part / "postgresql.conf").open("a") as file:
        file.write("include 'zhanggui.conf'\ninclude_if_exists 'operator.conf'\n")
    operator = part / "operator.conf"
    operator.write_text("# Settings of your own; they win over zhanggui.conf and survive upgrades.\n")
    account.own(operator)
    part.rename(home.postgres)


def _check_version(home: Home, account: Account, programs: Path) -> None:
    have = (home.postgres / "PG_VERSION").read_text().strip()
    answer = account.run([programs / "bin" / "postgres", "--version"]).stdout
    offered = answer.rsplit(" ", 1)[-1].split(".")[0].strip()
    if have != offered:
        raise LocalServiceError(
            f"{home.postgres} holds data of PostgreSQL {have} and the program is version {offered or answer}: go back "
            "to the release of the shop that made it, run `make backup` there, and restore that file with this release "
            "in an empty folder (docs/deploy.md)."
        )


def _configure(home: Home, account: Account) -> None:
    """Written at every start, so that a newer version of the product brings its settings along."""
    file = home.postgres / "zhanggui.conf"
    parts = [SETTINGS, LINUX if sys.platform == "linux" else "", VOLATILE if _volatile() else ""]
    file.write_text("# Written at every start. Put your own settings into operator.conf.\n" + "".join(parts))
    account.own(file)


def _launch(home: Home, account: Account, programs: Path) -> None:
    log = home.log / "postgres.log"
    keep_log_small(log)
    _forget_strangers(home)
    options = ["-c listen_addresses=''", f"-c unix_socket_directories='{_quoted(home.sockets)}'"]
    if too_long(_socket(home)):
        options = [
            "-c listen_addresses=127.0.0.1",
            "-c unix_socket_directories=''",
            f"-c port={kept_port(_port_file(home))}",
        ]
    command: list[str | Path] = [
        programs / "bin" / "pg_ctl",
        "start",
        "-s",
        "-w",
        "-t",
        str(START_SECONDS),
        "-D",
        home.postgres,
    ]
    # Children of a killed server need a moment to notice; until then its shared memory is in use.
    for _attempt in range(20):
        with log.open("ab") as output:
            done = account.run([*command, "-o", " ".join(options)], stdout=output)
        if done.returncode == 0:
            return
        reason = tail(log)
        if "shared memory block" not in reason and "lock file" not in reason:
            break
        wait_until(lambda: False, seconds=0.5)
    raise LocalServiceError(f"PostgreSQL did not start: {tail(log)} (log: {log}).")


def _forget_strangers(home: Home) -> None:
    """After a crash or a reboot the numbers in lock files may belong to other programs by now.

    PostgreSQL itself handles numbers nobody has; it refuses when any process of its user has one. The file also
    guards against workers that outlive a killed server for a moment, so first wait until they are gone.
    """
    if not wait_until(lambda: nobody_works_in(home.postgres), seconds=30):
        raise LocalServiceError(
            f"Processes of an earlier PostgreSQL still use {home.postgres}: end them and start again."
        )
    for file in (home.postgres / "postmaster.pid", home.sockets / f"{_socket(home).name}.lock"):
        pid = read_pid(file)
        if pid is not None and _exists(pid) and not _is_ours(home, pid):
            file.unlink(missing_ok=True)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _port_file(home: Home) -> Path:
    return home.base / "postgres.port"


def _create_database(home: Home, account: Account, programs: Path) -> None:
    """Once per cluster; a start killed before this line is caught up by the next."""
    host, port = address(home)
    environment = {"PGPASSWORD": password(home), "PGCONNECT_TIMEOUT": "30"}
    client = Account(name=account.name)  # only the server needs the other user

    def ask(words: Iterable[str]) -> tuple[int, str]:
        arguments = ["-h", host, "-p", str(port), "-U", ROLE, "-d", "postgres", "-XqAt", "-v", "ON_ERROR_STOP=1"]
        done = client.run([programs / "bin" / "psql", *arguments, *words], environment=environment)
        return done.returncode, done.stdout.strip()

    code, answer = ask(["-c", "SELECT datname FROM pg_database"])
    if code == 0 and DATABASE not in answer.split():
        code, answer = ask(["-c", f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8'"])
    if code != 0:
        raise LocalServiceError(
            f"PostgreSQL runs and refuses the shop's role: {_last(answer)} (password: {home.secrets / 'postgres'})."
        )


def _volatile() -> bool:
    return os.environ.get("LOCAL_SERVICES_VOLATILE") == "1"


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace("'", "''")


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"
