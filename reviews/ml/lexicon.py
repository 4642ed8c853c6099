"""Opinion without history: words of praise and complaint, what turns them round and what makes them stronger.

The lists are the product's own, Chinese and English. A word counts +1 or −1 (twice that for strong ones), times the
degree before it, turned by a negation close before it; `P = 1 / (1 + e^−1.3·sum/√words)`. It knows no irony and no word
that is not listed: it serves until a shop has enough stars or corrections, and labels texts that have neither.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviews.ml.serving import sigmoid
from reviews.ml.text import HAN, clauses, whole_word
from reviews.ml.words import listed

STEEPNESS = 1.3
TURNED = -0.8
"""Not good is bad, a little less so than good is good."""
REACH_HAN, REACH_WORDS = 4, 3
"""Characters or words before an opinion in which a negation or degree is looked for."""

STRONGER, WEAKER = 1.5, 0.6
GUARDS = {"好": r"(?<=[很常挺蛮真太超都别级当不])好(?![看用吃喝听闻穿评多久像奇])"}
"""Words that are words of opinion only between certain characters: 好 alone also means ready, in order, and very."""


class Opinion(NamedTuple):
    """A word of opinion in a text: where it stands and what it adds, with negation and degree."""

    start: int
    end: int
    value: float


class Lesson(NamedTuple):
    """A very short text that an engine may learn beside a shop's own, and how much it counts against one of those."""

    text: str
    label: str
    weight: float


LESSON_WEIGHT = 0.2
"""Of a word that counts ±1; strong ones count twice that. Chosen on held parts of training data, docs/adr/0124."""


@dataclass(frozen=True)
class Lexicon:
    """Value of each word; words of other scripts than Chinese count as whole words only. Staff may add their own."""

    values: dict[str, float]

    classes = ("negative", "positive")

    def opinions(self, normalised: str) -> list[Opinion]:
        """Words of opinion, clause by clause, in order."""
        found = []
        for span in clauses(normalised):
            clause = normalised[span.start : span.end]
            for hit in self._pattern.finditer(clause):
                value = self.values[hit.group()] * _weight(clause[: hit.start()], hit.group())
                found.append(Opinion(span.start + hit.start(), span.start + hit.end(), value))
        return found

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """[texts × (negative, positive)] of normalised texts; one half each where no word is known."""
        logits = np.zeros(len(texts))
        for at, text in enumerate(texts):
            values = [opinion.value for opinion in self.opinions(text)]
            if values:
                logits[at] = STEEPNESS * sum(values) / np.sqrt(len(values))
        chances = sigmoid(logits)
        return np.column_stack([1.0 - chances, chances])

    def lessons(self) -> list[Lesson]:
        """Each word, alone and made stronger: what an engine is told about words that a shop's texts lack.

        Two texts of each, as engines leave out what they met once.
        """
        return [
            Lesson(text, self.classes[value > 0], LESSON_WEIGHT * abs(value))
            for word, value in self.values.items()
            for text in (word, f"very {word}" if word.isascii() else f"很{word}")
        ]

    @property
    def _pattern(self) -> re.Pattern[str]:
        return _any_of(frozenset(self.values))


@lru_cache(maxsize=1)
def shipped() -> Lexicon:
    """The product's own words."""
    values: dict[str, float] = {}
    for name, value in (("good", 1.0), ("bad", -1.0), ("strong_good", 2.0), ("strong_bad", -2.0)):
        values |= dict.fromkeys(listed(name), value)
    return Lexicon(values)


def _weight(before: str, word: str) -> float:
    """What negation and degree before a word make of it."""
    if re.match(rf"[{HAN}]", word):
        # Together, the longest first: 非常 is no negation though 非 is one.
        near_words = _han_modifiers().findall(before[-REACH_HAN:])
    else:
        near_words = re.findall(r"[\w']+", before)[-REACH_WORDS:]
    negations = [one for one in near_words if one in _negations()]
    degrees = [one for one in near_words if one in _degrees()]
    weight = TURNED if len(negations) % 2 else 1.0
    for degree in degrees[-1:]:
        weight *= _degrees()[degree]
    return weight


@lru_cache(maxsize=8)
def _any_of(words: frozenset[str]) -> re.Pattern[str]:
    """The longest word first; Latin words whole."""
    parts = sorted(words, key=lambda word: (-len(word), word))
    shapes = (whole_word(one) if one.isascii() else GUARDS.get(one, re.escape(one)) for one in parts)
    return re.compile("|".join(shapes))


@lru_cache(maxsize=1)
def _negations() -> frozenset[str]:
    return frozenset(listed("negations"))


@lru_cache(maxsize=1)
def _degrees() -> dict[str, float]:
    return dict.fromkeys(listed("stronger"), STRONGER) | dict.fromkeys(listed("weaker"), WEAKER)


@lru_cache(maxsize=1)
def _han_modifiers() -> re.Pattern[str]:
    return _any_of(frozenset(one for one in (*_negations(), *_degrees()) if not one.isascii()))
