"""What a shop has without a search of its own, in Python: words as PostgreSQL's `simple` configuration cuts them, and
pg_trgm's similarity of names. A reference for the evaluation, not used by the product. Pure."""

import re
from collections.abc import Mapping, Sequence

WORDS = re.compile(r"\w+")
THRESHOLD = 0.3
"""pg_trgm.similarity_threshold."""


def trigrams(text: str) -> set[str]:
    """As `show_trgm`: each word with two spaces before and one behind."""
    found: set[str] = set()
    for word in WORDS.findall(text.lower()):
        padded = f"  {word} "
        found.update(padded[at : at + 3] for at in range(len(padded) - 2))
    return found


class PlainIndex:
    """Products whose texts hold every word of the query, or whose name is similar; ordered by both."""

    def __init__(self, texts: Mapping[int, tuple[Sequence[str], Sequence[str]]]) -> None:
        """`texts`: names, and all texts, by number."""
        self._names = {number: [trigrams(name) for name in names] for number, (names, _all) in texts.items()}
        self._words = {
            number: {word for text in everything for word in WORDS.findall(text.lower())}
            for number, (_names, everything) in texts.items()
        }

    def search(self, query: str) -> list[int]:
        """Numbers, best first; ties by the higher number, which is the newer product."""
        wanted, asked = trigrams(query), set(WORDS.findall(query.lower()))
        found = []
        for number, names in self._names.items():
            alike = max((len(wanted & name) / len(wanted | name) for name in names if wanted), default=0.0)
            holds = bool(asked) and asked <= self._words[number]
            if holds or alike >= THRESHOLD:
                found.append((-(alike + holds), -number))
        return [-number for _score, number in sorted(found)]
