"""The one way in which reviews are read: what is unread is judged in batches, by the model that serves.

A shop without a model of its own is read by the product's list of words. A reading that staff corrected keeps what they
said, whatever later models think.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from catalog.languages import plain_language
from core.jobs import guard, progress
from core.models import ModelVersion
from core.said import Said
from reviews import aspect_reading, looked
from reviews.choices import SENTIMENT
from reviews.ml.language import UNKNOWN, detect
from reviews.ml.sentiment import Judged, judge
from reviews.models import Review, ReviewReading
from reviews.models.readings import text_md5, text_read
from reviews.reader import Reader, scorer
from reviews.signals import announce, announce_unhappy, review_read

READ_AT_ONCE = 300
JOB = "read"
NOBODY = (None, None)
"""In the place of version and its activation: the list of words reads."""
WRITTEN = ("predicted", "confidence", "positive", "language", "model_version", "text_md5", "read_at")


def unread(version_id: int | None, since: datetime | None = None) -> QuerySet[Review]:
    """Reviews without a reading, with one by another version, or changed since they were read; with `since` among those
    that came or changed from then on."""
    if version_id is None:
        other = Q(reading__model_version__isnull=False)
    else:
        other = Q(reading__model_version__isnull=True) | ~Q(reading__model_version=version_id)
    rows = Review.objects.filter(Q(reading__isnull=True) | other | Q(updated_at__gt=F("reading__read_at")))
    return rows if since is None else rows.filter(updated_at__gte=since)


def is_behind() -> bool:
    """Whether some review waits to be read. One query besides that of the model."""
    active = ModelVersion.objects.of(SENTIMENT.name).active().values_list("pk", "activated_at").first() or NOBODY
    now, since = timezone.now(), looked.since(JOB, active)
    if unread(active[0], since).exists():
        return True
    if since is None:
        looked.note(JOB, active, now)
    return False


def read_unread() -> dict[str, int]:
    """Read whatever waits, newest reviews first. Safe to run at any time, also twice at once, to end at any line."""
    reader = scorer()
    serves = (reader.version.pk, reader.version.activated_at) if reader.version is not None else NOBODY
    now, since = timezone.now(), looked.since(JOB, serves)
    total, done = unread(reader.version_id, since).count(), 0
    for ids in _batches(reader.version_id, since):
        done += read(ids, reader)
        progress(min(done, total), total, Said(gettext_noop("Reading reviews")))
    if since is None:
        looked.note(JOB, serves, now)
    return {"read": done, "version": reader.version_id or 0}


def _batches(version_id: int | None, since: datetime | None) -> Iterator[list[int]]:
    """Keys of reviews to read, each once: a review that is changed while the job runs waits for the next."""
    below: int | None = None
    while True:
        rows = unread(version_id, since).order_by("-pk")
        if below is not None:
            rows = rows.filter(pk__lt=below)
        ids = list(rows.values_list("pk", flat=True)[:READ_AT_ONCE])
        yield from [ids] if ids else []
        if len(ids) < READ_AT_ONCE:
            return
        below = ids[-1]


def read(ids: Sequence[int], reader: Reader | None = None) -> int:
    """Read these reviews now. Those whose text this version has read already are only marked as up to date."""
    reader = reader or scorer()
    now = timezone.now()  # a change that comes meanwhile is later than this and is read again
    reviews = list(Review.objects.filter(pk__in=ids).select_related("reading").order_by("pk"))
    to_judge = [review for review in reviews if not _is_known(review, reader.version_id)]
    known = [review.pk for review in reviews if _is_known(review, reader.version_id)]
    judged = judge(reader.scorer, [text_read(review) for review in to_judge])
    with transaction.atomic():
        guard()
        there = set(_locked(reviews))
        pairs = [(review, one) for review, one in zip(to_judge, judged, strict=True) if review.pk in there]
        _write(pairs, reader, at=now)
        if pairs:
            aspect_reading.write([one for one, _j in pairs], [one for _r, one in pairs], reader.scorer, reader.version)
        ReviewReading.objects.filter(review__in=known).update(read_at=now)
        if pairs:
            announce(review_read, review_ids=[review.pk for review, _one in pairs])
        for review, one in pairs:
            announce_unhappy(review.pk, stars=review.rating, before=_before(review), after=_after(review, one))
    return len(reviews)


def _locked(reviews: Sequence[Review]) -> list[int]:
    """Those that are still there, until this transaction ends; in one order, so that two readers wait and never
    block each other."""
    rows = Review.objects.select_for_update(no_key=True).filter(pk__in=[review.pk for review in reviews])
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _is_known(review: Review, version_id: int | None) -> bool:
    reading = _reading(review)
    return reading is not None and reading.model_version_id == version_id and reading.text_md5 == text_md5(review)


def _reading(review: Review) -> ReviewReading | None:
    return getattr(review, "reading", None)


def _before(review: Review) -> str:
    reading = _reading(review)
    return reading.sentiment if reading is not None else ""


def _after(review: Review, judged: Judged) -> str:
    reading = _reading(review)
    return (reading.corrected if reading is not None else "") or judged.outcome


def _write(pairs: Sequence[tuple[Review, Judged]], reader: Reader, *, at: datetime) -> None:
    rows = [
        ReviewReading(
            review_id=review.pk, predicted=judged.outcome, confidence=_share(judged.confidence),
            positive=_share(judged.positive), language=language_of(review, judged.text),
            model_version=reader.version, text_md5=text_md5(review), read_at=at,
        )
        for review, judged in pairs
    ]  # fmt: skip
    ReviewReading.objects.bulk_create(rows, update_conflicts=True, unique_fields=["review"], update_fields=WRITTEN)
    _name_languages(row for row, (review, _judged) in zip(rows, pairs, strict=True) if not review.language)


def _name_languages(rows: Iterable[ReviewReading]) -> None:
    """Reviews whose language nobody named are in that of their words from now on, as shops write it. That is no change
    to read again."""
    found: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.language != UNKNOWN:
            found[plain_language(row.language)].append(row.review_id)
    for language, ids in found.items():
        Review.objects.filter(pk__in=ids, language="").update(language=language)


def _share(value: float) -> float:
    return min(max(float(value), 0.0), 1.0)


def language_of(review: Review, text: str) -> str:
    """As the words say; where they say too little, as the customer or the import said."""
    found = detect(text)
    return (review.language.split("-")[0] or UNKNOWN) if found == UNKNOWN else found
