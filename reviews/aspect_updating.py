"""Brings what reviews name up to the dictionary as it is now: after staff changed it, and once a week; and to the model
of corrections, where another one serves than judged them.

Every review is looked at, none is judged that names what is written already: cutting a text by the dictionary is cheap
beside judging it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from core.jobs import guard, progress
from core.models import ModelVersion
from core.said import Said
from reviews import aspect_reading, reader
from reviews.aspect_reading import Dictionary, paths_of
from reviews.ml.sentiment import judge
from reviews.ml.text import normalise
from reviews.models import Aspect, AspectTerm, Review, ReviewAspect
from reviews.models.readings import text_read
from reviews.services.summaries import note_changed

AT_ONCE = 500
MOST_ROUNDS = 5
"""Somebody who changes the dictionary all the time is followed later."""
COUNT = """
UPDATE reviews_aspectterm t SET mentions = coalesce(c.mentions, 0)
FROM reviews_aspectterm own LEFT JOIN (
    SELECT aspect_id, term, count(DISTINCT review_id) AS mentions FROM reviews_reviewaspect GROUP BY aspect_id, term
) c ON c.aspect_id = own.aspect_id AND c.term = own.term
WHERE t.id = own.id AND own.state = 'in_use' AND t.mentions <> coalesce(c.mentions, 0)
"""


def update() -> dict[str, Any]:
    """Read again whatever names something else now; a change that comes meanwhile is followed in another round.
    Returns reviews looked at and read."""
    seen = changed = 0
    current, learned = reader.scorer(), reader.aspect_version()
    for _round in range(MOST_ROUNDS):
        before = fingerprint()
        dictionary = Dictionary.of_the_shop()
        aspects = dict(Aspect.objects.values_list("key", "pk"))
        total, done = Review.objects.filter(reading__isnull=False).count(), 0
        for ids in _batches():
            reviews = list(Review.objects.filter(pk__in=ids).order_by("pk"))
            stale = _stale(reviews, dictionary, aspects, learned)
            if stale:
                judged = judge(current.scorer, [text_read(review) for review in stale])
                with transaction.atomic():
                    guard()
                    aspect_reading.write(stale, judged, current.scorer, current.version)
                    note_changed([review.pk for review in stale])
            done, changed = done + len(ids), changed + len(stale)
            progress(min(done, total), total, Said(gettext_noop("Looking for aspects")))
        seen += done
        if fingerprint() == before:
            break
    count_terms()
    return {"seen": seen, "read": changed}


def fingerprint() -> str:
    """Of the terms in use and their aspects."""
    rows = AspectTerm.objects.in_use().order_by("pk").values_list("pk", "term", "aspect_id", "category__path")
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()


def count_terms() -> None:
    """Write how many reviews name each term in use."""
    with transaction.atomic():
        guard()
        with connection.cursor() as cursor:
            cursor.execute(COUNT)


def _batches() -> Iterator[list[int]]:
    """Keys of reviews that were read, the newest first."""
    below: int | None = None
    while True:
        rows = Review.objects.filter(reading__isnull=False).order_by("-pk")
        if below is not None:
            rows = rows.filter(pk__lt=below)
        ids = list(rows.values_list("pk", flat=True)[:AT_ONCE])
        if not ids:
            return
        yield ids
        below = ids[-1]


def _stale(
    reviews: Sequence[Review], dictionary: Dictionary, aspects: dict[str, int], learned: ModelVersion | None
) -> list[Review]:
    """Those in which the dictionary finds something else than is written, or which another version judged than the
    model of corrections, where there is one. Two queries."""
    paths = paths_of(reviews)
    written: dict[int, Counter[tuple[int, str]]] = {review.pk: Counter() for review in reviews}
    rows = ReviewAspect.objects.filter(review__in=list(written)).order_by()
    others = set()
    for review_id, aspect_id, term, by in rows.values_list("review_id", "aspect_id", "term", "model_version"):
        written[review_id][(aspect_id, term)] += 1
        if learned is not None and by != learned.pk:
            others.add(review_id)
    stale = []
    for review in reviews:
        found = dictionary.find(paths[review.product_id], normalise(text_read(review)))
        counted = Counter((aspects[one.aspect], one.term) for one in found)
        if review.pk in others or counted != written[review.pk]:
            stale.append(review)
    return stale
