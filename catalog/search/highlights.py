"""Which parts of a shown text match, as plain segments: whoever shows them escapes them like any text."""

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from catalog.search import tokens
from catalog.search.parsing import Group

Segment = dict[str, object]
SNIPPET = 160


def matched_tokens(groups: Iterable[Group], *, with_synonyms: bool = True) -> set[str]:
    """All tokens of these groups. In descriptions synonyms do not count, so nothing of them is marked there."""
    ways = (way for group in groups for way in group.alternatives if with_synonyms or not way.is_synonym)
    return {token for way in ways for token in way.tokens}


def segments(text: str, wanted: Collection[str]) -> list[Segment]:
    """The text in order, cut where matching begins and ends: `{"text": …, "match": …}`."""
    marks = _marks(text, wanted)
    found: list[Segment] = []
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or marks[at] != marks[start]:
            found.append({"text": text[start:at], "match": marks[start]})
            start = at
    return found


def snippet(text: str, wanted: Collection[str]) -> list[Segment]:
    """About 160 characters around the first match, in segments; empty when nothing matches."""
    first = next(_matches(text, wanted), None)
    if first is None:
        return []
    start = max(0, first[0] - SNIPPET // 3)
    while start and start < len(text) and text[start - 1].isalnum() and text[start - 1].isascii():
        start -= 1
    part = text[start : start + SNIPPET]
    found = segments(part, wanted)
    if start:
        found.insert(0, {"text": "…", "match": False})
    if start + SNIPPET < len(text):
        found.append({"text": "…", "match": False})
    return found


def _marks(text: str, wanted: Collection[str]) -> list[bool]:
    """For each character whether it matches."""
    marks = [False] * len(text)
    for start, length in _matches(text, wanted):
        marks[start : start + length] = [True] * min(length, len(marks) - start)
    return marks


def _matches(text: str, wanted: Collection[str]) -> Iterator[tuple[int, int]]:
    """Start and length of what matches, run by run and in each run by start. Texts are compared character by character,
    so places stay right."""
    words = frozenset(wanted)
    han = [token for token in words if tokens.SCRIPT.search(token)]
    for kind, run, start in tokens.runs(_same_length(text)):
        if kind == "word":
            if not words.isdisjoint(_tokens_of_word(run)):
                yield start, len(run)
        elif han:
            yield from sorted((start + at, len(token)) for token in han for at in _places(token, run))


def _places(token: str, run: str) -> Iterator[int]:
    at = run.find(token)
    while at >= 0:
        yield at
        at = run.find(token, at + 1)


@lru_cache(maxsize=20_000)
def _tokens_of_word(word: str) -> tuple[str, ...]:
    """Descriptions say the same words over and over."""
    return tuple(tokens.of_word(word))


def _same_length(text: str) -> str:
    """The normal form, with each character where it stands in the text."""
    if text.isascii():
        return text.lower()
    plain = tokens.normalise(text)
    if len(plain) == len(text):
        return plain
    plain = "".join(_one(character) for character in text)
    converted = tokens.normalise(plain)
    return converted if len(converted) == len(plain) else plain


@lru_cache(maxsize=20_000)
def _one(character: str) -> str:
    part = tokens.normalise(character)
    return part if len(part) == 1 else character.lower()[:1] or " "
