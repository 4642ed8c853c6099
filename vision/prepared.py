"""Pictures as networks take them, made once and kept below VAR_DIR: one file of pixels for each size, one of digests.

The files only grow at their end. A row counts when its digest is written, so a process that dies while writing loses
nothing that was there; what lies behind the last digest is cut off by the next. The folder can be deleted at any time.
"""

import fcntl
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from django.conf import settings
from django.core.files.storage import default_storage
from numpy.typing import NDArray

from vision.ml import pictures
from vision.ml.serving import prepared

log = structlog.get_logger(__name__)
METHOD = 1
"""Raised when pictures are prepared in another way: everything is then made anew."""
DIGEST = 32
AT_ONCE = 256
ROOMY = 1_000
"""So many rows more than twice what is asked for may lie there before the files are begun anew."""
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Stored:
    """A picture of a product as it lies in the storage."""

    name: str
    content_sha256: str

    @property
    def digest(self) -> bytes:
        """What its content is known by; of one whose content was never hashed, its name."""
        if len(self.content_sha256) == 2 * DIGEST:
            return bytes.fromhex(self.content_sha256)
        return hashlib.sha256(f"name:{self.name}".encode()).digest()


def prepare(
    stored: Sequence[Stored], size: int, *, told: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Pixels, NDArray[np.int64]]:
    """All rows there are, uint8 [rows, size, size, 3] mapped from the disk, and the row of each of `stored`
    (-1: it cannot be read). Only what is missing is decoded; `told` hears how much of that is done."""
    folder = Path(settings.MODEL_ROOT).parent / "prepared"
    folder.mkdir(parents=True, exist_ok=True)
    with _turn(folder / "lock"):
        files = _Files(folder / f"{size}-{METHOD}.pixels", folder / f"{size}-{METHOD}.digests", size)
        wanted = {one.digest: one for one in stored}
        if files.rows > 2 * len(wanted) + ROOMY:
            files.begin_anew()
        known = files.known()
        missing = [one for digest, one in wanted.items() if digest not in known]
        for start in range(0, len(missing), AT_ONCE):
            part = missing[start : start + AT_ONCE]
            made = [(one.digest, pixels) for one in part if (pixels := _made(one, size)) is not None]
            files.append(made)
            told(start + len(part), len(missing))
        known = files.known()
        rows = np.array([known.get(one.digest, -1) for one in stored], np.int64)
        return files.mapped(), rows


def _made(one: Stored, size: int) -> Pixels | None:
    try:
        with default_storage.open(one.name, "rb") as file:
            return prepared(pictures.opened(file.read()), size)
    except (OSError, ValueError) as error:
        log.info("vision.unreadable", file=one.name, error=str(error)[:200])
        return None


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """One process writes at a time; the lock goes with its process."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class _Files:
    """Pixels and digests of one size, row by row."""

    def __init__(self, pixels: Path, digests: Path, size: int) -> None:
        self.pixels, self.digests, self.size = pixels, digests, size
        self.row = size * size * 3
        for path in (pixels, digests):
            path.touch()
        self.rows = min(digests.stat().st_size // DIGEST, pixels.stat().st_size // self.row)
        self._cut()

    def begin_anew(self) -> None:
        """In new files: who has the old ones mapped reads on."""
        for path in (self.pixels, self.digests):
            path.unlink()
            path.touch()
        self.rows = 0

    def known(self) -> dict[bytes, int]:
        content = self.digests.read_bytes()
        return {content[at * DIGEST : (at + 1) * DIGEST]: at for at in range(self.rows)}

    def append(self, made: Sequence[tuple[bytes, Pixels]]) -> None:
        for path, parts in (
            (self.pixels, [pixels.tobytes() for _digest, pixels in made]),
            (self.digests, [digest for digest, _pixels in made]),
        ):
            with path.open("ab") as file:
                file.write(b"".join(parts))
        self.rows += len(made)

    def mapped(self) -> Pixels:
        shape = (self.rows, self.size, self.size, 3)
        return np.memmap(self.pixels, np.uint8, "r", shape=shape) if self.rows else np.empty(shape, np.uint8)

    def _cut(self) -> None:
        for path, row in ((self.pixels, self.row), (self.digests, DIGEST)):
            if path.stat().st_size != self.rows * row:
                with path.open("r+b") as file:
                    file.truncate(self.rows * row)
