"""Files of exports: written aside, synced, put in place in one step, removed after a week."""

import contextlib
import csv
import errno
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.exceptions import DomainError
from core.exports.cells import safe_cell, xlsx_cell
from core.models import Export

KEEP_DAYS = 7
SHEET_ROWS = 1_000_000  # a spreadsheet has 1,048,576
ASIDE = ".writing-"
ASIDE_SECONDS = 24 * 3600


class DiskFull(DomainError):
    """There was no room for the file; nothing of it is left."""

    code = "disk_full"


def root() -> Path:
    return Path(settings.EXPORT_ROOT)


def path_of(export: Export) -> Path | None:
    """Where the file is; None when it was not made or is gone."""
    if not export.file or Path(export.file).name != export.file:
        return None
    path = root() / export.file
    return path if path.is_file() else None


def write_file(name: str, file_format: str, titles: list[str], rows: Iterable[list[Any]]) -> int:
    """Write a table below EXPORT_ROOT. Its size in bytes. Raises DiskFull; whatever is raised, no half file stays.

    The same name twice: the later file replaces the earlier one in one step.
    """
    aside = root() / f"{ASIDE}{uuid.uuid4().hex}"
    try:
        aside.mkdir(parents=True)
        path = aside / name
        if file_format == Export.Format.XLSX:
            _write_xlsx(path, titles, rows)
        else:
            _write_csv(path, titles, rows)
        _sync(path)
        size = path.stat().st_size
        path.replace(root() / name)
        _sync(root())
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                gettext_noop("The disk is full. Nothing was kept; the export can be asked for again.")
            ) from error
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return size


def _write_csv(path: Path, titles: list[str], rows: Iterable[list[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8-sig", errors="replace") as file:
        writer = csv.writer(file)
        writer.writerow([safe_cell(title) for title in titles])
        for row in rows:
            writer.writerow([safe_cell(value) for value in row])


def _write_xlsx(path: Path, titles: list[str], rows: Iterable[list[Any]]) -> None:
    """Row by row: only the row that is written is in memory."""
    from openpyxl import Workbook

    # The workbook keeps its sheets in temporary files; aside they fill the same disk and go with the rest.
    with _temporary_files_in(path.parent):
        book = Workbook(write_only=True)
        sheet: Any = None
        for number, row in enumerate(rows):
            if number % SHEET_ROWS == 0:
                sheet = _new_sheet(book, titles)
            sheet.append([xlsx_cell(value) for value in row])
        if sheet is None:
            _new_sheet(book, titles)
        book.save(path)


def _new_sheet(book: Any, titles: list[str]) -> Any:
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    sheet.append([xlsx_cell(title) for title in titles])
    return sheet


@contextlib.contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    before = tempfile.tempdir
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def tidy() -> dict[str, int]:
    """Remove files after their week with their rows, and what a killed worker left. Safe to run at any time."""
    now = timezone.now()
    removed = 0
    for export in Export.objects.filter(expires_at__lt=now).iterator():
        if path := path_of(export):
            path.unlink(missing_ok=True)
        export.delete()
        removed += 1
    never_made = Export.objects.filter(finished_at=None, created_at__lt=now - timedelta(days=KEEP_DAYS))
    removed += never_made.delete()[0]
    return {"removed": removed, "left_over": _remove_left_overs()}


def _remove_left_overs() -> int:
    """Folders of writers that were killed, and files whose row is gone."""
    if not root().is_dir():
        return 0
    known = set(Export.objects.exclude(file="").values_list("file", flat=True))
    count = 0
    for path in root().iterdir():
        if path.name in known or time.time() - path.stat().st_mtime < ASIDE_SECONDS:
            continue
        if path.is_dir() and path.name.startswith(ASIDE):
            shutil.rmtree(path, ignore_errors=True)
            count += 1
        elif path.is_file():
            path.unlink(missing_ok=True)
            count += 1
    return count


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
