"""Why a text is read as it is, for any engine: what its chance would be without each of its words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reviews.ml.sentiment import FIRM, NEGATIVE, POSITIVE, Judged, Scorer
from reviews.ml.text import WORD, Span, words

MOST_WORDS = 60
LEAST = 0.005
"""A word that moves the chance less than half a point says nothing to a person."""
SETTLED = 0.9
"""Where a side has this chance, several words may each be enough: without one of them it stays as it is."""
LEAST_ALONE = 0.05


@dataclass(frozen=True)
class Influence:
    """A word or clause of the normalised text; `effect`: by how much it raises the chance of positive, −1 to 1."""

    words: str
    effect: float


def strongest(scorer: Scorer, text: str, most: int = 6) -> list[Influence]:
    """The words of a normalised text that move its chance of positive most, by leaving each out (occlusion: Zeiler &
    Fergus 2014). A word that stands more than once is left out everywhere. Where none moves a settled chance, those
    that speak for its side by themselves."""
    asked = list(dict.fromkeys(_words(text)))[:MOST_WORDS]
    if not asked:
        return []
    without = [text.replace(word, " ") for word in asked]
    chances = _positive(scorer, [text, *without])
    found = [Influence(word, float(chances[0] - chance)) for word, chance in zip(asked, chances[1:], strict=True)]
    found = [one for one in found if abs(one.effect) >= LEAST]
    if not found and max(chances[0], 1.0 - chances[0]) >= SETTLED:
        found = _alone(scorer, asked, is_good=bool(chances[0] >= 0.5))
    return sorted(found, key=lambda one: -abs(one.effect))[:most]


def _alone(scorer: Scorer, asked: Sequence[str], *, is_good: bool) -> list[Influence]:
    """What each word says where nothing else stands, of those that speak for this side."""
    chances = _positive(scorer, ["", *asked])
    told = [Influence(word, float(chance - chances[0])) for word, chance in zip(asked, chances[1:], strict=True)]
    return [one for one in told if (one.effect > 0) == is_good and abs(one.effect) >= LEAST_ALONE]


def sides(judged: Judged) -> list[Influence]:
    """Clauses that take sides, the firmest of both first: why a text is mixed."""
    firm = [part for part in judged.clauses if part.positive >= FIRM or part.positive <= 1.0 - FIRM]
    found = [Influence(_cut(judged.text, part.span), 2.0 * (part.positive - 0.5)) for part in firm]
    good = sorted((one for one in found if one.effect > 0), key=lambda one: -one.effect)[:2]
    bad = sorted((one for one in found if one.effect < 0), key=lambda one: one.effect)[:2]
    return good + bad


def _cut(text: str, span: Span) -> str:
    return text[span.start : span.end]


def _words(text: str) -> list[str]:
    """Words as they stand in the text; one character of Chinese alone is left to the words around it."""
    return [word for word in words(text) if word in text and (len(word) > 1 or WORD.fullmatch(word) is not None)]


def _positive(scorer: Scorer, texts: Sequence[str]) -> NDArray[np.float64]:
    """Chance of positive against negative."""
    chances = scorer.probabilities(texts)
    good, bad = (chances[:, scorer.classes.index(name)] for name in (POSITIVE, NEGATIVE))
    return np.asarray(good / np.maximum(good + bad, 1e-12))
