"""Reviews as rows to learn from: what staff said before what the stars say, without personal data."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from reviews.ml.language import UNKNOWN, detect
from reviews.ml.sentiment import MIXED, NEGATIVE, NEUTRAL, POSITIVE
from reviews.ml.text import normalise
from reviews.models import Review, ReviewLabel

MOST_REVIEWS = 100_000
"""The newest; older ones speak of other products."""
BY_STARS = {1: NEGATIVE, 2: NEGATIVE, 3: NEUTRAL, 4: POSITIVE, 5: POSITIVE}
HELD_OF_1000 = 100
"""So many of a thousand reviews judge models and never teach them."""
NOT_WORDS_OF_CUSTOMERS = (Review.Reason.ADVERTISING, Review.Reason.NOT_GENUINE, Review.Reason.UNREADABLE)
STARS, CORRECTION, SAMPLE = "stars", *ReviewLabel.Source.values
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Labelled:
    """Rows of one length. `texts` are normalised (personal data masked); `sources` say who gave the label (stars,
    correction or sample); `written` are seconds since 1970; `held`: judges models, never teaches."""

    ids: NDArray[np.int64]
    texts: list[str]
    labels: NDArray[np.str_]
    sources: NDArray[np.str_]
    languages: NDArray[np.str_]
    written: NDArray[np.float64]
    held: Flags

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Flags) -> "Labelled":
        return Labelled(
            self.ids[rows], [text for text, kept in zip(self.texts, rows, strict=True) if kept], self.labels[rows],
            self.sources[rows], self.languages[rows], self.written[rows], self.held[rows],
        )  # fmt: skip

    def counted(self) -> dict[str, int]:
        """How many labels came from where."""
        return dict(sorted(Counter(self.sources.tolist()).items()))


def held(ids: NDArray[np.int64]) -> Flags:
    """Which reviews belong to the validation, by their key alone, so once and for ever (SplitMix64)."""
    values = ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return np.asarray(values % np.uint64(1000) < HELD_OF_1000)


def labelled(*, most: int = MOST_REVIEWS) -> Labelled:
    """The newest reviews with words, and all that staff labelled. Mixed ones teach nothing: their clauses disagree."""
    rows = Review.objects.exclude(title="", text="").exclude(reason__in=NOT_WORDS_OF_CUSTOMERS)
    found = {row["pk"]: row for row in _values(rows.order_by("-written_at", "-pk")[:most])}
    found |= {row["pk"]: row for row in _values(rows.filter(label__isnull=False))}
    kept = []
    for pk in sorted(found):
        row = found[pk]
        label = row["label__sentiment"] or BY_STARS[row["rating"]]
        text = normalise("\n".join(filter(None, [row["title"], row["text"]])))
        if label != MIXED and text:
            kept.append((pk, text, label, row["label__source"] or STARS, _language(row, text), row["written_at"]))
    ids = np.array([row[0] for row in kept], np.int64)
    return Labelled(
        ids, [row[1] for row in kept], np.array([row[2] for row in kept], np.str_),
        np.array([row[3] for row in kept], np.str_), np.array([row[4] for row in kept], np.str_),
        np.array([row[5].timestamp() for row in kept], np.float64), held(ids),
    )  # fmt: skip


def _values(rows: QuerySet[Review]) -> Any:
    names = (
        "pk", "title", "text", "rating", "language", "written_at", "reading__language", "label__sentiment",
        "label__source",
    )  # fmt: skip
    return rows.values(*names).iterator(chunk_size=5_000)


def _language(row: dict[str, Any], text: str) -> str:
    """As it was read; of one that nobody read yet, as its words say."""
    return row["reading__language"] or (
        found if (found := detect(text)) != UNKNOWN else row["language"].split("-")[0] or UNKNOWN
    )
