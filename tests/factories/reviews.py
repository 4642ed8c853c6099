"""Reviews and what hangs on them."""

from datetime import date, timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from reviews import models
from reviews.models.readings import text_md5
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
    state = models.ReviewPhoto.State.SHOWN


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


class AspectCorrectionFactory(DjangoModelFactory):
    class Meta:
        model = models.AspectCorrection

    review = factory.SubFactory(ReviewFactory)
    aspect = factory.SubFactory(AspectFactory)
    said = models.AspectCorrection.Said.NEGATIVE
    corrected_at = factory.LazyFunction(timezone.now)


class ReviewReadingFactory(DjangoModelFactory):
    class Meta:
        model = models.ReviewReading

    review = factory.SubFactory(ReviewFactory)
    predicted = models.Sentiment.POSITIVE
    confidence = 0.9
    positive = 0.9
    language = "en"
    text_md5 = factory.LazyAttribute(lambda reading: text_md5(reading.review))
    read_at = factory.LazyFunction(timezone.now)


class ReviewLabelFactory(DjangoModelFactory):
    class Meta:
        model = models.ReviewLabel

    review = factory.SubFactory(ReviewFactory)
    sentiment = models.Sentiment.NEGATIVE
    source = models.ReviewLabel.Source.CORRECTION
    labelled_at = factory.LazyFunction(timezone.now)


class QualitySampleFactory(DjangoModelFactory):
    class Meta:
        model = models.QualitySample

    week = factory.Sequence(lambda n: date(2026, 1, 5) + timedelta(weeks=n))
    drawn_at = factory.LazyFunction(timezone.now)


class SampledReviewFactory(DjangoModelFactory):
    class Meta:
        model = models.SampledReview

    sample = factory.SubFactory(QualitySampleFactory)
    review = factory.SubFactory(ReviewFactory)
    position = factory.Sequence(lambda n: n % 1000)
    language = "en"
    predicted = models.Sentiment.POSITIVE
    confidence = 0.9


class ReadingSettingsFactory(DjangoModelFactory):
    class Meta:
        model = models.ReadingSettings
        django_get_or_create = ("id",)

    id = 1


class TopicFactory(DjangoModelFactory):
    class Meta:
        model = models.Topic

    key = factory.Sequence(lambda n: f"en{n}")
    language = "en"
    words = factory.LazyFunction(lambda: [["parcel", 0.8], ["courier", 0.5], ["late", 0.2]])


class ReviewTopicFactory(DjangoModelFactory):
    class Meta:
        model = models.ReviewTopic

    review = factory.SubFactory(ReviewFactory)
    topic = factory.SubFactory(TopicFactory)
    near = 0.4


class TopicWeekFactory(DjangoModelFactory):
    class Meta:
        model = models.TopicWeek

    topic = factory.SubFactory(TopicFactory)
    week = factory.Sequence(lambda n: date(2026, 1, 5) + timedelta(weeks=n))
    reviews = 3
    negative = 1
    of = 20


class ReviewTrendFactory(DjangoModelFactory):
    class Meta:
        model = models.ReviewTrend

    kind = models.ReviewTrend.Kind.ASPECT
    product = factory.SubFactory(ProductFactory)
    aspect = factory.SubFactory(AspectFactory)
    hits = 8
    reviews = 10
    hits_before = 4
    reviews_before = 80
    leans = 1
    p = 1e-6
    adjusted = 1e-5
    alarm = 1e-4
    looked_at = factory.LazyFunction(timezone.now)


class FollowUpFactory(DjangoModelFactory):
    class Meta:
        model = models.FollowUp

    review = factory.SubFactory(ReviewFactory, rating=1, text="The parcel came late and open.")
    since = factory.LazyFunction(timezone.now)


class SuspicionScoreFactory(DjangoModelFactory):
    class Meta:
        model = models.SuspicionScore

    review = factory.SubFactory(ReviewFactory)
    score = 0.8
    reasons = factory.LazyFunction(lambda: [{"code": "contact", "weight": 4.2, "facts": {}}])
    rules_version = 1
    scored_at = factory.LazyFunction(timezone.now)
    flagged_at = factory.LazyFunction(timezone.now)


class ReviewSummaryFactory(DjangoModelFactory):
    class Meta:
        model = models.ReviewSummary

    product = factory.SubFactory(ProductFactory)
    made_at = factory.LazyFunction(timezone.now)


class HiddenQuoteFactory(DjangoModelFactory):
    class Meta:
        model = models.HiddenQuote

    review = factory.SubFactory(ReviewFactory)
    digest = factory.Sequence(lambda n: f"{n:032x}")
