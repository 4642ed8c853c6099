"""What experiments may change: kinds that their owners register."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings as django_settings
from django.db.models import Model, QuerySet
from django.utils import translation
from django.utils.module_loading import import_string

from core.extensions import experiment_kinds


@dataclass(frozen=True)
class ArmChoice:
    """One way to do it that an arm may choose: what staff read, and the settings that the arm then carries."""

    key: str
    title: Any
    settings: Mapping[str, Any] = field(default_factory=dict)
    by_hand: bool = True
    """Whether staff may choose it, or only the program that knows when it is true."""

    def title_for(self, name: str) -> str:
        """`name`, or the title in the language of the reader where `name` is the title in any language."""
        for code, _name in django_settings.LANGUAGES:
            with translation.override(code):
                if name == str(self.title):
                    break
        else:
            return name
        return str(self.title)


class RowTargets(Mapping[str, Any]):
    """Rows of a table as places of experiments, such as "programme-7": key to title, read when asked."""

    def __init__(self, name: str, rows: QuerySet[Any], title: Callable[[Any], Any]) -> None:
        self._prefix, self._rows, self._title = f"{name}-", rows, title

    def key_of(self, row: Model) -> str:
        return f"{self._prefix}{row.pk}"

    def __getitem__(self, key: str) -> Any:
        number = key.removeprefix(self._prefix)
        if number != key and number.isascii() and number.isdecimal() and len(number) < 19:
            row = self._rows.filter(pk=int(number)).first()
            if row is not None:
                return self._title(row)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter([f"{self._prefix}{pk}" for pk in self._rows.order_by("pk").values_list("pk", flat=True)])

    def __len__(self) -> int:
        return self._rows.count()


@dataclass(frozen=True)
class ExperimentKind:
    """What is registered in `experiment_kinds`.

    `targets` are the places it may run in, key to title; other keys are allowed when `open_targets` says so. The first
    of `choices` is what everybody gets outside experiments, `control` the one that a control arm should be. `metrics`
    are counted in each look, also those that the experiment is not judged by.
    """

    title: Any
    targets: Mapping[str, Any]
    choices: Sequence[ArmChoice]
    control: str
    metrics: Sequence[str]
    open_targets: bool = False
    available: Callable[[], bool] = lambda: True
    """Whether this installation has what the arms differ by. A kind without it is not offered."""
    stand_in: str = ""
    """Dotted name of a callable `(settings) -> str`: why an arm with these settings shows something else for now, in
    words for staff; empty where it shows what it says."""

    def why_something_else(self, settings: Mapping[str, Any]) -> str:
        """What `stand_in` says of an arm with these settings."""
        return str(import_string(self.stand_in)(settings)) if self.stand_in else ""

    def choice_of(self, settings: Mapping[str, Any]) -> ArmChoice | None:
        """The choice with these settings."""
        return next((choice for choice in self.choices if dict(choice.settings) == dict(settings)), None)

    def target_title(self, target: str) -> str:
        return str(self.targets.get(target, target))


def offered() -> list[tuple[str, ExperimentKind]]:
    """Kinds that an experiment may be made of, in order."""
    found = ((entry.key, entry.resolve()) for entry in experiment_kinds)
    return [(key, kind) for key, kind in found if kind.available()]


def known(kind: str) -> ExperimentKind | None:
    """None when no part of this version of the program has it."""
    return experiment_kinds.get(kind).resolve() if kind in experiment_kinds else None
