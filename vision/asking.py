"""What pages ask of learning and reading, without loading either."""

from collections.abc import Collection
from typing import Any

from django.db.models import F, Q, QuerySet

from catalog.models import ProductImage
from core.models import ModelVersion
from vision import deciding
from vision.choices import VISION
from vision.models import ImageReading

TRAIN, TRAIN_KEY = "vision.tasks.train", "schedule:vision.tasks.train"
"""The key is that of the page of models, so that there is one training at a time."""
READ, READ_KEY = "vision.tasks.read", "vision.read"
DECISIONS = 200
"""New ones from which another training is worth its time."""
AGAIN = "again"
"""Stands in the place of the digest of a content that is to be read again."""


def new_decisions() -> int:
    """Of staff since the newest version learned. Two queries."""
    newest = ModelVersion.objects.of(VISION.name).order_by("-number").first()
    return deciding.decided_since(newest.created_at if newest is not None else None)


def unknown_to(live: ModelVersion | None) -> int:
    """Decisions of staff since the version that serves was made, whatever was refused meanwhile. One query."""
    return deciding.decided_since(live.created_at if live is not None else None)


def readable() -> QuerySet[ProductImage]:
    """Photos that a version reads: those that were looked at."""
    return ProductImage.objects.filter(product__deleted_at=None, analysis__isnull=False)


def unread(version_id: int) -> QuerySet[ProductImage]:
    """Of these, what this version has not read as it is now."""
    return readable().filter(
        Q(reading__isnull=True)
        | ~Q(reading__model_version=version_id)
        | ~Q(reading__content_sha256=F("content_sha256"))
    )


def read_all_again() -> int:
    """Have every photo read once more by the next run. How many are known."""
    return ImageReading.objects.update(content_sha256=AGAIN)


def read_again(images: Collection[int] | QuerySet[Any]) -> int:
    """Have these photos read once more. How many: those that nobody read yet are read by the next run in any case."""
    read = ImageReading.objects.filter(pk__in=images).update(content_sha256=AGAIN)
    return read + ProductImage.objects.filter(pk__in=images, reading__isnull=True).count()


def has_live_version() -> bool:
    return ModelVersion.objects.of(VISION.name).active().exists()
