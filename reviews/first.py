"""What a new installation asks for as soon as its workers run."""

from core.jobs import enqueue
from core.models import Job, ModelVersion
from reviews.choices import SENTIMENT
from reviews.models import QualitySample, Review, ReviewReading
from reviews.trends.choices import LANGUAGES, TOPICS

WORTH_IT = 250
"""Reviews with words from which a first training is tried: a tenth of them only judges."""
TOPICS_FROM = 80
"""Reviews of one language from which topics are looked for (reviews.ml.topics)."""


def ask() -> None:
    """Queue the first reading and, where there is enough to learn from, the first model. Nobody waits for them: the
    shop opens meanwhile, and until then the product's list of words reads."""
    if not Review.objects.exists():
        return
    enqueue("reviews.tasks.read_reviews", dedupe_key="reviews.read")
    known = ModelVersion.objects.of(SENTIMENT.name).exists()
    if not known and Review.objects.exclude(title="", text="")[:WORTH_IT].count() == WORTH_IT:
        enqueue("reviews.tasks.train", dedupe_key="reviews.train")


def ask_for_words() -> bool:
    """Queue the first looks for topics and for terms once reviews are read, instead of at night and on Monday. Whether
    it did: never where topics were looked for before, whatever came of it."""
    if ModelVersion.objects.of(TOPICS.name).exists() or Job.objects.filter(kind="reviews.topics").exists():
        return False
    rows = (ReviewReading.objects.filter(language=language)[:TOPICS_FROM] for language in LANGUAGES)
    if not any(some.count() == TOPICS_FROM for some in rows):
        return False
    enqueue("reviews.tasks.find_topics", dedupe_key="schedule:reviews.tasks.find_topics")
    enqueue("reviews.tasks.find_terms", dedupe_key="reviews.terms")
    return True


def ask_for_sample() -> bool:
    """Queue the first weekly sample once the shop's own model has read everything, instead of on Monday, so that how
    well it reads is asked from the first day. Whether it did: never where one was drawn or looked for before."""
    if not ModelVersion.objects.of(SENTIMENT.name).active().exists() or QualitySample.objects.exists():
        return False
    if Job.objects.filter(kind="reviews.sample").exists():
        return False
    enqueue("reviews.tasks.draw_sample", dedupe_key="schedule:reviews.tasks.draw_sample")
    return True
