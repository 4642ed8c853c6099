"""The file: a tar with a manifest at its end that holds the SHA-256 of everything before it.

database.dump         pg_dump, custom format
ledger/roots.jsonl    signed heads
media/…  models/…     as below VAR_DIR
manifest.json         written last, so that a file that was cut off has none
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from core.backups.errors import BackupError

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database.dump"
ROOTS = "ledger/roots.jsonl"
FOLDERS = ("media", "models")
BLOCK = 1 << 20
LARGEST_MANIFEST = 200_000_000


@dataclass(frozen=True)
class Contents:
    """What an archive says about itself; `files` are name → (bytes, SHA-256)."""

    facts: dict[str, Any]
    files: dict[str, tuple[int, str]]
    names: list[str] = field(default_factory=list)


class Writer:
    """Adds files one by one; `finish` writes the manifest. Raises OSError as the disk does."""

    def __init__(self, file: IO[bytes]) -> None:
        self._files: dict[str, tuple[int, str]] = {}
        # Pictures and the dump are compressed already; the fastest level is enough for models.
        self._gzip = gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=1)
        self._tar = tarfile.TarFile(fileobj=self._gzip, mode="w", format=tarfile.PAX_FORMAT)

    def add(self, name: str, path: Path) -> bool:
        """False when the file is gone: a shop that is open removes old models and pictures."""
        try:
            source = path.open("rb")
        except FileNotFoundError:
            return False
        with source:
            facts = os.fstat(source.fileno())
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = facts.st_size, int(facts.st_mtime), 0o644
            reader = _Hashing(source)
            self._tar.addfile(entry, reader)  # raises when the file became shorter
        self._files[name] = (facts.st_size, reader.digest.hexdigest())
        return True

    def finish(self, facts: dict[str, Any]) -> None:
        """Write the manifest and end the file."""
        text = json.dumps({"format": FORMAT, **facts, "files": self._files}, indent=1, sort_keys=True).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(text), 0o644
        self._tar.addfile(entry, io.BytesIO(text))
        self._tar.close()
        self._gzip.close()


class _Hashing:
    """A file that remembers the hash of what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def check(path: Path) -> Contents:
    """Read all of it: every sum fits, nothing is missing, nothing is more. Raises BackupError."""
    return _walk(path, None)


def unpack(path: Path, target: Path) -> Contents:
    """The same, writing every file below `target`, which must be empty. Raises BackupError, and OSError of the disk."""
    return _walk(path, target)


def _walk(path: Path, target: Path | None) -> Contents:
    found: dict[str, tuple[int, str]] = {}
    manifest: dict[str, Any] | None = None
    try:
        with tarfile.open(path, "r|gz") as tar:
            for entry in tar:
                if manifest is not None:
                    raise BackupError(f"{path.name} goes on after its manifest: it is damaged.")
                if not entry.isfile() or not _is_safe(entry.name) or entry.name in found:
                    raise BackupError(f"{path.name} holds {entry.name!r}, which no backup of this shop would.")
                source = tar.extractfile(entry)
                assert source is not None, "regular files can be read"
                if entry.name == MANIFEST:
                    manifest = json.loads(source.read(LARGEST_MANIFEST))
                else:
                    found[entry.name] = _take(source, target / entry.name if target else None)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, ValueError, zlib.error) as error:
        raise BackupError(f"{path.name} is damaged and cannot be read to its end ({error}).") from error
    except FileNotFoundError as error:
        if target is None or not path.exists():
            raise BackupError(f"There is no file {path}.") from error
        raise
    if manifest is None:
        raise BackupError(f"{path.name} has no manifest: it was cut off, or is no backup of this shop.")
    if manifest.get("format") != FORMAT:
        raise BackupError(f"{path.name} has format {manifest.get('format')}; this program reads {FORMAT}.")
    _compare(path, {name: (size, digest) for name, (size, digest) in manifest["files"].items()}, found)
    return Contents({key: value for key, value in manifest.items() if key != "files"}, found, sorted(found))


def _compare(path: Path, said: dict[str, tuple[int, str]], found: dict[str, tuple[int, str]]) -> None:
    for name in sorted(said.keys() | found.keys()):
        if said.get(name) != found.get(name):
            raise BackupError(f"{path.name} is damaged: {name} is not what was put into it.")
    if DATABASE not in found:
        raise BackupError(f"{path.name} holds no database.")


def _take(source: IO[bytes], target: Path | None) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    output = None
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        output = target.open("xb")
    try:
        while block := source.read(BLOCK):
            digest.update(block)
            size += len(block)
            if output is not None:
                output.write(block)
        if output is not None:
            output.flush()
            os.fsync(output.fileno())
    finally:
        if output is not None:
            output.close()
    return size, digest.hexdigest()


def _is_safe(name: str) -> bool:
    parts = PurePosixPath(name).parts
    allowed = name in (MANIFEST, DATABASE, ROOTS) or (len(parts) > 1 and parts[0] in FOLDERS)
    return allowed and ".." not in parts and not name.startswith("/") and "\x00" not in name and "\\" not in name


def files_below(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """Regular files of a folder with their names in the archive; what is being written (a name with a dot) is not."""
    for current, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for file in sorted(files):
            path = Path(current) / file
            if not file.startswith(".") and path.is_file() and not path.is_symlink():
                yield f"{name}/{path.relative_to(folder).as_posix()}", path
