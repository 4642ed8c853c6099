"""Positive, neutral, negative or mixed: what a text as a whole and its clauses say together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reviews.ml.text import HAN_CHARACTER, Span, clauses, normalise

NEGATIVE, NEUTRAL, POSITIVE, MIXED = "negative", "neutral", "positive", "mixed"
OUTCOMES = (POSITIVE, NEUTRAL, NEGATIVE, MIXED)
CLASSES = (NEGATIVE, NEUTRAL, POSITIVE)
FIRM = 0.75
"""A clause takes sides when one side has this chance."""
OPEN = 0.95
"""A whole text that is surer than this is not mixed, whatever one clause says."""
LEAST_SHARE = 0.2
"""Of the letters of clauses that take sides: so many must be on the other side."""
HAN_LETTERS = 3
"""A Chinese character says as much as so many letters; it matters where one text holds both."""
UNDECIDED = 0.15
"""Without a class for it, a text is neutral when no clause takes sides and its chance is this close to one half."""
MOST_CLAUSES = 200


class Scorer(Protocol):
    """Any engine: chances [texts × classes] for normalised texts; `classes` are among CLASSES."""

    @property
    def classes(self) -> tuple[str, ...]: ...

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]: ...


@dataclass(frozen=True)
class Clause:
    """A stretch of the normalised text and its chance to be positive rather than negative."""

    span: Span
    positive: float


@dataclass(frozen=True)
class Judged:
    """`outcome` with its `confidence` (0 to 1); `positive` against negative, of the whole text; `text` as it was read.

    A text without anything to read is neutral with confidence 0.
    """

    outcome: str
    confidence: float
    positive: float
    text: str
    clauses: tuple[Clause, ...] = ()


def judge(scorer: Scorer, texts: Sequence[str]) -> list[Judged]:
    """Outcomes of raw texts, one for each. Never raises for a str, however odd."""
    read = [normalise(text) for text in texts]
    spans = [clauses(text)[:MOST_CLAUSES] for text in read]
    pieces = [text[span.start : span.end] for text, some in zip(read, spans, strict=True) for span in some]
    whole = scorer.probabilities(read)
    sides = _sides(scorer, scorer.probabilities(pieces)) if pieces else np.empty(0)
    found, at = [], 0
    for text, some, chances, side in zip(read, spans, whole, _sides(scorer, whole), strict=True):
        parts = tuple(Clause(span, float(one)) for span, one in zip(some, sides[at : at + len(some)], strict=True))
        at += len(some)
        neutral = float(chances[scorer.classes.index(NEUTRAL)]) if NEUTRAL in scorer.classes else None
        found.append(_judged(text, parts, float(side), neutral))
    return found


def _sides(scorer: Scorer, chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance of positive when the text is one of positive and negative."""
    good, bad = (chances[:, scorer.classes.index(name)] for name in (POSITIVE, NEGATIVE))
    return np.asarray(good / np.maximum(good + bad, 1e-12))


def _judged(text: str, parts: tuple[Clause, ...], positive: float, neutral: float | None) -> Judged:
    if not parts:
        return Judged(NEUTRAL, 0.0, 0.5, text)
    good = [part for part in parts if part.positive >= FIRM]
    bad = [part for part in parts if part.positive <= 1.0 - FIRM]
    letters = [sum(_letters(text[part.span.start : part.span.end]) for part in side) for side in (good, bad)]
    if good and bad and min(letters) >= LEAST_SHARE * sum(letters) and 1.0 - OPEN <= positive <= OPEN:
        sure = min(max(part.positive for part in good), 1.0 - min(part.positive for part in bad))
        return Judged(MIXED, sure, positive, text, parts)
    decided = max(positive, 1.0 - positive)
    if neutral is not None:
        if neutral >= (1.0 - neutral) * decided:
            return Judged(NEUTRAL, neutral, positive, text, parts)
        decided *= 1.0 - neutral
    elif not (good or bad) and abs(positive - 0.5) <= UNDECIDED:
        return Judged(NEUTRAL, 0.5 - abs(positive - 0.5), positive, text, parts)
    return Judged(POSITIVE if positive >= 0.5 else NEGATIVE, decided, positive, text, parts)


def _letters(text: str) -> int:
    return len(text) + (HAN_LETTERS - 1) * len(HAN_CHARACTER.findall(text))
