"""What a new installation asks for as soon as its workers run."""

from core.jobs import enqueue
from core.models import ModelVersion
from reviews.choices import SENTIMENT
from reviews.models import Review

WORTH_IT = 250
"""Reviews with words from which a first training is tried: a tenth of them only judges."""


def ask() -> None:
    """Queue the first reading and, where there is enough to learn from, the first model. Nobody waits for them: the
    shop opens meanwhile, and until then the product's list of words reads."""
    if not Review.objects.exists():
        return
    enqueue("reviews.tasks.read_reviews", dedupe_key="reviews.read")
    known = ModelVersion.objects.of(SENTIMENT.name).exists()
    if not known and Review.objects.exclude(title="", text="")[:WORTH_IT].count() == WORTH_IT:
        enqueue("reviews.tasks.train", dedupe_key="reviews.train")
