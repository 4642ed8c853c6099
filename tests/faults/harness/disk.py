"""A disk that fills up."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(size: int, *, at: Path | None = None) -> Iterator[Path]:
    """A folder on a disk of `size` bytes of its own. Needs Linux and root; else the test is left out and says why."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a small disk needs Linux and root, to mount a tmpfs")
    folder = at or Path(tempfile.mkdtemp(prefix="zg-disk-", dir="/tmp"))
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)
        if at is None:
            with contextlib.suppress(OSError):
                folder.rmdir()


def leave_free(folder: Path, size: int) -> Path:
    """Fill the disk of `folder` until `size` bytes are free. The file that takes the room."""
    facts = os.statvfs(folder)
    filler = folder / "filler"
    with filler.open("wb") as file:
        file.write(b"\0" * max(0, facts.f_bavail * facts.f_frsize - size))
    return filler
