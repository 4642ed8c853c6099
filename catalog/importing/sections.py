"""What a section of an import is: a file, its columns, and SQL that turns staged rows into facts.

Apps add sections by registering a subclass in `catalog.extensions.import_sections` under the name of the file.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from catalog.importing.columns import Column
from catalog.importing.journal import Journal
from catalog.importing.report import Report
from catalog.importing.sql import Written
from catalog.importing.staging import Stage
from core.said import Said


@dataclass
class Load:
    """What a section can use while it writes: its stage and those of its group, the folder, the report.

    `batch_id` is None in a dry run, of which nothing has to be undone.
    """

    folder: Path
    report: Report
    is_dry_run: bool
    journal: Journal | None = None
    batch_id: int | None = None
    stages: dict[str, Stage] = field(default_factory=dict)
    files: frozenset[str] = frozenset()
    advance: Callable[[int, Said], None] = lambda rows, message: None
    undo: list[Callable[[], None]] = field(default_factory=list)

    def stage(self, name: str) -> Stage:
        return self.stages[name]

    def on_failure(self, action: Callable[[], None]) -> None:
        """Run `action` when the transaction of this section does not commit: for files written beside it."""
        self.undo.append(action)


class Section(ABC):
    """One file of the native format.

    Sections with the same `group` are staged together and written in one transaction, in the order in which they are
    registered; every section of a group is applied when one of its files is there. `key` names the columns by which a
    row is known: of rows with the same key the first is taken.
    """

    name: str = ""
    group: str = ""
    key: tuple[str, ...] = ()

    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """Asked once per import, so limits that follow the calendar are of today."""

    @abstractmethod
    def apply(self, load: Load) -> None:
        """Refuse what cannot be resolved, write the rest, count into `load.report`. Inside a transaction."""

    def before_undo(self) -> None:  # noqa: B027 (most sections have nothing to say)
        """What this section has to write down before its rows are taken back. Inside the transaction of the undo, when
        the rows that stay are known (`catalog.importing.undo.rows`)."""


class MoreCustomerColumns(ABC):
    """Columns of `customers.csv` that another app reads and writes (`catalog.extensions.customer_import_columns`)."""

    @abstractmethod
    def columns(self, known: Sequence[Column]) -> list[Column]:
        """Beside those that are known, whose names are taken."""

    @abstractmethod
    def write(self, stage: Stage) -> Written:
        """Into its own table, when the customers of the stage are there; inside their transaction."""


def following(rows: Iterator[str], advance: Callable[[int, Said], None], message: Said) -> Iterator[str]:
    """The same rows; progress is told every 2,000."""
    pending = 0
    for row in rows:
        yield row
        pending += 1
        if pending == 2_000:
            advance(pending, message)
            pending = 0
    advance(pending, message)
