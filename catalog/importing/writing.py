"""The groups of a plan, written one transaction after another."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from django.db import transaction
from django.utils.translation import gettext_noop

from catalog.importing import changes, differences, staging
from catalog.importing.checkpoint import Checkpoint, group_name
from catalog.importing.formats import Plan
from catalog.importing.journal import Journal
from catalog.importing.progress import Progress
from catalog.importing.reader import Refusal
from catalog.importing.report import Report
from catalog.importing.sections import Load, Section, following
from catalog.importing.staging import Stage
from core.said import NOTHING, Said


class Refusals(Protocol):
    """Where refused rows go."""

    def add(self, section: str, refusal: Refusal) -> None: ...


class Writer:
    """Writes what the plan has read into the shop, counting into `report` and `refused`."""

    def __init__(self, plan: Plan, report: Report, refused: Refusals, journal: Journal | None) -> None:
        self.plan, self.report, self.refused, self.journal = plan, report, refused, journal
        self.progress = Progress(plan.lines)

    def write(self, checkpoint: Checkpoint, finished: set[str], settle: Callable[[], int]) -> None:
        """Every group that is not finished, each with its checkpoint. `settle` brings the refused rows to the disk."""
        _note_files(self.plan, self.report)
        for group in self.plan.groups:
            if group_name(group) in finished:
                known = (self.plan.sources[section.name] for section in group if section.name in self.plan.sources)
                self.progress.advance(sum(source.lines for source in known), NOTHING)
                continue
            files = checkpoint.files(group)
            done = partial(checkpoint.finish, group, files, self.report, settle)
            self._write(group, batch_id=checkpoint.batch.pk, at_the_end=done)
        self.progress.advance(self.plan.lines, NOTHING)

    def rehearse(self) -> None:
        """All groups in one transaction that is taken back."""
        _note_files(self.plan, self.report)
        with transaction.atomic():
            for group in self.plan.groups:
                self._write(group, batch_id=None, at_the_end=self._keep_differences)
            transaction.set_rollback(True)
        self.progress.advance(self.plan.lines, NOTHING)

    def _keep_differences(self) -> None:
        self.report.changes += differences.sample(len(self.report.changes))

    def _write(self, group: Sequence[Section], *, batch_id: int | None, at_the_end: Callable[[], None]) -> None:
        load = Load(
            self.plan.folder, self.report, batch_id is None, self.journal, batch_id,
            files=frozenset(self.plan.sources), advance=self.progress.advance,
        )  # fmt: skip
        try:
            with transaction.atomic():
                staging.prepare_session()
                staging.create_refused()
                changes.begin()
                for section in group:
                    load.stages[section.name] = self._stage(section)
                for section in group:
                    self.progress.advance(0, Said(gettext_noop("%(section)s: writing"), {"section": section.name}))
                    with self.report.timed(section.name):
                        section.apply(load)
                for name, refusal in staging.refused_rows():
                    self.refused.add(name, refusal)
                for stage in load.stages.values():
                    stage.drop()
                for section in group:
                    if section.name not in self.plan.sources:
                        _forget_empty(self.report, section.name)
                at_the_end()
        except BaseException:
            for action in load.undo:
                action()
            self._forget_journal()
            raise
        self._forget_journal()

    def _forget_journal(self) -> None:
        if self.journal is not None:
            self.journal.close()

    def _stage(self, section: Section) -> Stage:
        """Read the file of a section into its temporary table."""
        source = self.plan.sources.get(section.name)
        stage = Stage(section.name, section.columns(), source)
        with self.report.timed(section.name) as count:
            stage.create()
            if source is None:
                return stage
            count.file = source.name
            before = count.refused
            rows = source.rows(partial(self.refused.add, section.name))
            message = Said(gettext_noop("%(file)s: reading"), {"file": source.name})
            count.read = stage.fill(following(rows, self.progress.advance, message)) + count.refused - before
            staging.analyse(stage.table)
            stage.refuse_repeated(section.key)
        return stage


def _forget_empty(report: Report, name: str) -> None:
    """A section of a group that had no file and did nothing is not listed."""
    count = report.sections.get(name)
    if count and not (count.read or count.new or count.changed or count.same):
        del report.sections[name]


def _note_files(plan: Plan, report: Report) -> None:
    for source in plan.sources.values():
        if not source.encoding.is_expected and not source.place.sheet:
            report.note(
                gettext_noop("%(file)s: not UTF-8, read as %(encoding)s."),
                file=source.name, encoding=source.encoding.label,
            )  # fmt: skip
        elif source.encoding.is_damaged:
            report.note(
                gettext_noop("%(file)s: some bytes are not UTF-8; rows with them are refused."), file=source.name
            )
        ignored = [title for title in source.ignored if title]
        if ignored:
            report.note(
                gettext_noop("%(file)s: columns left unread: %(columns)s."),
                file=source.name, columns=", ".join(ignored)[:500],
            )  # fmt: skip
    for file in plan.left:
        if file not in report.left:
            report.left.append(file)
        report.note(gettext_noop("%(file)s: left, no part of this installation reads it."), file=file)
