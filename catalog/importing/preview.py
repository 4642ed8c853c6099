"""A dry run over the first rows: what the import would say about them."""

from dataclasses import dataclass, replace
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.importing import locks
from catalog.importing.errors import ImportRefused
from catalog.importing.formats import Mappings, plan
from catalog.importing.reader import Refusal
from catalog.importing.report import Report, SectionCount
from catalog.importing.writing import Writer

ROWS = 200
MOST_REFUSALS = 500


@dataclass(frozen=True)
class PreviewedRefusal:
    """A row that would be refused. `is_certain` is False when it may be only because rows after the limit were not
    read, such as an order line whose order stands further down."""

    section: str
    refusal: Refusal
    is_certain: bool


@dataclass(frozen=True)
class Preview:
    """Counts per section of the rows read, the refused ones (at most 500), and notes; nothing was written."""

    sections: dict[str, SectionCount]
    refusals: tuple[PreviewedRefusal, ...]
    notes: tuple[str, ...]
    is_cut: bool


def preview(path: Path, format: str = "native", mappings: Mappings | None = None, limit: int = ROWS) -> Preview:
    """Rehearse the first `limit` rows of each file and take everything back. Pictures are left out: they take time.

    Raises ImportRefused when the files cannot be read at all, or while another import is at work.
    """
    found = plan(format, path, mappings, limit)
    groups = [group for group in found.groups if not any(section.is_slow for section in group)]
    report = Report()
    collector = _Collector(report)
    with transaction.atomic():
        if not locks.try_for_this_transaction():
            raise ImportRefused(_("Another import is at work. Look again when it has ended."))
        Writer(replace(found, groups=groups), report, collector, None).rehearse()
        transaction.set_rollback(True)
    is_cut = any(source.place.sheet or source.encoding.newlines - 1 > limit for source in found.sources.values())
    refusals = tuple(
        PreviewedRefusal(section, refusal, is_certain or not is_cut) for section, refusal, is_certain in collector.found
    )
    return Preview(report.sections, refusals, tuple(str(note) for note in report.notes), is_cut)


class _Collector:
    def __init__(self, report: Report) -> None:
        self.found: list[tuple[str, Refusal, bool]] = []
        self._report = report

    def add(self, section: str, refusal: Refusal, *, is_certain: bool = True) -> None:
        self._report.section(section).refused += 1
        if len(self.found) < MOST_REFUSALS:
            self.found.append((section, refusal, is_certain))
