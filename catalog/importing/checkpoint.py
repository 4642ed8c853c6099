"""How far an import came, kept in the transaction of each group, so that a killed run goes on where it was."""

from collections.abc import Callable, Sequence
from typing import Any

from catalog.importing import changes
from catalog.importing.formats import Plan
from catalog.importing.report import Report
from catalog.importing.sections import Section
from catalog.models import ImportBatch


class Checkpoint:
    """What ImportBatch.checkpoint holds: finished groups with the SHA-256 of their files, the report up to then, the
    size of the list of refused rows, and the marks that undo needs."""

    def __init__(self, batch: ImportBatch, plan: Plan) -> None:
        self.batch, self.plan = batch, plan
        self._stored: dict[str, Any] = batch.checkpoint or {}

    @property
    def refused_size(self) -> int:
        return int(self._stored.get("refused_size", 0))

    @property
    def report(self) -> dict[str, Any]:
        return self._stored.get("report", {})

    def finished(self) -> set[str]:
        """Names of groups that need not be written again: none when any of their files is another one now: then
        everything is read once more, and what is there already counts as the same."""
        groups: dict[str, dict[str, str]] = self._stored.get("groups", {})
        now = {group_name(group): self.files(group) for group in self.plan.groups if group_name(group) in groups}
        if now == groups:
            return set(groups)
        self._stored = {"marks": self._stored.get("marks", {})}
        return set()

    def files(self, group: Sequence[Section]) -> dict[str, str]:
        sources = self.plan.sources
        return {section.name: sources[section.name].digest() for section in group if section.name in sources}

    def finish(
        self, group: Sequence[Section], files: dict[str, str], report: Report, settle: Callable[[], int]
    ) -> None:
        """Write down that the group is done. Inside its transaction."""
        marks = changes.seal(self.batch.pk)
        self._stored = {
            "groups": {**self._stored.get("groups", {}), group_name(group): files},
            "report": report.as_json(),
            "refused_size": settle(),
            "marks": marks,
        }
        ImportBatch.objects.filter(pk=self.batch.pk).update(checkpoint=self._stored)
        self.batch.checkpoint = self._stored


def group_name(group: Sequence[Section]) -> str:
    return group[0].group or group[0].name
