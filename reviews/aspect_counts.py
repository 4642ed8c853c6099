"""What customers say of aspects, in numbers: praise and complaints of reviews, in some days and in those before.

A review counts once for each aspect that it names (`ReviewAspect.is_clearest`). Rejected reviews do not count.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, Count, F, Max, Min, Q, QuerySet, When
from django.db.models.functions import Left, TruncWeek
from django.utils import timezone

from catalog.figures import DAYS
from catalog.models import Brand, Category, Product
from core.reports import Comparison, Period
from core.reports.periods import ONE_DAY, midnight
from reviews.models import Aspect, Polarity, Review, ReviewAspect

LEAST = 30
"""Reviews without which a share is compared with nothing."""
CLEAR = 1.96
"""Standard errors from which a difference of two shares is more than chance (two-sided, 5%)."""
STEP = Category.steplen
MOST_GROUPS = 50
Status = Review.Status

GROUPS: dict[str, Any] = {
    "aspects": F("aspect_id"),
    "products": F("review__product_id"),
    "categories": None,  # depends on the branch that is open
    "brands": F("review__product__brand_id"),
    "languages": F("review__language"),
}


@dataclass(frozen=True)
class Asked:
    """Which reviews; what is empty does not narrow. `text` is part of a product's name or its own ID."""

    period: Period
    aspect: Aspect | None = None
    product: Product | None = None
    category: Category | None = None
    brand: Brand | None = None
    language: str = ""
    text: str = ""

    @property
    def is_narrowed(self) -> bool:
        return bool(self.aspect or self.product or self.category or self.brand or self.language or self.text)


@dataclass(frozen=True)
class Opinions:
    """Reviews that praise, complain about or only name an aspect."""

    positive: int = 0
    neutral: int = 0
    negative: int = 0

    @property
    def reviews(self) -> int:
        return self.positive + self.neutral + self.negative

    @property
    def praise(self) -> float | None:
        """Share of praise, 0 to 1; None without a review."""
        return self.positive / self.reviews if self.reviews else None

    @property
    def complaints(self) -> float | None:
        return self.negative / self.reviews if self.reviews else None

    def __add__(self, other: "Opinions") -> "Opinions":
        return Opinions(
            self.positive + other.positive, self.neutral + other.neutral, self.negative + other.negative
        )  # fmt: skip


@dataclass(frozen=True)
class Said:
    """Opinions of one group, now and in the days compared with (None: with nothing). `key` as its group is known."""

    key: Any
    now: Opinions
    before: Opinions | None = None

    @property
    def change(self) -> float | None:
        """Difference of the share of complaints; None where either time has fewer than LEAST reviews."""
        if self.before is None or min(self.now.reviews, self.before.reviews) < LEAST:
            return None
        return (self.now.complaints or 0.0) - (self.before.complaints or 0.0)

    @property
    def is_clear(self) -> bool:
        """Whether the change is more than chance: two shares compared by their pooled standard error."""
        if self.change is None or self.before is None:
            return False
        first, second = self.now, self.before
        pooled = (first.negative + second.negative) / (first.reviews + second.reviews)
        error = math.sqrt(pooled * (1 - pooled) * (1 / first.reviews + 1 / second.reviews))
        return error > 0 and abs(self.change) >= CLEAR * error


@dataclass(frozen=True)
class Clock:
    """`today` ends presets: today, or the last day with a review of a shop whose history ended long ago. `first` is
    the first day with a review; None without reviews."""

    today: date
    first: date | None
    is_history: bool = False


def clock() -> Clock:
    """One query, of the index by date."""
    ends = Review.objects.filter(written_at__lte=timezone.now()).aggregate(
        first=Min("written_at"), last=Max("written_at")
    )
    today = timezone.localdate()
    if ends["last"] is None:
        return Clock(today, None)
    first, last = timezone.localdate(ends["first"]), timezone.localdate(ends["last"])
    if today - last <= timedelta(days=DAYS):
        return Clock(today, first)
    return Clock(last, first, is_history=True)


@dataclass(frozen=True)
class Counted:
    """Opinions by group, those with most complaints first, and by week (its Monday, in the shop's time zone), each week
    that the days touch from the first with an opinion on, the oldest first."""

    groups: list[Said]
    weeks: list[tuple[date, Opinions]]


ONCE = """
    WITH said AS ({mentions}), counted AS (
        SELECT GROUPING(week) = 0 AS is_week, key, week,
            count(*) FILTER (WHERE is_now AND polarity = 'positive') AS positive,
            count(*) FILTER (WHERE is_now AND polarity = 'neutral') AS neutral,
            count(*) FILTER (WHERE is_now AND polarity = 'negative') AS negative,
            count(*) FILTER (WHERE NOT is_now AND polarity = 'positive') AS before_positive,
            count(*) FILTER (WHERE NOT is_now AND polarity = 'neutral') AS before_neutral,
            count(*) FILTER (WHERE NOT is_now AND polarity = 'negative') AS before_negative
        FROM said GROUP BY GROUPING SETS ((key), (week))
    )
    (SELECT * FROM counted WHERE NOT is_week ORDER BY negative DESC, positive DESC, key LIMIT %s)
    UNION ALL SELECT * FROM counted WHERE is_week
"""
"""Both at once, because reading the rows costs more than counting them: half the time of one query each."""


def count(asked: Asked, by: str = "aspects", *, most: int | None = MOST_GROUPS) -> Counted:
    """Opinions by a key of GROUPS, at most `most` groups, and by week. One query. Categories are the branches right
    below the category asked for; the key is their path, "" for products without one."""
    comparison = asked.period.comparison
    rows = mentions(asked, whole=True).annotate(
        key=_key(asked, by), is_now=Case(When(_within(asked.period), then=True), default=False),
        week=Case(When(_within(asked.period), then=TruncWeek("review__written_at"))),
    )  # fmt: skip
    statement, values = rows.order_by().values_list("key", "week", "is_now", "polarity").query.sql_with_params()
    groups: list[Said] = []
    weeks: dict[date, Opinions] = {}
    with connection.cursor() as cursor:
        cursor.execute(ONCE.format(mentions=statement), [*values, most])
        for is_week, key, week, *told in cursor:
            now, before = Opinions(*told[:3]), Opinions(*told[3:])
            if not is_week and (now.reviews or before.reviews):
                groups.append(Said("" if key is None else key, now, before if comparison else None))
            elif is_week and week is not None:
                weeks[week.date()] = now
    groups.sort(key=lambda one: (-one.now.negative, -one.now.positive))  # a union promises no order
    return Counted(groups, _every_week(weeks, asked.period.last))


def _every_week(found: dict[date, Opinions], last: date) -> list[tuple[date, Opinions]]:
    if not found:
        return []
    first, until = min(found), last - timedelta(days=last.weekday())
    return [(week, found.get(week, Opinions())) for week in _mondays(first, max(until, first))]


def mentions(asked: Asked, *, whole: bool = False) -> QuerySet[ReviewAspect]:
    """What is counted: one row for each review and aspect. `whole`: with the days compared with."""
    rows = ReviewAspect.objects.filter(_within(asked.period) | _compared(asked.period, whole=whole), is_clearest=True)
    rows = rows.exclude(review__status=Status.REJECTED).filter(aspect__is_active=True)
    if asked.aspect is not None:
        rows = rows.filter(aspect=asked.aspect)
    if asked.product is not None:
        rows = rows.filter(review__product=asked.product)
    if asked.category is not None:
        rows = rows.filter(review__product__category__path__startswith=asked.category.path)
    if asked.brand is not None:
        rows = rows.filter(review__product__brand=asked.brand)
    if asked.language:
        rows = rows.filter(review__language=asked.language)
    if asked.text:
        found = Product.objects.filter(Q(name__icontains=asked.text) | Q(external_id=asked.text))
        rows = rows.filter(review__product__in=found.order_by().values("pk"))
    return rows


def behind(asked: Asked, polarity: str = "") -> QuerySet[Review]:
    """The reviews that are counted, the newest first."""
    rows = mentions(asked)
    if polarity in Polarity.values:
        rows = rows.filter(polarity=polarity)
    found = Review.objects.filter(pk__in=rows.order_by().values("review_id"))
    return found.select_related("product", "customer").order_by("-written_at", "-id")


def of_product(product_id: int) -> list[Said]:
    """Opinions by aspect of one product, of all times: what most reviews speak of first. One query."""
    kept = ReviewAspect.objects.filter(review__product_id=product_id, is_clearest=True, aspect__is_active=True)
    rows: QuerySet[Any, Any] = kept.exclude(review__status=Status.REJECTED).order_by().values("aspect_id")
    found = [
        Said(row["aspect_id"], Opinions(row["positive"], row["neutral"], row["negative"]))
        for row in rows.annotate(**{one: Count("pk", filter=Q(polarity=one)) for one in Polarity.values})
    ]
    return sorted(found, key=lambda one: (-one.now.reviews, one.key))


def _key(asked: Asked, by: str) -> Any:
    if by == "categories":
        return Left("review__product__category__path", (len(asked.category.path) if asked.category else 0) + STEP)
    return GROUPS[by]


def _within(days: Period | Comparison) -> Q:
    start, end = midnight(days.first), midnight(days.last + ONE_DAY)
    return Q(review__written_at__gte=start, review__written_at__lt=end)


def _compared(period: Period, *, whole: bool) -> Q:
    return _within(period.comparison) if whole and period.comparison else Q(pk__in=[])


def _mondays(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=7)
