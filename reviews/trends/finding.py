"""Topics of reviews: read, learn, judge, publish, give every review its topic.

A topic that is found again keeps its row, and with it the name that staff gave it: topics of two runs are the same
where the cosine of their words' weights is large enough (`topics.match`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from core import model_registry as registry
from core.exceptions import DomainError
from core.jobs import current_job_id, guard, progress
from core.model_registry import DamagedModel, LoadedModel
from core.models import ModelVersion
from core.said import Said
from reviews.ml import topics as mathematics
from reviews.ml.text import normalise
from reviews.ml.topics import NoTopics, Topics
from reviews.models import Review, ReviewTopic, Topic
from reviews.models.readings import text_read
from reviews.trends.choices import EXEMPLARS, LANGUAGES, TOPICS

MARGIN = 0.15
"""Of the gate: what served keeps serving when the newer topics come again less well by more."""
SEED = 7
KEPT_WORDS = 40
"""Words of a topic that are stored: more than are shown, as many as tell whether it is the same."""
AT_ONCE = 1_000


class NothingFound(DomainError):
    code = "no_topics"


@dataclass(frozen=True)
class _Found:
    """Topics of one language with the keys of their rows, in their order."""

    language: str
    topics: Topics
    keys: list[str]
    texts: int


def find(*, now: datetime | None = None) -> dict[str, Any]:
    """Find the topics of each language, publish them as one version, and give every review its topic.

    Raises NothingFound with the reason where no language has topics; what served before goes on serving.
    """
    now = now or timezone.now()
    fitted: dict[str, tuple[Topics, int]] = {}
    refused: list[tuple[int, Said]] = []
    for at, language in enumerate(LANGUAGES):
        progress(at, len(LANGUAGES) + 1, Said(gettext_noop("Looking for topics")))
        documents = _documents(language)
        try:
            fitted[language] = mathematics.fit(documents, seed=SEED), len(documents)
        except NoTopics as error:
            refused.append((error.count, _refusal(language, error)))
    if not fitted:
        raise NothingFound(max(refused, key=lambda one: one[0])[1])
    with transaction.atomic():
        guard()
        found = [_named(language, topics, texts) for language, (topics, texts) in fitted.items()]
        version = _publish(found, now)
        if not version.gate["passed"]:
            return {"version": version.name, "passed": False}
        _keep_rows(found, version, now)
    progress(len(LANGUAGES), len(LANGUAGES) + 1, Said(gettext_noop("Giving reviews their topics")))
    given = give_topics(mark=True)
    return {"version": version.name, "passed": True, "topics": sum(len(one.keys) for one in found), "reviews": given}


def give_topics(*, mark: bool = False) -> int:
    """Give a topic to each review that has none of the version that serves: new ones, those whose words were read
    again, all after a roll back. `mark`: choose the examples of each topic anew. How many were given one; 0 without a
    version. Safe to run at any time."""
    loaded = _serving()
    if loaded is None:
        return 0
    given, is_new = 0, False
    for language, topics, keys in _languages(loaded):
        pks = dict(Topic.objects.filter(key__in=keys).values_list("key", "pk"))
        places = [pks.get(key) for key in keys]
        count = sum(_give(part, topics, places, loaded.version_id) for part in _unplaced(language, loaded.version_id))
        given, is_new = given + count, is_new or count > 0
    if mark or is_new:
        _mark_exemplars(loaded)
    return given


# --- learning ---------------------------------------------------------------------------------------------------------


def _documents(language: str) -> list[list[str]]:
    """Words of the newest reviews of a language, oldest first. Reviews that were rejected teach nothing."""
    rows = Review.objects.filter(reading__language=language).exclude(status=Review.Status.REJECTED)
    newest = rows.order_by("-written_at", "-pk").only("title", "text")[: mathematics.MOST_TEXTS]
    return [mathematics.terms(normalise(text_read(review))) for review in newest][::-1]


def _refusal(language: str, error: NoTopics) -> Said:
    values = {"count": error.count, "needed": mathematics.FEWEST_TEXTS, "language": language}
    if error.reason == "few":
        text = gettext_noop("Too few reviews: %(count)d with words, %(needed)d of one language are needed.")
        return Said(text, values)
    return Said(gettext_noop("The reviews have no topics that come again: they speak of everything alike."), values)


def _named(language: str, topics: Topics, texts: int) -> _Found:
    """Topics with their lasting keys: that of the row with the same words, archived ones too, else a new one."""
    rows = list(Topic.objects.select_for_update().filter(language=language).order_by("pk"))
    before = [dict(row.words) for row in rows]
    same = mathematics.match([dict(topics.top(at, KEPT_WORDS)) for at in range(len(topics))], before)
    last = max((int(row.key.removeprefix(language)) for row in rows), default=0)
    keys = []
    for at in range(len(topics)):
        if at in same:
            keys.append(rows[same[at]].key)
        else:
            last += 1
            keys.append(f"{language}{last}")
    return _Found(language, topics, keys, texts)


def _publish(found: Sequence[_Found], now: datetime) -> ModelVersion:
    arrays: dict[str, np.ndarray] = {}
    for one in found:
        arrays[f"{one.language}_idf"] = one.topics.idf
        arrays[f"{one.language}_rows"] = one.topics.rows
    texts = sum(one.texts for one in found)
    metrics = {
        "stability": sum(one.topics.stability * one.texts for one in found) / texts,
        "coherence": sum(one.topics.coherence * one.texts for one in found) / texts,
        "topics": sum(len(one.keys) for one in found),
    }
    tried = {
        one.language: {str(k): {"stability": s, "coherence": c} for k, (s, c) in one.topics.tried.items()}
        for one in found
    }
    return registry.publish_if_better(
        TOPICS, arrays,
        meta={"languages": {one.language: {"words": list(one.topics.words), "keys": one.keys} for one in found}},
        report={"metrics": metrics, "by_k": tried, "reviews": {one.language: one.texts for one in found}},
        trained_until=now, margin=MARGIN, row_count=texts, job_id=current_job_id(),
    )  # fmt: skip


def _keep_rows(found: Sequence[_Found], version: ModelVersion, now: datetime) -> None:
    """The row of each topic with its words of today. Those that were not found again are archived, and come back when
    they are."""
    kept = []
    for one in found:
        for at, key in enumerate(one.keys):
            words = [[word, round(weight, 4)] for word, weight in one.topics.top(at, KEPT_WORDS)]
            told = {
                "language": one.language, "words": words, "position": at, "archived_at": None, "model_version": version,
            }  # fmt: skip
            Topic.objects.update_or_create(key=key, defaults=told)
            kept.append(key)
    Topic.objects.filter(archived_at=None).exclude(key__in=kept).update(archived_at=now)


def _serving() -> LoadedModel | None:
    """The version that serves now; what processes hold in memory may be a second behind."""
    version = ModelVersion.objects.of(TOPICS.name).active().first()
    try:
        return registry.load(version) if version is not None else None
    except DamagedModel:
        return None


# --- giving -----------------------------------------------------------------------------------------------------------


def _languages(loaded: LoadedModel) -> Iterator[tuple[str, Topics, list[str]]]:
    for language, told in loaded.meta["languages"].items():
        idf, rows = (np.asarray(loaded.arrays[f"{language}_{name}"], float) for name in ("idf", "rows"))
        yield language, Topics(tuple(told["words"]), idf, rows, 0.0, 0.0, {}), told["keys"]


def _unplaced(language: str, version_id: int) -> Iterator[list[Review]]:
    """Reviews of a language to place, in parts, each once."""
    other = Q(topic__isnull=True) | Q(topic__model_version__isnull=True) | ~Q(topic__model_version=version_id)
    last = 0
    while True:
        rows = Review.objects.filter(other, reading__language=language, pk__gt=last).order_by("pk")
        part = list(rows.only("title", "text")[:AT_ONCE])
        if not part:
            return
        yield part
        last = part[-1].pk


def _give(part: Sequence[Review], topics: Topics, places: Sequence[int | None], version_id: int) -> int:
    vectors = topics.vectors([mathematics.terms(normalise(text_read(review))) for review in part])
    best, near = topics.assign(vectors)
    rows = [
        ReviewTopic(
            review_id=review.pk, topic_id=places[at] if at >= 0 else None, near=min(max(float(nearness), 0.0), 1.0),
            model_version_id=version_id,
        )
        for review, at, nearness in zip(part, best, near, strict=True)
    ]  # fmt: skip
    with transaction.atomic():
        guard()
        there = set(_locked(part))
        ReviewTopic.objects.bulk_create(
            [row for row in rows if row.review_id in there], update_conflicts=True, unique_fields=["review"],
            update_fields=["topic", "near", "exemplar", "model_version"],
        )  # fmt: skip
    return len(there)


def _locked(part: Sequence[Review]) -> QuerySet[Any, int]:
    rows = Review.objects.select_for_update(no_key=True).filter(pk__in=[review.pk for review in part])
    return rows.order_by("pk").values_list("pk", flat=True)


def _mark_exemplars(loaded: LoadedModel) -> None:
    """The nearest published reviews of each topic that are unlike each other."""
    for _language, topics, keys in _languages(loaded):
        for topic_id in Topic.objects.filter(key__in=keys, archived_at=None).values_list("pk", flat=True):
            rows = Review.objects.filter(topic__topic=topic_id, status=Review.Status.PUBLISHED)
            able = list(rows.order_by("-topic__near", "pk").only("title", "text")[:100])
            vectors = topics.vectors([mathematics.terms(normalise(text_read(review))) for review in able])
            chosen = mathematics.exemplars(vectors, -np.arange(len(able), dtype=float), np.arange(len(able)), EXEMPLARS)
            with transaction.atomic():
                ReviewTopic.objects.filter(topic=topic_id, exemplar__isnull=False).update(exemplar=None)
                for place, at in enumerate(chosen, start=1):
                    ReviewTopic.objects.filter(review=able[at].pk).update(exemplar=place)
