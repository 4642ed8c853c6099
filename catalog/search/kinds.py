"""What groups of tags are called: "Colour", "图案". Upper apps that know say so (`extensions.tag_kinds`)."""

from django.conf import settings
from django.utils.translation import get_language

from catalog.buffer.known import Remembered
from catalog.extensions import tag_kinds

REMEMBER_SECONDS = 30.0
Names = dict[str, dict[str, str]]
_remembered: Remembered[Names] = Remembered(seconds=REMEMBER_SECONDS, most=1)


def kind_name(kind: str) -> str:
    """In the language of the request; the kind itself where nobody knows better."""
    return _names().get(kind.casefold(), {}).get(get_language() or "") or kind


def _names() -> Names:
    known = _remembered.get("") if settings.WEB_PROCESS else None
    if known is None:
        known = {}
        for entry in tag_kinds.entries():
            known |= entry.resolve()()
        if settings.WEB_PROCESS:
            _remembered.keep("", known)
    return known
