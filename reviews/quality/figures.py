"""What the page shows in numbers: weekly samples with their ranges, versions, engines. Each with a known number of
queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.db.models import Count, F, Q
from django.db.models.fields.json import KeyTextTransform

from core.models import ModelVersion
from reviews.choices import SENTIMENT
from reviews.ml.measures import share_interval
from reviews.models import QualitySample, SampledReview

WEEKS = 26
VERSIONS = 12


@dataclass(frozen=True)
class Share:
    """`right` of `texts`, with Wilson's 95 % range."""

    right: int
    texts: int

    @property
    def value(self) -> float | None:
        return self.right / self.texts if self.texts else None

    @property
    def range(self) -> tuple[float, float] | None:
        if not self.texts:
            return None
        return share_interval(np.arange(self.texts) < self.right)

    def __add__(self, other: "Share") -> "Share":
        return Share(self.right + other.right, self.texts + other.texts)


@dataclass(frozen=True)
class Week:
    """One weekly sample: what was answered so far, together and by language."""

    week: date
    drawn: int
    is_closed: bool
    by_language: dict[str, Share]

    @property
    def total(self) -> Share:
        return added(self.by_language.values())


def added(shares: Iterable[Share]) -> Share:
    return sum(shares, Share(0, 0))


def weeks() -> list[Week]:
    """The newest samples, oldest first. Two queries."""
    samples = list(QualitySample.objects.order_by("-week").annotate(drawn=Count("rows"))[:WEEKS])[::-1]
    rows = (
        SampledReview.objects.filter(sample__in=samples).exclude(answer="").order_by().values("sample_id", "language")
        .annotate(texts=Count("pk"), right=Count("pk", filter=Q(answer=F("predicted"))))
    )  # fmt: skip
    shares: dict[int, dict[str, Share]] = {}
    for row in rows:
        shares.setdefault(row["sample_id"], {})[row["language"]] = Share(row["right"], row["texts"])
    return [
        Week(one.week, one.drawn, one.closed_at is not None, shares.get(one.pk, {}))  # type: ignore[attr-defined]
        for one in samples
    ]


def versions(asked: int | None = None) -> list[ModelVersion]:
    """The newest versions of the kind, newest first, with the live one and the one asked for, however old. Two
    queries."""
    every = ModelVersion.objects.of(SENTIMENT.name).order_by("-number")
    newest = list(every[:VERSIONS])
    older = every.filter(Q(state=ModelVersion.State.ACTIVE) | Q(number=asked)).exclude(
        pk__in=[one.pk for one in newest]
    )
    return [*newest, *older]


def engines() -> dict[str, dict[str, Any]]:
    """Engine → what its newest training here reported, with that version. One query."""
    name = KeyTextTransform("name", "report__engine")
    newest = (
        ModelVersion.objects.of(SENTIMENT.name).annotate(learned_by=name).filter(learned_by__isnull=False)
        .order_by("learned_by", "-number").distinct("learned_by")
    )  # fmt: skip
    return {one.report["engine"]["name"]: {**one.report["engine"], "version": one} for one in newest}
