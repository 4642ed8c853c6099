"""Mentions of aspects as rows to learn from: what staff said of them, and what is believed of the others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reviews.aspect_reading import Dictionary, paths_of
from reviews.datasets import NOT_WORDS_OF_CUSTOMERS, held
from reviews.ml.sentiment import NEGATIVE, POSITIVE
from reviews.ml.text import Span, normalise
from reviews.models import Aspect, AspectCorrection, Review
from reviews.models.readings import text_read

MOST_CORRECTIONS = 20_000
"""The newest."""
MOST_ORDINARY = 600
"""Mentions that nobody corrected and that teach beside corrections."""
MOST_JUDGES = 2_000
"""Of those that only judge."""
LOOKED_THROUGH = 20_000
"""The newest reviews, in which both are looked for."""
AT_ONCE = 500
BY_STARS = {1: NEGATIVE, 2: NEGATIVE, 4: POSITIVE, 5: POSITIVE}
"""Three stars say nothing of one aspect."""


@dataclass
class Mentions:
    """Rows of one length: normalised texts, the place of the term, the label; `ids` are keys of reviews."""

    ids: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, review: int, text: str, span: Span, label: str) -> None:
        self.ids.append(review)
        self.texts.append(text)
        self.spans.append(span)
        self.labels.append(label)

    def take(self, rows: NDArray[np.bool_]) -> "Mentions":
        found = Mentions()
        for at in np.flatnonzero(rows).tolist():
            found.add(self.ids[at], self.texts[at], self.spans[at], self.labels[at])
        return found

    def held(self) -> NDArray[np.bool_]:
        """Which judge and never teach: by the review, for ever, as for the readings."""
        return held(np.array(self.ids, np.int64))


def corrected() -> Mentions:
    """What staff said, for each mention of the aspect in its review. What is not meant says nothing of its polarity."""
    rows = AspectCorrection.objects.exclude(said=AspectCorrection.Said.NOT_MEANT)
    rows = rows.exclude(review__reason__in=NOT_WORDS_OF_CUSTOMERS).order_by("-corrected_at", "-pk")[:MOST_CORRECTIONS]
    said: dict[int, dict[str, str]] = {}
    for review, aspect, word in rows.values_list("review_id", "aspect__key", "said"):
        said.setdefault(review, {})[aspect] = word
    found = Mentions()
    for pk, text, spans in _mentions(sorted(said)):
        for aspect, span in spans:
            if aspect in said[pk]:
                found.add(pk, text, span, said[pk][aspect])
    return found


def ordinary() -> tuple[Mentions, Mentions]:
    """Mentions that nobody corrected, of the newest reviews: those that teach, and those that only judge. Labels are
    what the stars say, "" where they say nothing; such mentions do not judge."""
    rows = Review.objects.filter(aspects__isnull=False).exclude(reason__in=NOT_WORDS_OF_CUSTOMERS).distinct()
    newest = list(rows.order_by("-pk").values_list("pk", "rating")[:LOOKED_THROUGH])
    stars = dict(newest)
    judges = held(np.array([pk for pk, _stars in newest], np.int64))
    teaching, judging = Mentions(), Mentions()
    for into, wanted, most in ((teaching, ~judges, MOST_ORDINARY), (judging, judges, MOST_JUDGES)):
        ids = [newest[at][0] for at in np.flatnonzero(wanted).tolist()]
        for some in _batches(ids):
            said = set(AspectCorrection.objects.filter(review__in=some).values_list("review_id", "aspect__key"))
            for pk, text, spans in _mentions(some):
                label = BY_STARS.get(stars[pk], "")
                if into is judging and not label:
                    continue
                for aspect, span in spans:
                    if (pk, aspect) not in said:
                        into.add(pk, text, span, label)
            if len(into) >= most:
                break
    return teaching.take(np.arange(len(teaching)) < MOST_ORDINARY), judging.take(np.arange(len(judging)) < MOST_JUDGES)


def _batches(ids: Sequence[int]) -> Iterable[list[int]]:
    return (list(ids[at : at + AT_ONCE]) for at in range(0, len(ids), AT_ONCE))


def _mentions(ids: Sequence[int]) -> Iterable[tuple[int, str, list[tuple[str, Span]]]]:
    """Review, its normalised text, (aspect, place) of each term that the dictionary finds in it now."""
    dictionary = Dictionary.of_the_shop()
    active = set(Aspect.objects.filter(is_active=True).values_list("key", flat=True))
    for some in _batches(ids):
        reviews = list(Review.objects.filter(pk__in=some).order_by("pk"))
        paths = paths_of(reviews)
        for review in reviews:
            text = normalise(text_read(review))
            found = dictionary.find(paths[review.product_id], text)
            yield review.pk, text, [(one.aspect, one.span) for one in found if one.aspect in active]
