"""Why an import stops."""

from pathlib import Path

from django.utils.translation import gettext as _


class ImportRefused(Exception):
    """Nothing can be read. The message names the file, the line and the column where there are any."""


class FileRefused(ImportRefused):
    """One file cannot be read at all."""

    def __init__(self, path: Path, reason: str, *, line: int = 1, column: str = "") -> None:
        self.file, self.line, self.column, self.reason = path.name, line, column, reason
        values = {"file": path.name, "line": line, "column": column, "reason": reason}
        if column:
            text = _("%(file)s, line %(line)d, column %(column)s: %(reason)s.")
        else:
            text = _("%(file)s, line %(line)d: %(reason)s.")
        super().__init__(text % values)


class ImportBroken(Exception):
    """An import broke off for a reason that the message tells in one sentence. What was finished before stays."""
