"""What groups of tags are called: "Colour", "图案". Upper apps that know say so (`extensions.tag_kinds`)."""

from django.conf import settings
from django.utils.translation import get_language

from catalog.buffer.known import Remembered
from catalog.extensions import tag_kinds

REMEMBER_SECONDS = 30.0
_remembered: Remembered[dict[str, str]] = Remembered(seconds=REMEMBER_SECONDS, most=len(settings.LANGUAGES))


def kind_name(kind: str) -> str:
    """In the language of the request; the kind itself where nobody knows better."""
    return _names(get_language() or "").get(kind.casefold()) or kind


def _names(language: str) -> dict[str, str]:
    known = _remembered.get(language) if settings.WEB_PROCESS else None
    if known is None:
        known = {}
        for entry in tag_kinds.entries():
            known |= {kind: names[language] for kind, names in entry.resolve()().items() if language in names}
        if settings.WEB_PROCESS:
            _remembered.keep(language, known)
    return known
