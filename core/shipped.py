"""Names that the program brought along, told in the language of whoever reads them.

They are stored in one language, as names that staff give are; which language that was depends on the shop. A name that
somebody has changed since is theirs, and stays as they wrote it.
"""

from collections.abc import Iterator, Mapping
from functools import cache

from django.utils.translation import get_language

Name = Mapping[str, str]
"""One name: `{"en": …, "zh": …}`."""


def told(name: str) -> str:
    """A stored name as its reader calls it. No query."""
    known = _known().get(name)
    return known["zh" if (get_language() or "").startswith("zh") else "en"] if known is not None else name


def pairs(name: tuple[str, str]) -> Name:
    """(English, Chinese) as a name."""
    return {"en": name[0], "zh": name[1]}


@cache
def _known() -> dict[str, Name]:
    """Whatever language a name was stored in leads to it."""
    return {words: name for name in _registered() for words in name.values()}


def _registered() -> Iterator[Name]:
    from core.extensions import shipped_names

    for entry in shipped_names.entries():
        yield from entry.resolve()()
