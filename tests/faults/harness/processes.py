"""Processes and all that they started: frozen, thawed, killed."""

import contextlib
import signal
from collections.abc import Iterator

import psutil

from core.supervisor.children import Child
from tests.faults.harness.waiting import until


def family(pid: int) -> list[psutil.Process]:
    """The process and all below it, the elder first; those that end meanwhile are left out."""
    if pid <= 0:
        return []
    try:
        eldest = psutil.Process(pid)
        return [eldest, *eldest.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def tell(members: list[psutil.Process], number: int) -> None:
    for member in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.send_signal(number)


def kill_family(pid: int) -> None:
    """SIGKILL to the whole tree at once; returns when nobody of it runs any more."""
    members = family(pid)
    tell(members, signal.SIGSTOP)  # nobody may start another while the others die
    tell(members, signal.SIGKILL)
    until(lambda: not any(_runs(member) for member in members), seconds=10, what="the end of killed processes")


def _runs(process: psutil.Process) -> bool:
    """One that only waits to be reaped runs no more; who adopted it may take seconds for that."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class PartOfShop:
    """A part of the product that the supervisor would start."""

    def __init__(self, child: Child) -> None:
        self.child = child

    @property
    def name(self) -> str:
        return self.child.part.name

    @property
    def pid(self) -> int:
        assert self.child.process is not None, f"{self.name} was not started"
        return self.child.process.pid

    @property
    def runs(self) -> bool:
        return self.child.process is not None and self.child.process.poll() is None

    def workers(self) -> list[psutil.Process]:
        """What the part started: web workers of gunicorn, children of a Celery worker."""
        return family(self.pid)[1:]

    def kill(self) -> None:
        """SIGKILL to the part and all its children, as the out-of-memory killer or a power cut would."""
        if self.child.process is not None:
            kill_family(self.child.process.pid)
            self.child.process.wait()

    def kill_child(self, index: int = 0) -> int:
        """SIGKILL to one child only. Its number."""
        child = until(self.workers, seconds=10, what=f"children of {self.name}")[index]
        child.kill()
        return int(child.pid)

    def signal(self, number: int) -> None:
        """To the part itself, as an operator would."""
        tell(family(self.pid)[:1], number)

    def freeze(self) -> None:
        tell(family(self.pid), signal.SIGSTOP)

    def thaw(self) -> None:
        tell(list(reversed(family(self.pid))), signal.SIGCONT)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        self.freeze()
        try:
            yield
        finally:
            self.thaw()

    def end(self, *, seconds: float = 30) -> int:
        """The supervisor's farewell. Its exit status; AssertionError when it does not end in time."""
        process = self.child.process
        assert process is not None, f"{self.name} was not started"
        if process.poll() is None:
            process.send_signal(self.child.part.farewell)
        until(lambda: process.poll() is not None, seconds=seconds, what=f"the end of {self.name}")
        return int(process.returncode)

    def log(self, lines: int = 40) -> str:
        try:
            return "\n".join(self.child.log.read_text("utf-8", "replace").splitlines()[-lines:])
        except OSError:
            return ""
