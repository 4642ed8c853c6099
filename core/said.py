"""Sentences that are stored by a worker and read by people of either language later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext


@dataclass(frozen=True)
class Said:
    """A sentence as it stands in the code (marked with `gettext_noop`) and what goes into its places.

    `str()` is the sentence in the language of whoever reads it now.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.text:
            return ""
        translated = gettext(self.text)
        try:
            return translated % self.values if self.values else translated
        except (KeyError, ValueError, TypeError):  # stored by another version of the program
            return translated


NOTHING = Said("")
