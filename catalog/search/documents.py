"""What the index knows about a product: its tokens by field. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.search import tokens
from catalog.search.parsing import strong

FIELDS = ("name", "code", "category", "brand", "tags", "attributes", "description")
Fields = Sequence[str]
"""One text for each of FIELDS: its distinct tokens, with a space before and after each."""
SEPARATOR = "\n"
MOST_TOKENS = {"description": 1_500}
USUAL_MOST = 300


@dataclass(frozen=True)
class Source:
    """A product's texts in all languages, by field."""

    name: Sequence[str]
    code: Sequence[str] = ()
    category: Sequence[str] = ()
    brand: Sequence[str] = ()
    tags: Sequence[str] = ()
    attributes: Sequence[str] = ()
    description: Sequence[str] = ()


@dataclass(frozen=True)
class Document:
    """`words` are (word, token, language) for suggestions and corrections."""

    fields: Fields
    words: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    @property
    def tokens(self) -> set[str]:
        """What the index holds: every token, and those outside the description marked as strong too."""
        found: set[str] = set()
        for name, text in zip(FIELDS, self.fields, strict=True):
            held = text.split()
            found.update(held)
            if name != "description":
                found.update(map(strong, held))
        return found

    def as_text(self) -> str:
        return SEPARATOR.join(self.fields)


def read_fields(text: str) -> Fields:
    """The fields of a stored document."""
    found = text.split(SEPARATOR)
    return found if len(found) == len(FIELDS) else [*found, *[""] * len(FIELDS)][: len(FIELDS)]


def make(source: Source) -> Document:
    """The document of a product. Costs some hundred microseconds; never done in a request or trigger."""
    words: set[tuple[str, str]] = set()
    fields = []
    for name in FIELDS:
        texts: Sequence[str] = getattr(source, name)
        found: dict[str, None] = {}
        for text in texts:
            found.update(dict.fromkeys(_of_field(name, text)))
            if name != "code":
                words.update(tokens.words_of(text))
        kept = list(found)[: MOST_TOKENS.get(name, USUAL_MOST)]
        fields.append(f" {' '.join(kept)} " if kept else "")
    return Document(fields, frozenset(words))


def _of_field(name: str, text: str) -> Iterable[str]:
    if name == "code":
        joined = "".join(tokens.PARTS.findall(tokens.normalise(text)))
        return [joined[: tokens.LONGEST_TOKEN], *tokens.of_text(text)] if joined else []
    return tokens.of_text(text, with_characters=name != "description")


def texts_of(value: Any, *, depth: int = 2) -> list[str]:
    """The words in a JSON value such as attributes: texts and numbers, in lists and objects too."""
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int | float):
        return [str(value)]
    if depth and isinstance(value, Mapping):
        return [text for part in value.values() for text in texts_of(part, depth=depth - 1)]
    if depth and isinstance(value, list):
        return [text for part in value for text in texts_of(part, depth=depth - 1)]
    return []
