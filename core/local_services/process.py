"""Looking at processes by number, without trusting that a number still means the same program."""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def read_pid(file: Path) -> int | None:
    """The first line of a pid file, None when there is none."""
    try:
        return int(file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def works_in(pid: int, folder: Path, *, program: str) -> bool:
    """Whether the process lives and is `program` at work in `folder`: pid files outlive reboots and numbers repeat."""
    if Path("/proc/self").exists():
        try:
            # A zombie has no working folder, so it counts as gone.
            return os.path.realpath(os.readlink(f"/proc/{pid}/cwd")) == os.path.realpath(folder)
        except OSError:
            return False
    shown = subprocess.run(["ps", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return program in shown.stdout and not shown.stdout.strip().startswith("Z")


def nobody_works_in(folder: Path) -> bool:
    """Whether no process at all has this working folder. Without /proc it cannot be told, and counts as true."""
    if not Path("/proc/self").exists():
        return True
    return not any(
        works_in(int(entry.name), folder, program="") for entry in Path("/proc").iterdir() if entry.name.isdigit()
    )


def wait_until(condition: Callable[[], bool], *, seconds: float, pause: float = 0.05) -> bool:
    """Look again and again; False when the time is over."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_port_free(port: int) -> bool:
    """Whether a server could listen on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def kept_port(file: Path) -> int:
    """The port that stands in a file. While somebody else listens there, or before the first, another one is written
    down."""
    port = read_pid(file)
    if port is None or not is_port_free(port):
        port = free_port()
        file.write_text(f"{port}\n")
    return port
