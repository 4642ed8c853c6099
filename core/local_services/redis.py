"""One Redis in `redis/` of the home folder: append-only file, nothing is evicted, password, no network port."""

import os
import signal
import socket
from pathlib import Path
from urllib.parse import quote

from core.local_services.errors import LocalServiceError
from core.local_services.home import Home, keep_log_small, secret, tail, too_long
from core.local_services.process import kept_port, read_pid, wait_until, works_in

START_SECONDS = 300
ANSWER_SECONDS = 2.0


def running(home: Home) -> int | None:
    """Process id of the server, None when there is none. It may be loading its data."""
    pid = read_pid(home.redis / "redis.pid")
    return pid if pid is not None and works_in(pid, home.redis, program="redis-server") else None


def start(home: Home) -> None:
    """Start the server when it does not run, and wait until it answers. Called under the start lock."""
    log = home.log / "redis.log"
    if running(home) is None:
        _launch(home, log)
    ready = wait_until(lambda: _ask(home) == "PONG" or running(home) is None, seconds=START_SECONDS)
    pid = running(home)
    if pid is None:
        raise LocalServiceError(f"Redis did not start: {tail(log)} (log: {log}).")
    if not ready:
        raise LocalServiceError(f"Redis (process {pid}) runs and does not answer; look into {log}.")


def stop(home: Home) -> None:
    """Ask it to end, which writes what is not yet on disk. Returns when the process is gone."""
    for number, seconds in ((signal.SIGTERM, 30), (signal.SIGKILL, 5)):
        pid = running(home)
        if pid is None:
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if wait_until(lambda: running(home) is None, seconds=seconds):
            return


def sync(home: Home) -> None:
    """Bring the append-only file to the disk, as `appendfsync everysec` would. That one lets answers go out before
    their line is in the file while the disk is busy, so a kill of Redis alone could lose what it had confirmed;
    without it every line is in the file first, and only a power failure can take the last second."""
    try:
        handle = os.open(home.redis / "appendonly.aof", os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fdatasync(handle)
    finally:
        os.close(handle)


def url(home: Home, *, database: int) -> str:
    """Address with password, for redis-py."""
    key = quote(password(home), safe="")
    if too_long(_socket(home)):
        return f"redis://:{key}@127.0.0.1:{read_pid(_port_file(home))}/{database}"
    return f"unix://:{key}@{quote(str(_socket(home)))}?db={database}"


def password(home: Home) -> str:
    """The generated password."""
    return secret(home.secrets / "redis")


def _socket(home: Home) -> Path:
    return home.sockets / "redis.sock"


def _launch(home: Home, log: Path) -> None:
    account = home.account
    assert account is not None, "start needs a prepared home"
    home.redis.mkdir(mode=0o700, exist_ok=True)
    account.own(home.redis)
    (home.redis / "redis.pid").unlink(missing_ok=True)
    keep_log_small(log)
    log.touch(mode=0o640)
    account.own(log)  # Redis opens its log by itself, line by line
    where = f'unixsocket "{_socket(home)}"\nunixsocketperm 700\nport 0'
    if too_long(_socket(home)):
        where = f"bind 127.0.0.1\nport {kept_port(_port_file(home))}"
    settings = home.redis / "redis.conf"
    settings.unlink(missing_ok=True)
    settings.touch(mode=0o600)
    settings.write_text(
        f"""\
# Written at every start.
{where}
requirepass "{password(home)}"
daemonize yes
dir "{home.redis}"
pidfile "{home.redis / "redis.pid"}"
logfile "{log}"
appendonly yes
appendfsync no
auto-aof-rewrite-min-size 32mb
save ""
maxmemory 256mb
maxmemory-policy noeviction
databases 64
tcp-keepalive 60
timeout 0
ignore-warnings ARM64-COW-BUG
"""
    )
    account.own(settings)
    done = account.run([home.programs().redis, settings])
    if done.returncode != 0:
        raise LocalServiceError(f"Redis did not start: {tail(log) or done.stdout.strip()} (log: {log}).")
    # It forks before it opens anything, so the first sign of life is its pid file or a line in the log.
    wait_until(lambda: running(home) is not None, seconds=5)


def _ask(home: Home) -> str:
    """PONG, or the server's reason (LOADING …), or nothing."""
    try:
        with _connected(home) as connection:
            connection.sendall(f"AUTH {password(home)}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = connection.recv(1024)
                if not part:
                    break
                answer += part
    except OSError:
        return ""
    lines = answer.decode("utf-8", "replace").split("\r\n")
    return lines[1].lstrip("+-") if len(lines) > 1 else ""


def _connected(home: Home) -> socket.socket:
    if too_long(_socket(home)):
        return socket.create_connection(("127.0.0.1", read_pid(_port_file(home)) or 0), timeout=ANSWER_SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(str(_socket(home)))
    except OSError:
        connection.close()
        raise
    return connection


def _port_file(home: Home) -> Path:
    return home.base / "redis.port"
