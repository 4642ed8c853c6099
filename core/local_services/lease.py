"""Who uses the servers: a shared lock per process, and the right to stop them for the one who is alone.

`flock` belongs to an open file, and a fork shares it. A child that kept the parent's lock could turn it exclusive
and stop the servers under the living parent, so after a fork every child opens a lease of its own.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from core.local_services.errors import LocalServiceError
from core.local_services.home import Home

_leases: dict[Path, int] = {}
_for_child: dict[Path, int] = {}
_ever_held: set[Path] = set()
_guard = Lock()


def hold(home: Home) -> bool:
    """Take the shared lease; waits while someone is just stopping the servers. True on the first time here."""
    path = _lease_file(home)
    with _guard:
        if path not in _leases:
            handle = _open(path)
            fcntl.flock(handle, fcntl.LOCK_SH)
            _leases[path] = handle
        first = path not in _ever_held
        _ever_held.add(path)
    return first


def take_alone(home: Home) -> bool:
    """Turn the lease exclusive without waiting. False when others hold it; ours is then given up as well.

    Turning a lock drops it first, so when two leave at once at least the later one finds itself alone.
    """
    path = _lease_file(home)
    with _guard:
        try:
            handle = _leases.get(path)
            if handle is None:
                handle = _leases[path] = _open(path)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (FileNotFoundError, BlockingIOError):
            _drop(path)
            return False
    return True


def give_up(home: Home) -> None:
    """Let go of the lease."""
    with _guard:
        _drop(_lease_file(home))


@contextmanager
def start_lock(home: Home) -> Iterator[None]:
    """One process at a time looks what runs and starts what is missing."""
    handle = _open(home.locks / "servers.lock")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _lease_file(home: Home) -> Path:
    return home.locks / "servers.lease"


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError as error:
        raise LocalServiceError(
            f"{path} belongs to another user: use the user who started the shop first, "
            "or set VAR_DIR to a folder of yours."
        ) from error


def _drop(path: Path) -> None:
    handle = _leases.pop(path, None)
    if handle is not None:
        os.close(handle)


def _before_fork() -> None:
    """The child's leases are taken by the parent, so that no moment passes in which the child has none."""
    _guard.acquire()
    for path in _leases:
        try:
            handle = _open(path)
        except (OSError, LocalServiceError):
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)  # we are stopping the servers; the child asks again when it needs them
        else:
            _for_child[path] = handle


def _after_fork_in_parent() -> None:
    for handle in _for_child.values():
        os.close(handle)
    _for_child.clear()
    _guard.release()


def _after_fork_in_child() -> None:
    for handle in _leases.values():
        os.close(handle)
    _leases.clear()
    _leases.update(_for_child)
    _for_child.clear()
    _guard.release()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
