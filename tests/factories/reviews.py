"""Reviews and what hangs on them."""

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from reviews import models
from tests.factories.catalog import CustomerFactory, ProductFactory


class ReviewFactory(DjangoModelFactory):
    class Meta:
        model = models.Review

    product = factory.SubFactory(ProductFactory)
    customer = factory.SubFactory(CustomerFactory)
    rating = 4
    text = "Holds tea and stays warm."
    language = "en"
    written_at = factory.LazyFunction(timezone.now)

    class Params:
        published = factory.Trait(status=models.Review.Status.PUBLISHED, decided_at=factory.LazyFunction(timezone.now))


class ReviewPhotoFactory(DjangoModelFactory):
    class Meta:
        model = models.ReviewPhoto

    review = factory.SubFactory(ReviewFactory)
    file = factory.django.ImageField(width=8, height=6)
    content_sha256 = factory.Sequence(lambda n: f"{n:064x}")
    position = factory.Sequence(lambda n: n % 1000)


class ReviewReplyFactory(DjangoModelFactory):
    class Meta:
        model = models.ReviewReply

    review = factory.SubFactory(ReviewFactory)
    text = "Thank you."


class ReplyTemplateFactory(DjangoModelFactory):
    class Meta:
        model = models.ReplyTemplate

    title = factory.Sequence(lambda n: f"Thanks {n}")
    text = "Dear {name}, thank you for your words about {product}. {shop}"


class ReviewVoteFactory(DjangoModelFactory):
    class Meta:
        model = models.ReviewVote

    review = factory.SubFactory(ReviewFactory)
    customer = factory.SubFactory(CustomerFactory)


class ReviewReportFactory(DjangoModelFactory):
    class Meta:
        model = models.ReviewReport

    review = factory.SubFactory(ReviewFactory)
    customer = factory.SubFactory(CustomerFactory)
    reason = models.ReviewReport.Reason.ADVERTISING


class AspectFactory(DjangoModelFactory):
    class Meta:
        model = models.Aspect

    key = factory.Sequence(lambda n: f"aspect_{n}")
    title_en = factory.Sequence(lambda n: f"Aspect {n}")
    title_zh = factory.Sequence(lambda n: f"方面{n}")


class AspectTermFactory(DjangoModelFactory):
    class Meta:
        model = models.AspectTerm

    aspect = factory.SubFactory(AspectFactory)
    term = factory.Sequence(lambda n: f"term {n}")
    language = "en"


class ReviewAspectFactory(DjangoModelFactory):
    class Meta:
        model = models.ReviewAspect

    review = factory.SubFactory(ReviewFactory)
    aspect = factory.SubFactory(AspectFactory)
    term = "tea"
    start = 6
    end = 9
    quote = "Holds tea and stays warm"
    polarity = models.Polarity.POSITIVE
    score = 0.9
