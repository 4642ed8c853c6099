"""Looks for words by which customers name something that the dictionary does not know, and offers them to staff."""

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.jobs import guard, progress
from core.said import Said
from reviews.ml.lexicon import shipped
from reviews.ml.terms import Candidate, Text, candidates, chance_per_text
from reviews.ml.text import normalise
from reviews.models import AspectTerm, Review
from reviews.models.aspects import TERM_LENGTH
from reviews.models.readings import text_read

State, Source = AspectTerm.State, AspectTerm.Source
READ = 20_000
"""The newest reviews: what customers say now, in a run of a few minutes."""
AT_ONCE = 500
OFFERED = 60
WORDS_OF_A_REVIEW = 30
STARTER = Path(__file__).resolve().parent / "starter"
"""Everyday English: what people ask a shop. Everyday Chinese: the counts of jieba's dictionary."""


def find() -> dict[str, Any]:
    """Renew the suggestions. What staff took or dismissed is not offered again; suggestions that no longer hold go."""
    known = AspectTerm.objects.exclude(state=State.OFFERED)
    taken = set(known.values_list("term", flat=True))
    found = candidates(
        _texts(), taken=taken, words=shipped(), cut=_cut(), everyday=_everyday, most=OFFERED
    )  # fmt: skip
    with transaction.atomic():
        guard()
        _offer([one for one in found if len(one.term) <= TERM_LENGTH])
    return {"offered": len(found)}


def _offer(found: Sequence[Candidate]) -> None:
    terms = [one.term for one in found]
    AspectTerm.objects.offered().exclude(term__in=terms).delete()
    rows = [
        AspectTerm(
            term=one.term, language=one.language, state=State.OFFERED, source=Source.FOUND, mentions=one.reviews,
            score=one.score, examples=list(one.examples),
        )
        for one in found
    ]  # fmt: skip
    AspectTerm.objects.bulk_create(rows, ignore_conflicts=True)
    new = {one.term: one for one in found}
    old = list(AspectTerm.objects.offered().filter(term__in=terms))
    for row in old:
        one = new[row.term]
        row.mentions, row.score, row.examples, row.updated_at = (
            one.reviews, one.score, list(one.examples), timezone.now()
        )  # fmt: skip
    AspectTerm.objects.bulk_update(old, ["mentions", "score", "examples", "updated_at"])


def _texts() -> Iterator[Text]:
    """The newest reviews in the languages that are cut here."""
    rows = Review.objects.exclude(status=Review.Status.REJECTED).filter(reading__isnull=False)
    ids = list(rows.order_by("-pk").values_list("pk", flat=True)[:READ])
    for first in range(0, len(ids), AT_ONCE):
        for review in Review.objects.filter(pk__in=ids[first : first + AT_ONCE]).select_related("reading"):
            language = (review.reading.language or review.language)[:2]  # type: ignore[attr-defined]
            if language in ("zh", "en"):
                yield Text(review.pk, normalise(text_read(review)), language)
        progress(min(first + AT_ONCE, len(ids)), len(ids), Said(gettext_noop("Looking for new terms")))


def _cut() -> Callable[[str], Sequence[tuple[str, str]]]:
    """Words with their part of speech. Loads jieba's tables, some 100 MB: in jobs only."""
    import jieba.posseg

    return lambda text: [(one.word, one.flag) for one in jieba.posseg.cut(text)]


def _everyday(term: str, language: str) -> float:
    """Chance that everyday language of the length of a review uses the term."""
    if language == "zh":
        import jieba

        return chance_per_text(jieba.dt.FREQ.get(term, 0) / max(jieba.dt.total, 1), WORDS_OF_A_REVIEW)
    texts = _asked()
    return sum(f" {term} " in text for text in texts) / len(texts)


@lru_cache(maxsize=1)
def _asked() -> tuple[str, ...]:
    rows: list[str] = []
    for name in ("background_en.csv", "examples_en.csv"):
        with (STARTER / name).open(encoding="utf-8", newline="") as lines:
            rows += [f" {normalise(row['text'])} " for row in csv.DictReader(lines)]
    return tuple(rows)
