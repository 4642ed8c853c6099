"""Sentences that are stored by a worker and read by people of either language later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language, gettext


@dataclass(frozen=True)
class Said:
    """A sentence as it stands in the code (marked with `gettext_noop`) and what goes into its places.

    `str()` is the sentence in the language of whoever reads it now. A value that has a name in each language is a
    dictionary of language and name: `{"en": "Delivery", "zh": "物流"}`.
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
    language = get_language() or ""
    return value.get(language) or value.get(language.split("-")[0]) or next(iter(value.values()))


NOTHING = Said("")
