"""What a review speaks of, and whether it praises or blames it: terms in a text, and the polarity around them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reviews.ml.lexicon import Lexicon, shipped
from reviews.ml.sentiment import NEGATIVE, POSITIVE, Scorer
from reviews.ml.serving import sigmoid
from reviews.ml.text import Span, clauses, normalise, whole_word

Floats = NDArray[np.float64]
STARTER = Path(__file__).resolve().parents[1] / "starter" / "aspects.json"
OPEN, CLOSE = "⟦", "⟧"
"""Signs around the term in texts that models of aspects read; reviews do not have them."""
NEAR = 12
"""Characters after which a word of opinion counts half: about six Chinese words or two English ones."""
FURTHEST = 6.0


@dataclass(frozen=True)
class Mention:
    """An aspect named in a normalised text by one of its terms, which is `text[span.start:span.end]`."""

    aspect: str
    term: str
    span: Span


@dataclass(frozen=True)
class AspectTerms:
    """Aspects by key with their terms, Chinese and others; what staff edit. Latin terms count as whole words."""

    terms: Mapping[str, Sequence[str]]

    @classmethod
    def from_starter(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """Of the form of `starter/aspects.json`."""
        return cls({str(row["key"]): (*row["terms_zh"], *row["terms_en"]) for row in rows})

    def mentions(self, text: str) -> list[Mention]:
        """Mentions in a normalised text, in order; where terms overlap the longest counts."""
        return [
            Mention(self._owner[hit.group()], hit.group(), Span(hit.start(), hit.end()))
            for hit in self._pattern.finditer(text)
        ]

    @cached_property
    def _owner(self) -> dict[str, str]:
        return {normalise(term): key for key, terms in reversed(list(self.terms.items())) for term in terms}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        known = sorted(filter(None, self._owner), key=lambda term: (-len(term), term))
        shapes = (whole_word(term) if term.isascii() else re.escape(term) for term in known)
        return re.compile("|".join(shapes) or r"(?!)")


@lru_cache(maxsize=1)
def starter() -> AspectTerms:
    """The product's own terms."""
    return AspectTerms.from_starter(json.loads(STARTER.read_text("utf-8")))


def locate(text: str, term: str) -> Span | None:
    """Where a term stands in a text, both normalised: rather as a whole word than as a part of one. None without."""
    if not term:
        return None
    whole = re.search(whole_word(term), text) if term.isascii() else None
    at = whole.start() if whole else text.find(term)
    return Span(at, at + len(term)) if at >= 0 else None


def marked(text: str, span: Span) -> str:
    """The text with signs around the term, and its clause alone in a second line: what a model of aspects reads. So
    the words of the clause count twice."""
    signed = f"{text[: span.start]}{OPEN}{text[span.start : span.end]}{CLOSE}{text[span.end :]}"
    clause = clause_of(signed, span)
    return f"{signed}\n{signed[clause.start : clause.end]}"


@dataclass(frozen=True)
class Shares:
    """How much each voice says of a mention: the clause that holds it, the whole text, and the words of opinion of the
    clause, nearer ones louder."""

    clause: float = 0.5
    whole: float = 0.5
    words: float = 2.0


class AspectJudge:
    """Polarity of mentions from a model of whole texts (stars and corrections), with no labelled aspect."""

    def __init__(self, scorer: Scorer, *, words: Lexicon | None = None, shares: Shares | None = None) -> None:
        self.scorer, self.words, self.shares = scorer, words or shipped(), shares or Shares()

    def positive(self, texts: Sequence[str], spans: Sequence[Span]) -> Floats:
        """Chance of positive rather than negative for the mention at each span of each normalised text."""
        shares = self.shares
        return sigmoid(self.voices(texts, spans) @ np.array([shares.clause, shares.whole, shares.words]))

    def voices(self, texts: Sequence[str], spans: Sequence[Span]) -> Floats:
        """[mentions × 3]: log odds of the clause and of the whole text, and the sum of the words of opinion."""
        if not texts:
            return np.empty((0, 3))
        held = [clause_of(text, span) for text, span in zip(texts, spans, strict=True)]
        pieces = [text[one.start : one.end] for text, one in zip(texts, held, strict=True)]
        clause, whole = np.split(self._log_odds([*pieces, *texts]), 2)
        said = np.array([self._said(text, span, one) for text, span, one in zip(texts, spans, held, strict=True)])
        return np.column_stack([clause, whole, said])

    def _log_odds(self, texts: Sequence[str]) -> Floats:
        chances = self.scorer.probabilities(texts)
        good, bad = (chances[:, self.scorer.classes.index(name)] for name in (POSITIVE, NEGATIVE))
        return np.clip(np.log(np.maximum(good, 1e-9) / np.maximum(bad, 1e-9)), -FURTHEST, FURTHEST)

    def _said(self, text: str, span: Span, clause: Span) -> float:
        """Words of opinion in the clause, halved with every `NEAR` characters from the term; 0 when there are none."""
        found = 0.0
        for opinion in self.words.opinions(text[clause.start : clause.end]):
            start, end = opinion.start + clause.start, opinion.end + clause.start
            distance = max(0, start - span.end, span.start - end)
            found += opinion.value * 0.5 ** (distance / NEAR)
        return found


def clause_of(text: str, span: Span) -> Span:
    """The clause that holds a term; the term itself where none does."""
    return next((one for one in clauses(text) if one.start <= span.start < one.end), span)
