"""A folder of its own for what a process writes aside: it goes when the work ends, and after a kill with the next work.

TensorFlow writes a file for each function that it compiles, and takes them away when its process ends by itself; the
processes of workers never do.
"""

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = ".lock"
UNHELD_SECONDS = 3600
"""After which a folder without a lock belongs to nobody: its owner was killed before he took it."""


@contextmanager
def scratch(root: Path) -> Iterator[Path]:
    """Below `root`, and for as long where `tempfile` writes. Who lives holds a lock in his folder; folders without
    their owner are removed first."""
    root.mkdir(parents=True, exist_ok=True)
    _sweep(root)
    folder = Path(tempfile.mkdtemp(dir=root))
    before = tempfile.tempdir
    with (folder / LOCK).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        tempfile.tempdir = str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = before
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(root: Path) -> None:
    for folder in root.iterdir():
        with suppress(OSError):  # held by who lives, or gone by now
            if not (folder / LOCK).exists():
                if time.time() - folder.stat().st_mtime > UNHELD_SECONDS:
                    shutil.rmtree(folder, ignore_errors=True)
                continue
            with (folder / LOCK).open("r") as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
