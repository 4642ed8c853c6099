"""The weekly sample: reviews drawn by chance, answered by staff who do not see what the model made of them.

The answers measure the reading of that week. Only when the sample is closed do they join what models learn from.
"""

import random
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.exceptions import DomainError
from core.models import StaffUser
from core.reports.periods import midnight
from reviews.exceptions import BadInput
from reviews.models import QualitySample, Review, ReviewLabel, ReviewReading, SampledReview, Sentiment

SIZE = 50
CLOSED_AFTER = timedelta(weeks=2)
"""Since its drawing, a sample that nobody finished counts with the answers that it has."""


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def draw_last_week() -> dict[str, Any]:
    """The sample of the week before this one, and an end to those that have waited long enough."""
    sample = draw(monday_of(timezone.localdate()) - timedelta(weeks=1))
    closed = [close(one) for one in QualitySample.objects.filter(
        closed_at=None, drawn_at__lt=timezone.now() - CLOSED_AFTER
    )]  # fmt: skip
    return {"reviews": sample.rows.count() if sample is not None else 0, "closed": len(closed)}


def draw(week: date) -> QualitySample | None:
    """At most SIZE reviews with words that were written in this week and are read, each as likely as any other; the
    same ones whoever draws. None where there is none. A week that was drawn stays as it is."""
    known = QualitySample.objects.filter(week=week).first()
    if known is not None:
        return known
    since, until = midnight(week), midnight(week + timedelta(weeks=1))
    written = Review.objects.filter(written_at__gte=since, written_at__lt=until, reading__isnull=False)
    ids = list(written.exclude(title="", text="").order_by("pk").values_list("pk", flat=True))
    if not ids:
        return None
    drawn = random.Random(f"reviews.sample:{week}").sample(ids, min(SIZE, len(ids)))  # noqa: S311
    with transaction.atomic():
        sample, is_new = QualitySample.objects.get_or_create(week=week, defaults={"drawn_at": timezone.now()})
        if is_new:
            _fill(sample, drawn)
    return sample


def _fill(sample: QualitySample, ids: list[int]) -> None:
    readings = ReviewReading.objects.in_bulk(ids)
    SampledReview.objects.bulk_create(
        SampledReview(
            sample=sample, review_id=pk, position=place, language=readings[pk].language,
            predicted=readings[pk].predicted, confidence=readings[pk].confidence,
            model_version_id=readings[pk].model_version_id,
        )
        for place, pk in enumerate((one for one in ids if one in readings), start=1)
    )  # fmt: skip


def open_sample() -> QualitySample | None:
    """The newest that still asks."""
    return QualitySample.objects.filter(closed_at=None).order_by("-week").first()


@transaction.atomic
def answer(row: SampledReview, sentiment: str, *, by: StaffUser) -> None:
    """What a member of staff says, "" to take it back. Raises BadInput, and DomainError for a closed sample."""
    if sentiment and sentiment not in Sentiment.values:
        raise BadInput(_("Choose positive, neutral, negative or mixed."), extra={"field": "answer"})
    sample = QualitySample.objects.select_for_update().get(pk=row.sample_id)
    if sample.closed_at is not None:
        raise DomainError(_("This sample is closed: its answers count already."), code="sample_closed")
    row.answer, row.answered_by, row.answered_at = sentiment, by if sentiment else None, _now_if(sentiment)
    row.save(update_fields=["answer", "answered_by", "answered_at"])


@transaction.atomic
def close(sample: QualitySample) -> int:
    """Its answers join what models learn from, except for reviews that somebody corrected. Returns how many joined.
    Closing again changes nothing."""
    if not QualitySample.objects.filter(pk=sample.pk, closed_at=None).update(closed_at=timezone.now()):
        return 0
    rows = list(sample.rows.exclude(answer=""))
    known = set(ReviewLabel.objects.filter(review__in=[row.review_id for row in rows]).values_list("pk", flat=True))
    new = [row for row in rows if row.review_id not in known]
    ReviewLabel.objects.bulk_create(_labels(new), ignore_conflicts=True)
    return len(new)


def _labels(rows: Iterable[SampledReview]) -> list[ReviewLabel]:
    return [
        ReviewLabel(
            review_id=row.review_id, sentiment=row.answer, source=ReviewLabel.Source.SAMPLE, by_id=row.answered_by_id,
            labelled_at=row.answered_at or timezone.now(),
        )
        for row in rows
    ]  # fmt: skip


def _now_if(said: str) -> Any:
    return timezone.now() if said else None
