"""A query as groups: each group is one thing the person asked for, in every way it may be written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from catalog.search import tokens
from catalog.search.tokens import STOP_CHARACTERS, STOP_WORDS, Run

MOST_GROUPS = 10
MOST_ALTERNATIVES = 12
STRONG = "!"
"""Before a token: the product has it outside its description."""


@dataclass(frozen=True)
class Alternative:
    """Tokens that together say it; `factor` is how well, from 0 to 1.

    A synonym counts only outside descriptions: a product is a light when its name, category or tags say so, not when
    its description says that it is light.
    """

    tokens: tuple[str, ...]
    factor: float = 1.0
    is_synonym: bool = False

    @property
    def lexemes(self) -> tuple[str, ...]:
        """As the index holds them, and as products are counted."""
        return tuple(map(strong, self.tokens)) if self.is_synonym else self.tokens


@dataclass(frozen=True)
class Group:
    """`surface` is what was typed, in normal form."""

    surface: str
    alternatives: tuple[Alternative, ...]
    kind: str = "word"
    start: int = 0

    def outside_descriptions(self) -> "Group":
        """The same where a product holds it in its name, category, brand or tags, as synonyms count."""
        return replace(self, alternatives=tuple(replace(one, is_synonym=True) for one in self.alternatives))

    def as_tsquery(self, *, only_strong: bool = False) -> str:
        """In the language of PostgreSQL's tsquery. Tokens are quoted, so nothing in them is an operator."""
        parts = []
        for one in self.alternatives:
            both = " & ".join(map(quoted, map(strong, one.tokens) if only_strong else one.lexemes))
            parts.append(both if len(one.tokens) == 1 else f"({both})")
        return f"({' | '.join(parts)})"


@dataclass(frozen=True)
class Synonyms:
    """What else a phrase is called. Keys are phrases in normal form; Latin ones as stems joined by spaces."""

    han: Mapping[str, Sequence[str]] = field(default_factory=dict)
    latin: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Synonyms":
        """From (phrase, what to look for as well)."""
        han: dict[str, list[str]] = {}
        latin: dict[str, list[str]] = {}
        for phrase, other in pairs:
            normal = tokens.normalise(phrase).strip()
            if not normal:
                continue
            target, key = (han, normal) if tokens.SCRIPT.search(normal) else (latin, latin_key(normal))
            if key:
                target.setdefault(key, []).append(other)
        return cls(han, latin)


def pairs(direction: str, phrases: Sequence[str]) -> list[tuple[str, str]]:
    """(phrase, what to look for as well) of a group of synonyms: `both` ways, or `one_way` from the first."""
    if direction == "one_way":
        return [(phrases[0], other) for other in phrases[1:]]
    return [(one, other) for one in phrases for other in phrases if one != other]


def strong(token: str) -> str:
    """The token where the product has it outside its description."""
    return STRONG + token


def quoted(token: str) -> str:
    """A lexeme for tsquery."""
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


def latin_key(normalised: str) -> str:
    """The stems of a phrase of words, compounds as one."""
    runs = (tokens.PARTS.findall(run.text) for run in tokens.runs(normalised))
    return " ".join(tokens.stem("".join(parts)) for parts in runs if parts)


def parse(query: str, synonyms: Synonyms | None = None) -> list[Group]:
    """At most `MOST_GROUPS` groups, in order. Empty when nothing in the query can be looked for."""
    known = synonyms or Synonyms()
    groups: list[Group] = []
    words: list[Run] = []
    for run in tokens.runs(tokens.normalise(query)):
        if run.kind == "word":
            words.append(run)
            continue
        groups += _latin(words, known)
        words = []
        groups += [_cross(run)] if run.kind == "cross" else _han(run, known)
    groups += _latin(words, known)
    meant = [g for g in groups if g.surface not in STOP_WORDS and not set(g.surface) <= STOP_CHARACTERS] or groups
    return _distinct(meant)[:MOST_GROUPS]


def _distinct(groups: Sequence[Group]) -> list[Group]:
    return list({group.alternatives: group for group in groups}.values())


def _cross(run: Run) -> Group:
    return Group(run.text, (Alternative((run.text,)),), "cross", run.start)


def _latin(words: Sequence[Run], known: Synonyms) -> list[Group]:
    """Words, the longest known phrases first."""
    found: list[Group] = []
    at = 0
    longest = max((key.count(" ") + 1 for key in known.latin), default=1)
    while at < len(words):
        for length in range(min(max(longest, 2), len(words) - at), 0, -1):
            span = words[at : at + length]
            key = latin_key(" ".join(run.text for run in span))
            is_joined = length == 2 and len(span[0].text) == 1 and span[0].text.isalpha()
            if length == 1 or is_joined or key in known.latin:
                surface = " ".join(run.text for run in span)
                own = [Alternative(tuple(dict.fromkeys(t for run in span for t in _simple(run.text))))]
                if length == 1:
                    own = _ways_of_word(span[0].text)
                elif is_joined:
                    own = _ways_of_pair(span[0].text, span[1].text)
                found.append(Group(surface, _with(own, known.latin.get(key, ())), "word", span[0].start))
                at += length
                break
    return found


def _simple(word: str) -> list[str]:
    parts = tokens.PARTS.findall(word)
    return [tokens.stem(part) for part in parts] or [word]


def _ways_of_word(word: str) -> list[Alternative]:
    parts = tokens.PARTS.findall(word)
    whole = Alternative((tokens.stem("".join(parts) or word),))
    if len(parts) < 2 or any(len(part) == 1 and part.isalpha() for part in parts):
        return [whole]
    return [whole, Alternative(tuple(dict.fromkeys(map(tokens.stem, parts))), 0.9)]


def _ways_of_pair(letter: str, word: str) -> list[Alternative]:
    """`t shirt` is a T-shirt; `a shirt` is a shirt."""
    rest = (tokens.stem(word),) if letter in STOP_WORDS else (letter, tokens.stem(word))
    return [Alternative((tokens.stem("".join(tokens.PARTS.findall(letter + word))),)), Alternative(rest, 0.9)]


def _han(run: Run, known: Synonyms) -> list[Group]:
    """Known phrases first, the longest, then words of the dictionary; single characters lean on their neighbours."""
    found: list[Group] = []
    pieces = _split(run.text, known)
    stretch_at, stretch = 0, ""
    at = 0

    def close(next_character: str) -> None:
        nonlocal stretch
        if stretch:
            before = run.text[stretch_at - 1] if stretch_at and len(stretch) == 1 else ""
            found.append(_single(stretch, before, next_character, run.start + stretch_at))
        stretch = ""

    for piece in pieces:
        if len(piece) == 1 and piece not in known.han and piece not in STOP_CHARACTERS:
            if not stretch:
                stretch_at = at
            stretch += piece
        else:
            close(piece[0])
            if piece not in STOP_CHARACTERS or len(run.text) == 1:
                found.append(Group(piece, _with(_ways_of_han(piece), known.han.get(piece, ())), "han", run.start + at))
        at += len(piece)
    close("")
    return found


def _split(run: str, known: Synonyms) -> list[str]:
    """The run cut at phrases that staff know, then by the dictionary."""
    longest = max(map(len, known.han), default=0)
    pieces: list[str] = []
    at, rest = 0, 0
    while at < len(run):
        length = next((n for n in range(min(longest, len(run) - at), 1, -1) if run[at : at + n] in known.han), 0)
        if not length:
            at += 1
            continue
        if rest < at:
            pieces += tokens.cut(run[rest:at])
        pieces.append(run[at : at + length])
        at += length
        rest = at
    return pieces + (tokens.cut(run[rest:]) if rest < len(run) else [])


def _bigrams(word: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word[at : at + 2] for at in range(len(word) - 1)))


def _ways_of_han(word: str) -> list[Alternative]:
    if len(word) < 3:
        ways = [Alternative((word,))]
        if len(word) == 2 and word[1] in "子儿":
            ways.append(Alternative((word[0],), 0.6))
        return ways
    return [Alternative((word,)), Alternative(_bigrams(word), 0.95)]


def _single(stretch: str, before: str, after: str, start: int) -> Group:
    """Characters that are no word of the dictionary: together, else each for itself."""
    if len(stretch) > 1:
        ways = [Alternative(_bigrams(stretch)), Alternative(tuple(dict.fromkeys(stretch)), 0.6)]
    else:
        ways = [Alternative((pair,)) for pair in (before and before + stretch, after and stretch + after) if pair]
        ways.append(Alternative((stretch,), 0.7 if ways else 1.0))
    return Group(stretch, tuple(ways), "han", start)


def _with(own: list[Alternative], others: Iterable[str]) -> tuple[Alternative, ...]:
    """Its own ways and those of its synonyms."""
    ways = list(own)
    for other in others:
        alike = parse(other)
        if alike:
            combined = tuple(dict.fromkeys(t for group in alike for t in group.alternatives[0].tokens))
            ways.append(Alternative(combined, 0.8, is_synonym=True))
    return tuple(dict.fromkeys(ways))[:MOST_ALTERNATIVES]


def tsquery(
    groups: Sequence[Group], *, missing: int = 0, needed: Sequence[Group] = (), only_strong: bool = False
) -> str:
    """Products that have every group, or all but `missing` of them, never one of the `needed`; `only_strong`: outside
    their descriptions."""
    always = [group.as_tsquery(only_strong=only_strong) for group in groups if group in needed]
    parts = [group.as_tsquery(only_strong=only_strong) for group in groups if group not in needed]
    least = 0 if always else 1
    ways = [" & ".join([*always, *way]) for way in combinations(parts, max(least, len(parts) - missing))]
    return ways[0] if len(ways) == 1 else " | ".join(f"({way})" for way in ways)
