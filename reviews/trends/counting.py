"""The last seven days against the eight weeks before: counted in the database, compared all at once.

Reviews count when they were read and not rejected, in the week in which they were written. A week here is seven days
back from the moment of the look, so that a Monday is compared with whole weeks, too.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from numpy.typing import NDArray

from core.jobs import guard
from core.shop import current_shop
from reviews.ml import trends as mathematics
from reviews.ml.trends import WEEKS
from reviews.models import ReviewTrend, TopicWeek
from reviews.models import Topic as TopicRow
from reviews.trends.choices import LANGUAGES

WEEK = timedelta(days=7)
TOLD = 0.1
"""p value up to which a series is kept for the page."""
WEEKS_KEPT = 26
Kind = ReviewTrend.Kind
Counts = NDArray[np.int64]

# The same for the last seven days: `ReviewQuerySet.counted`, where links of trends lead.
COUNTED = "d.review_id = r.id AND r.status <> 'rejected' AND r.written_at > %(since)s AND r.written_at <= %(now)s"
PLACE = "floor(extract(epoch FROM %(now)s - r.written_at) / 604800)::int"
"""0: the last seven days, 1 to 8: the weeks before."""
OF_PRODUCTS = f"""
    SELECT r.product_id, {PLACE}, count(*), count(*) FILTER (WHERE d.sentiment = 'negative')
    FROM reviews_reviewreading d JOIN reviews_review r ON {COUNTED}
    GROUP BY 1, 2
"""  # noqa: S608  # constants only; values are parameters
OF_ASPECTS = f"""
    SELECT r.product_id, a.aspect_id, {PLACE}, count(*)
    FROM reviews_reviewreading d JOIN reviews_review r ON {COUNTED}
    JOIN reviews_reviewaspect a ON a.review_id = r.id AND a.is_clearest AND a.polarity = 'negative'
    JOIN reviews_aspect s ON s.id = a.aspect_id AND s.is_active
    GROUP BY 1, 2, 3
"""  # noqa: S608  # constants only; values are parameters
OF_LANGUAGES = f"""
    SELECT d.language, {PLACE}, count(*)
    FROM reviews_reviewreading d JOIN reviews_review r ON {COUNTED}
    WHERE d.language = ANY(%(languages)s) GROUP BY 1, 2
"""  # noqa: S608  # constants only; values are parameters
OF_TOPICS = f"""
    SELECT p.language, t.topic_id, {PLACE}, count(*)
    FROM reviews_reviewreading d JOIN reviews_review r ON {COUNTED}
    JOIN reviews_reviewtopic t ON t.review_id = r.id
    JOIN reviews_topic p ON p.id = t.topic_id AND p.archived_at IS NULL AND p.language = d.language
    GROUP BY 1, 2, 3
"""  # noqa: S608  # constants only; values are parameters
TOPIC_WEEKS = """
    WITH told AS (
        SELECT d.language, date_trunc('week', r.written_at AT TIME ZONE %(zone)s)::date AS week, t.topic_id,
            d.sentiment = 'negative' AS is_negative
        FROM reviews_review r JOIN reviews_reviewreading d ON d.review_id = r.id
        LEFT JOIN reviews_reviewtopic t ON t.review_id = r.id
        WHERE r.status <> 'rejected' AND r.written_at <= %(now)s
            AND r.written_at >= date_trunc('week', %(since)s AT TIME ZONE %(zone)s) AT TIME ZONE %(zone)s
            AND d.language = ANY(%(languages)s)
    ), every AS (SELECT language, week, count(*) AS n FROM told GROUP BY 1, 2)
    SELECT p.id, e.week, count(o.topic_id), count(*) FILTER (WHERE o.is_negative), e.n
    FROM reviews_topic p JOIN every e ON e.language = p.language
    LEFT JOIN told o ON o.topic_id = p.id AND o.week = e.week AND o.language = p.language
    WHERE p.archived_at IS NULL GROUP BY p.id, e.week, e.n
"""


@dataclass(frozen=True)
class Series:
    """Questions of one sort: `hits` among `reviews` [questions × 9], the last seven days first."""

    kind: Kind
    keys: list[tuple[int | None, int | None, int | None]]
    """Product, aspect, topic."""
    hits: Counts
    reviews: Counts

    @property
    def rho(self) -> float:
        """How much the hits of a week go together within these questions."""
        return mathematics.correlation(self.hits[:, 1:], self.reviews[:, 1:]) if self.keys else 0.0


def look(*, now: datetime | None = None) -> list[ReviewTrend]:
    """Compare every question and keep those that may be more than chance. Returns what is kept, the least likely to be
    chance first. Safe to run at any time: the rows are those of the last look."""
    now = now or timezone.now()
    found = [series for series in every_series(now) if series.keys]
    rows = _compared(found, now) if found else []
    with transaction.atomic():
        guard()
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE reviews_reviewtrend IN SHARE ROW EXCLUSIVE MODE")
        ReviewTrend.objects.all().delete()
        ReviewTrend.objects.bulk_create(rows)
    return sorted(rows, key=lambda row: row.p)


def count_weeks(*, now: datetime | None = None) -> int:
    """Reviews of each topic by the weeks of the shop's calendar. Returns weeks written. Safe to run at any time."""
    now = now or timezone.now()
    values = {
        "zone": current_shop().time_zone,
        "since": now - WEEKS_KEPT * WEEK,
        "now": now,
        "languages": list(LANGUAGES),
    }
    rows = [
        TopicWeek(topic_id=topic, week=week, reviews=reviews, negative=negative, of=of)
        for topic, week, reviews, negative, of in _asked(TOPIC_WEEKS, values)
    ]
    totals: dict[int, int] = defaultdict(int)
    for row in rows:
        totals[row.topic_id] += row.reviews
    with transaction.atomic():
        guard()
        topics = list(TopicRow.objects.select_for_update().order_by("pk"))
        known = {topic.pk for topic in topics}
        TopicWeek.objects.all().delete()
        TopicWeek.objects.bulk_create([row for row in rows if row.topic_id in known])
        for topic in topics:
            topic.reviews = totals[topic.pk]
        TopicRow.objects.bulk_update(topics, ["reviews"])
    return len(rows)


def every_series(now: datetime) -> list[Series]:
    """Complaints about aspects by product and in the shop, negative reviews by product, reviews by topic. Four
    queries, which see the same rows: what is committed between two of them would be a hit without a review."""
    with _one_view():
        return _every_series({"now": now, "since": now - (WEEKS + 1) * WEEK, "languages": list(LANGUAGES)})


@contextmanager
def _one_view() -> Iterator[None]:
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(savepoint=False):
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _every_series(values: dict[str, Any]) -> list[Series]:
    of_products: dict[int, Counts] = defaultdict(_empty)
    negative: dict[int, Counts] = defaultdict(_empty)
    for product, place, count, bad in _asked(OF_PRODUCTS, values):
        of_products[product][place], negative[product][place] = count, bad
    by_product: dict[tuple[int, int], Counts] = defaultdict(_empty)
    in_shop: dict[int, Counts] = defaultdict(_empty)
    for product, aspect, place, count in _asked(OF_ASPECTS, values):
        by_product[product, aspect][place] = count
        in_shop[aspect][place] += count
    everything = sum(of_products.values(), _empty())
    of_languages: dict[str, Counts] = defaultdict(_empty)
    for language, place, count in _asked(OF_LANGUAGES, values):
        of_languages[language][place] = count
    topics: dict[tuple[str, int], Counts] = defaultdict(_empty)
    for language, topic, place, count in _asked(OF_TOPICS, values):
        topics[language, topic][place] = count
    return [
        _series(Kind.ASPECT, by_product, lambda key: (key[0], key[1], None), lambda key: of_products[key[0]]),
        _series(Kind.ASPECT, in_shop, lambda key: (None, key, None), lambda key: everything),
        _series(Kind.SENTIMENT, negative, lambda key: (key, None, None), lambda key: of_products[key]),
        _series(Kind.TOPIC, topics, lambda key: (None, None, key[1]), lambda key: of_languages[key[0]]),
    ]


def _series(kind: Kind, hits: dict[Any, Counts], key: Callable[[Any], Any], of: Callable[[Any], Counts]) -> Series:
    keys = sorted(hits)
    shape = (len(keys), WEEKS + 1)
    return Series(
        kind, [key(one) for one in keys], np.array([hits[one] for one in keys], np.int64).reshape(shape),
        np.array([of(one) for one in keys], np.int64).reshape(shape),
    )  # fmt: skip


def _compared(found: Sequence[Series], now: datetime) -> list[ReviewTrend]:
    """One comparison of all, so that each is corrected for all others."""
    hits, reviews = (np.concatenate([getattr(one, name) for one in found]) for name in ("hits", "reviews"))
    rho = np.concatenate([np.full(len(one.keys), one.rho) for one in found])
    told = mathematics.compare(hits[:, 0], reviews[:, 0], hits[:, 1:], reviews[:, 1:], rho=rho)
    names = [(one.kind, *key) for one in found for key in one.keys]
    kept = np.flatnonzero((told.leans != 0) & (told.p < TOLD))
    return [
        ReviewTrend(
            kind=names[at][0], product_id=names[at][1], aspect_id=names[at][2], topic_id=names[at][3],
            hits=int(hits[at, 0]), reviews=int(reviews[at, 0]), hits_before=int(hits[at, 1:].sum()),
            reviews_before=int(reviews[at, 1:].sum()), leans=int(told.leans[at]), p=float(told.p[at]),
            adjusted=float(told.adjusted[at]), alarm=float(told.alarm[at]), looked_at=now,
        )
        for at in kept
    ]  # fmt: skip


def _empty() -> Counts:
    return np.zeros(WEEKS + 1, np.int64)


def _asked(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
