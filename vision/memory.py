"""The matrix of all pictures on the disk: laid out by a job, mapped by every process that answers.

A layout is a folder of `.npy` files; `current.json` names it, with the checksum of each file. The folder is whole and
synced before `current.json` is exchanged, so a process sees the old layout or the new one, and both are of one version.
A layout that is missing or damaged is not used: what a process has mapped serves on, and who has none says so.
"""

import hashlib
import json
import os
import shutil
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from django.conf import settings

from core.models import ModelVersion
from vision.ml.nearest import Floats, Ids, Matrix

log = structlog.get_logger(__name__)
FORMAT = 1
LOOK_SECONDS = 1.0
TRY_AGAIN_SECONDS = 30.0
ARRAYS = ("rows", "images", "products", "starts")
CURRENT = "current.json"


class DamagedLayout(Exception):
    """Files are missing, changed or do not fit together."""


@dataclass(frozen=True)
class Laid:
    """A matrix in memory and whose vectors it holds."""

    matrix: Matrix
    version_id: int
    version: str
    stamp: str


def folder() -> Path:
    return Path(settings.MODEL_ROOT).parent / "vectors"


# --- writing ----------------------------------------------------------------------------------------------------


def lay_out(rows: Floats, images: Ids, owners: Ids, *, version: ModelVersion, stamp: str) -> None:
    """Let these vectors serve. `stamp` says of which moment they are; see `stamp_on_disk`."""
    root = folder()
    root.mkdir(parents=True, exist_ok=True)
    name = f"{version.name}-{uuid.uuid4().hex[:8]}"
    aside = root / f".{name}"
    aside.mkdir()
    try:
        matrix = Matrix.of(rows, images, owners)
        for key in ARRAYS:
            np.save(aside / f"{key}.npy", getattr(matrix, key), allow_pickle=False)
        files = {path.name: _sha256(path) for path in sorted(aside.iterdir())}
        for path in aside.iterdir():
            _sync(path)
        aside.rename(root / name)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    said = {"format": FORMAT, "folder": name, "files": files, "version_id": version.pk, "version": version.name,
            "stamp": stamp, "pictures": len(matrix.rows), "products": len(matrix.products)}  # fmt: skip
    _serve(said)


def clear() -> None:
    """No picture has a vector any more."""
    folder().mkdir(parents=True, exist_ok=True)
    _serve({"format": FORMAT, "folder": "", "files": {}, "stamp": ""})


def _serve(said: dict[str, Any]) -> None:
    root = folder()
    written = root / f".{uuid.uuid4().hex}.json"
    written.write_text(json.dumps(said, sort_keys=True), "utf-8")
    _sync(written)
    os.replace(written, root / CURRENT)
    _sync(root)
    _remove_others(root, said["folder"])


def on_disk() -> dict[str, Any]:
    """What `current.json` says, when all that it names is whole; empty otherwise."""
    try:
        said = _said()
        _check(said)
    except DamagedLayout:
        return {}
    return said


def _remove_others(root: Path, name: str) -> None:
    """Older layouts and what a cut left behind; who has them mapped keeps them until the process looks again."""
    for path in root.iterdir():
        if path.is_dir() and path.name != name:
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_file() and path.name != CURRENT:
            path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- reading ----------------------------------------------------------------------------------------------------


def _said() -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads((folder() / CURRENT).read_text("utf-8"))
        wanted = {f"{key}.npy" for key in ARRAYS} if said["folder"] else set()
        if said["format"] != FORMAT or set(said["files"]) != wanted:
            raise DamagedLayout("of another format")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedLayout(str(error)) from error
    return said


def _check(said: dict[str, Any]) -> None:
    for name, digest in said["files"].items():
        try:
            if _sha256(folder() / said["folder"] / name) != digest:
                raise DamagedLayout(f"{name} was changed")
        except OSError as error:
            raise DamagedLayout(str(error)) from error


def _load() -> Laid | None:
    said = _said()
    if not said["folder"]:
        return None
    _check(said)
    try:
        place = folder() / said["folder"]
        rows = np.load(place / "rows.npy", mmap_mode="r", allow_pickle=False)
        small = {key: np.load(place / f"{key}.npy", allow_pickle=False) for key in ARRAYS[1:]}
        matrix = Matrix(np.asarray(rows), **small)
        matrix.check()
        return Laid(matrix, int(said["version_id"]), str(said["version"]), str(said["stamp"]))
    except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
        raise DamagedLayout(str(error)) from error


class _Kept:
    """What this process has mapped."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.looked_at = float("-inf")
        self.tried_at = float("-inf")
        self.seen: tuple[int, int] | None = None
        self.laid: Laid | None = None
        self.error = ""

    def get(self) -> Laid | None:
        if time.monotonic() - self.looked_at < LOOK_SECONDS:
            return self.laid
        if not self.lock.acquire(blocking=self.looked_at == float("-inf")):
            return self.laid  # somebody else looks
        try:
            if time.monotonic() - self.looked_at >= LOOK_SECONDS:
                self._look()
        finally:
            self.looked_at = time.monotonic()
            self.lock.release()
        return self.laid

    def _look(self) -> None:
        try:
            there = os.stat(folder() / CURRENT)
        except OSError:
            self.error = "missing" if self.laid is not None else ""
            return
        mark = (there.st_ino, there.st_mtime_ns)
        is_due = bool(self.error) and time.monotonic() - self.tried_at > TRY_AGAIN_SECONDS
        if mark == self.seen and not is_due:
            return
        self.seen, self.tried_at = mark, time.monotonic()
        try:
            self.laid, self.error = _load(), ""
        except DamagedLayout as error:
            self.error = str(error)
            log.error("vision.layout_damaged", error=self.error)


_kept = _Kept()


def laid() -> Laid | None:
    """The pictures that are compared, at most a second behind the disk; None when there are none to compare."""
    return _kept.get()


def load_error() -> str:
    """Why what this process has mapped is not what lies on the disk; empty when it is."""
    return _kept.error


def forget() -> None:
    """Look anew at the next question: for tests, and after a fork."""
    global _kept
    _kept = _Kept()
