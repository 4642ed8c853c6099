"""What a new installation asks for as soon as its workers run."""

from catalog.models import ProductImage
from core.jobs import enqueue
from core.models import ModelVersion
from vision import asking
from vision.choices import VISION

WORTH_IT = 120
"""Photos of products with a category from which a first training is tried."""


def ask() -> None:
    """Queue the first training where there is enough to learn from. Nobody waits for it: photos are looked at without
    a network meanwhile."""
    if not ModelVersion.objects.of(VISION.name).exists() and is_worth_it():
        enqueue(asking.TRAIN, dedupe_key=asking.TRAIN_KEY, first=True)


def is_worth_it() -> bool:
    rows = ProductImage.objects.filter(product__deleted_at=None, product__category__isnull=False)
    return rows[:WORTH_IT].count() == WORTH_IT
