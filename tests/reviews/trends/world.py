"""Reviews of a shop as they come, made with few statements: how many, how negative, about which aspects, when."""

from datetime import datetime, timedelta

import numpy as np

from reviews.models import Aspect, Polarity, Review, ReviewAspect, ReviewReading, Sentiment
from tests.factories import AspectFactory, CustomerFactory, ProductFactory


class World:
    """`add` writes reviews with their readings; moments are days before `now`."""

    def __init__(self, now: datetime, *, products: int = 1, aspects: int = 1) -> None:
        self.now = now
        self.products = [ProductFactory.create() for _each in range(products)]
        self.aspects: list[Aspect] = [AspectFactory.create() for _each in range(aspects)]

    def add(self, product=0, *, days, **more):
        """`count` reviews written `days` ago, of which `negative` complain, about the aspect `about` if there is one.
        Three statements."""
        return self._write(self._made(product, days=days, **more))

    def noise(self, *, seed, days, mean=0.6, share=0.06):
        """Ordinary reviews of all products on each of the `days`, with complaints by chance. Three statements."""
        rng = np.random.default_rng(seed)
        made = []
        for product, rate in enumerate(rng.lognormal(np.log(mean), 0.8, len(self.products))):
            for day in days:
                count = int(rng.poisson(rate))
                negative = int(rng.binomial(count, share))
                made += self._made(
                    product, days=day + 0.5, count=count, negative=negative, about=product % len(self.aspects)
                )
        return self._write(made)

    def _made(self, product, *, days, count=1, negative=0, about=None, language="en", text=""):
        moment = self.now - timedelta(days=days)
        made = []
        for at in range(count):
            review = Review(
                product=self.products[product], rating=1 if at < negative else 5, text=text or f"words {at}",
                language=language, status=Review.Status.PUBLISHED, written_at=moment - timedelta(minutes=at),
            )  # fmt: skip
            made.append((review, at < negative, self.aspects[about] if about is not None else None))
        return made

    def _write(self, made):
        Review.objects.bulk_create([review for review, _bad, _aspect in made])
        ReviewReading.objects.bulk_create(
            ReviewReading(
                review=review, predicted=Sentiment.NEGATIVE if is_bad else Sentiment.POSITIVE, confidence=0.9,
                positive=0.1 if is_bad else 0.9, language=review.language, text_md5="", read_at=self.now,
            )
            for review, is_bad, _aspect in made
        )  # fmt: skip
        ReviewAspect.objects.bulk_create(
            ReviewAspect(
                review=review, aspect=aspect, term="x", start=0, end=1, quote="x", score=0.1,
                polarity=Polarity.NEGATIVE,
            )
            for review, is_bad, aspect in made
            if is_bad and aspect is not None
        )  # fmt: skip
        return [review for review, _bad, _aspect in made]


def unhappy(now, *, days=1.0, rating=1, sentiment=Sentiment.NEGATIVE, customer=None, **more):
    """A review with a reading, by a customer."""
    from tests.factories import ReviewFactory, ReviewReadingFactory

    customer = customer or CustomerFactory.create()
    review = ReviewFactory.create(
        customer=customer, rating=rating, text="Broke on the first day.", written_at=now - timedelta(days=days), **more
    )
    ReviewReadingFactory.create(review=review, predicted=sentiment, confidence=0.9, positive=0.1)
    return review
