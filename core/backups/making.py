"""Making a backup while the shop is open."""

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from core.backups import archive, database
from core.backups.errors import BackupError
from core.ledger import roots

log = structlog.get_logger(__name__)
GOOD_NAME = re.compile(r"zhanggui-\d{8}T\d{6}Z\.tar\.gz")
MAKING = ".making"


@dataclass(frozen=True)
class Made:
    path: Path
    size: int
    files: int
    removed: int


def make_backup(folder: Path | None = None) -> Made:
    """One file in `folder` (BACKUP_DIR), complete and looked at; older ones beyond BACKUP_KEEP go. Raises BackupError.

    The database comes first, so that everything its rows name is older than the copy of the files.
    """
    folder = Path(folder or settings.BACKUP_DIR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder), _aside(folder) as aside:
            path = folder / f"zhanggui-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar.gz"
            if path.exists():
                raise BackupError(f"{path} is there already: wait a second.")
            count = _write(aside)
            part = aside / "archive"
            archive.check(part)
            part.rename(path)
            _sync(folder)
        removed = _prune(folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BackupError(
                f"The disk of {folder} is full; no backup was made, and the older ones are untouched."
            ) from (error)
        raise BackupError(f"No backup could be made in {folder}: {error.strerror or error}.") from error
    size = path.stat().st_size
    log.info("backup.made", file=path.name, bytes=size)
    return Made(path, size, count, removed)


def backups(folder: Path) -> list[Path]:
    """Finished backups of a folder, the newest first."""
    return sorted((path for path in folder.iterdir() if GOOD_NAME.fullmatch(path.name)), reverse=True)


def _write(aside: Path) -> int:
    roots.sign_head()
    dumped = aside / archive.DATABASE
    try:
        database.dump(dumped)
    except BackupError as error:
        if "No space left" in str(error):
            raise OSError(errno.ENOSPC, "No space left on device") from error
        raise
    database.check_dump(dumped)
    count = 0
    with (aside / "archive").open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        writer = archive.Writer(file)
        writer.add(archive.DATABASE, dumped)
        dumped.unlink()
        if roots.path().exists():
            writer.add(archive.ROOTS, roots.path())
        for name, folder in (("media", settings.MEDIA_ROOT), ("models", settings.MODEL_ROOT)):
            for entry, path in archive.files_below(Path(folder), name):
                count += writer.add(entry, path)
        writer.finish(_facts())
        file.flush()
        os.fsync(file.fileno())
    return count


def _facts() -> dict[str, object]:
    applied = MigrationRecorder(connection).applied_migrations()
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": settings.VERSION,
        "postgresql": database.server_major(),
        "migrations": sorted(f"{app}.{migration}" for app, migration in applied),
    }


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One backup at a time in a folder."""
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BackupError(f"Another backup is being made in {folder}.") from error
    finally:
        os.close(handle)


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder for what is not finished; what an earlier one left when it was killed goes too."""
    aside = folder / MAKING
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _prune(folder: Path) -> int:
    old = backups(folder)[max(settings.BACKUP_KEEP, 1) :]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
