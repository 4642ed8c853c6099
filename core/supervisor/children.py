"""The processes of the shop: started each in a group of its own, started again when they die, ended together."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.local_services.home import keep_log_small

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# Who ran this long has recovered: the next death counts as the first.
RECOVERED_AFTER_SECONDS = 60.0
GRACE_SECONDS = 30.0


@dataclass(frozen=True)
class Part:
    """One process to keep running. `farewell` asks it to end after finishing what is short."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    farewell: int = signal.SIGTERM


@dataclass
class Child:
    """A part with its running process and the memory of its deaths."""

    part: Part
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    deaths: int = 0
    last_exit: int | None = None

    def start(self, *, folder: Path) -> None:
        keep_log_small(self.log)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                list(self.part.command),
                cwd=folder,
                env={**os.environ, **self.part.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        self.started_at = time.monotonic()

    def has_died(self) -> bool:
        """Reaps the process; plans the next start."""
        if self.process is None or self.process.poll() is None:
            return False
        self.last_exit = self.process.returncode
        signal_group(self.process.pid, signal.SIGKILL)  # what it leaves behind would hold ports and jobs
        self.process = None
        now = time.monotonic()
        self.deaths = 1 if now - self.started_at > RECOVERED_AFTER_SECONDS else self.deaths + 1
        self.start_again_at = now + min(FIRST_PAUSE_SECONDS * 2 ** (self.deaths - 1), LONGEST_PAUSE_SECONDS)
        return True

    def how_it_ended(self) -> str:
        if self.last_exit is not None and self.last_exit < 0:
            return f"ended by signal {signal.Signals(-self.last_exit).name}"
        return f"ended with status {self.last_exit}"


class Children:
    """All parts together."""

    def __init__(self, parts: Sequence[Part], *, folder: Path, log: Path, tell: Callable[[str], None]) -> None:
        log.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._tell = tell
        self.members = [Child(part=part, log=log / f"{part.name}.log") for part in parts]

    def start(self) -> None:
        for child in self.members:
            child.start(folder=self._folder)

    def revive(self) -> None:
        """Look once: note who died, start again whose pause is over."""
        for child in self.members:
            if child.has_died():
                pause = max(0.0, child.start_again_at - time.monotonic())
                self._tell(
                    f"{child.part.name} {child.how_it_ended()}; starting it again in {pause:.0f} s ({child.log})."
                )
            if child.process is None and time.monotonic() >= child.start_again_at:
                child.start(folder=self._folder)

    def stop(self, *, grace: float = GRACE_SECONDS, hurry: Callable[[], bool] = lambda: False) -> None:
        """Ask all at once, wait, then end what is left. `hurry` cuts the waiting short."""
        for child in self.members:
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(child.part.farewell)
        end = time.monotonic() + grace
        while time.monotonic() < end and not hurry() and any(_runs(child) for child in self.members):
            time.sleep(0.05)
        for child in self.members:
            if child.process is not None:
                signal_group(child.process.pid, signal.SIGKILL)
                child.process.wait()
                child.process = None


def _runs(child: Child) -> bool:
    return child.process is not None and child.process.poll() is None


def signal_group(group: int, number: int) -> None:
    """Signal a whole process group; nobody there is fine."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


# Loaded here, because after a fork as little as possible should happen.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """In the child: when the supervisor is killed outright, ask this process to end. Only Linux can."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
