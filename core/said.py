"""Sentences that are stored by a worker and read by people of either language later."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import get_language, gettext

DAY, MONEY, FIGURE = "day", "money", "figure"


@dataclass(frozen=True)
class Said:
    """A sentence as it stands in the code (marked with `gettext_noop`) and what goes into its places.

    `str()` is the sentence in the language of whoever reads it now. A value that has a name in each language is a
    dictionary of language and name: `{"en": "Delivery", "zh": "物流"}`. A day, an amount in the shop's currency and a
    count are dictionaries too, written as pages write them: `{"day": "2010-11-30"}`, `{"money": 79066}`,
    `{"figure": 1204}`.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.text:
            return ""
        translated = gettext(self.text)
        try:
            values = {name: _named(value) for name, value in self.values.items()}
            return translated % values if values else translated
        except (KeyError, ValueError, TypeError):  # stored by another version of the program
            return translated


def _named(value: Any) -> Any:
    """A name in the language of now, else the first one."""
    if not isinstance(value, Mapping) or not value:
        return value
    if len(value) == 1:
        kind, given = next(iter(value.items()))
        if kind in (DAY, MONEY, FIGURE):
            return _writers()[kind](given)
    language = get_language() or ""
    return value.get(language) or value.get(language.split("-")[0]) or next(iter(value.values()))


def _writers() -> dict[str, Callable[[Any], str]]:
    from core.components import words  # pages stand above sentences

    return {
        DAY: lambda given: words.day_text(date.fromisoformat(given)), MONEY: words.money_about, FIGURE: words.figure,
    }  # fmt: skip


NOTHING = Said("")
