"""Where a stretch of a normalised text stands in the text as its customer wrote it.

`normalise` drops what nobody sees, opens ligatures and entities, turns traditional characters into simplified ones,
shortens what repeats and puts masks for personal data, so places do not carry over. Both texts are folded, letter by
letter, and laid beside each other; where they part, the next letters they share are looked for. Nothing is guessed: a
stretch counts only where every letter of it has been found, one after the other.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from reviews.ml.text import LONGEST, SCRIPTS, TAGS, Span, normalise

ENTITIES = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});?", re.IGNORECASE)
SHARED = 6
"""Letters that must agree where the texts are laid together again."""
FURTHEST = 2_000
"""Letters of the written text that are looked through for them."""


class Placed:
    """A written text and its normalised form, laid beside each other. Linear in the length of both."""

    def __init__(self, written: str, normalised: str) -> None:
        self.written, self.normalised = written, normalised
        self._places = _laid(written, normalised)

    def exact(self, span: Span) -> Span | None:
        """Where these very letters stand in the written text; None when one of them is not found in its place."""
        first, last = self._ends(span)
        letters = [at for at in range(span.start, span.end) if _is_letter(self.normalised[at])]
        places = [self._places[at] for at in letters]
        if first is None or last is None or any(place is None for place in places):
            return None
        found = Span(first.start, last.end)
        # Masks and squeezed repeats leave letters out; what was written between the ends must read the same.
        same = normalise(self.written[found.start : found.end]) == self.normalised[span.start : span.end]
        return found if same else None

    def around(self, span: Span, term: Span, longest: int) -> Span:
        """The stretch of the written text from the first to the last letter of `span` that was found, with `term` (a
        place in the written text) and of at most `longest` characters."""
        first, last = self._ends(span)
        start = min(first.start if first else term.start, term.start)
        end = max(last.end if last else term.end, term.end)
        if end - start > longest:
            start = max(start, term.end - longest, term.start - longest // 2)
            end = min(end, start + longest)
        return _trimmed(self.written, Span(start, end))

    def _ends(self, span: Span) -> tuple[Span | None, Span | None]:
        known = [place for place in self._places[span.start : span.end] if place is not None]
        return (known[0], known[-1]) if known else (None, None)


def _laid(written: str, normalised: str) -> list[Span | None]:
    """The place of each character of `normalised`, None for signs, spaces and what was not found."""
    folded = list(_folded(written))
    other = "".join(character for character, _place in folded)
    own = [(at, character) for at, character in enumerate(normalised) if _is_letter(character)]
    letters = "".join(character for _at, character in own)
    places: list[Span | None] = [None] * len(normalised)
    i = j = 0
    while i < len(own) and j < len(other):
        if letters[i] == other[j]:
            places[own[i][0]] = folded[j][1]
            i, j = i + 1, j + 1
            continue
        found = other.find(letters[i : i + SHARED], j, j + FURTHEST)
        if found >= 0:
            j = found
        else:
            i += 1
    return places


def _folded(written: str) -> Iterator[tuple[str, Span]]:
    """Letters as `normalise` folds them, with where each came from; without tags and entities."""
    seen = written[:LONGEST]
    for pattern in (SCRIPTS, TAGS, ENTITIES):
        seen = pattern.sub(lambda hit: " " * len(hit.group()), seen)
    start = 0
    while start < len(seen):
        end = start + 1
        while end < len(seen) and unicodedata.combining(seen[end]):
            end += 1
        for character in _fold(seen[start:end]):
            yield character, Span(start, end)
        start = end


@lru_cache(maxsize=20_000)
def _fold(character: str) -> str:
    return "".join(filter(_is_letter, normalise(character)))


def _is_letter(character: str) -> bool:
    return character.isalnum()


def _trimmed(text: str, span: Span) -> Span:
    piece = text[span.start : span.end]
    start = span.start + len(piece) - len(piece.lstrip())
    return Span(start, max(start, span.start + len(piece.rstrip())))
