"""The refused rows as a CSV that a spreadsheet can open without danger."""

import contextlib
import csv
import os
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _

from catalog.importing.errors import ImportBroken
from catalog.importing.reader import Refusal
from catalog.importing.report import SAMPLE, Report
from core.exports import safe_cell

HEADER = ["file", "line", "column", "reason", "row"]


class RefusedFile:
    """Made with the first row. `kept` bytes of a run that was stopped stay, what stands behind them goes."""

    def __init__(self, path: Path, report: Report, kept: int = 0) -> None:
        self.path = path
        self._report = report
        self._kept = kept if path.is_file() and path.stat().st_size >= kept else 0
        self._file: IO[str] | None = None
        self._writer: Any = None

    def add(self, section: str, refusal: Refusal) -> None:
        """Raises ImportBroken when the row cannot be written down."""
        with self._told():
            if self._file is None:
                self._open()
            self._writer.writerow(
                [
                    safe_cell(part.replace("\0", "\\0") if isinstance(part, str) else part)
                    for part in (refusal.file, refusal.line, refusal.column, str(refusal.reason), refusal.row)
                ]
            )
        self._report.section(section).refused += 1
        if len(self._report.sample) < SAMPLE:
            self._report.sample.append(refusal)

    def settle(self) -> int:
        """Make sure that all rows so far are on disk. The size of the file. Raises ImportBroken."""
        if self._file is None:
            return self._kept
        with self._told():
            self._file.flush()
            os.fsync(self._file.fileno())
            return self.path.stat().st_size

    def go_back(self, size: int) -> None:
        """Forget the rows after this size: their group was taken back."""
        with contextlib.suppress(OSError):
            if self._file is not None:
                self._file.close()
        self._file, self._kept = None, 0
        with contextlib.suppress(OSError):
            if size and self.path.stat().st_size >= size:
                os.truncate(self.path, size)
                self._kept = size
            else:
                self.path.unlink(missing_ok=True)

    @property
    def is_used(self) -> bool:
        return self._file is not None or self._kept > 0

    def close(self) -> None:
        self.settle()
        if self._file is not None:
            self._file.close()

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._kept:
            os.truncate(self.path, self._kept)
            encoding = "utf-8"
        else:
            self.path.unlink(missing_ok=True)
            encoding = "utf-8-sig"
        self._file = self.path.open("a", encoding=encoding, errors="backslashreplace", newline="")
        self._writer = csv.writer(self._file)
        if not self._kept:
            self._writer.writerow(HEADER)

    @contextlib.contextmanager
    def _told(self) -> Any:
        try:
            yield
        except OSError as error:
            raise ImportBroken(
                _("The list of refused rows cannot be written: %(reason)s.") % {"reason": error.strerror or error}
            ) from error
