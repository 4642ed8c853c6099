"""Reviews are read with the shop's own dictionary: what is named, praised and blamed, with the words that say so."""

from collections import Counter

import pytest

from reviews.aspect_reading import Dictionary, write
from reviews.ml.lexicon import shipped
from reviews.ml.sentiment import judge
from reviews.models import Aspect, AspectTerm, Polarity, Review, ReviewAspect
from reviews.models.readings import text_read
from tests.factories import AspectTermFactory, CategoryFactory, ModelVersionFactory, ProductFactory, ReviewFactory

pytestmark = pytest.mark.django_db


def read(*reviews: Review, version=None) -> int:
    return write(reviews, judge(shipped(), [text_read(one) for one in reviews]), shipped(), version)


def said(review: Review) -> dict[str, str]:
    return dict(ReviewAspect.objects.filter(review=review, is_clearest=True).values_list("aspect__key", "polarity"))


def test_praise_and_blame_are_told_apart_within_one_review():
    english = ReviewFactory.create(title="Quality is excellent", text="but the delivery was terrible.")
    chinese = ReviewFactory.create(text="質量非常好，但是物流太差了！", language="zh")

    read(english, chinese)

    assert said(english) == {"quality": Polarity.POSITIVE, "delivery": Polarity.NEGATIVE}
    assert said(chinese) == {"quality": Polarity.POSITIVE, "delivery": Polarity.NEGATIVE}
    quotes = ReviewAspect.objects.filter(review=chinese).order_by("start").values_list("quote", "start", "end")
    assert list(quotes) == [("質量非常好", 0, 2), ("但是物流太差了", 8, 10)]
    second = ReviewAspect.objects.get(review=english, aspect__key="delivery")
    assert text_read(english)[second.start : second.end] == "delivery"
    assert second.quote == "but the delivery was terrible"


def test_planted_praise_and_blame_are_counted_exactly():
    texts = ["The quality is excellent."] * 7 + ["Delivery was terrible."] * 5 + ["I bought the box on Monday."] * 3
    read(*(ReviewFactory.create(text=text) for text in texts))

    counts = Counter(ReviewAspect.objects.filter(is_clearest=True).values_list("aspect__key", "polarity"))

    assert counts == {("quality", "positive"): 7, ("delivery", "negative"): 5, ("packaging", "neutral"): 3}


def test_reading_twice_leaves_the_same_and_carries_the_version():
    review, version = ReviewFactory.create(text="Good quality. Quality!"), ModelVersionFactory.create()
    assert read(review) == 2

    assert read(review, version=version) == 2

    rows = ReviewAspect.objects.filter(review=review)
    assert [(row.model_version, row.is_clearest) for row in rows] == [(version, True), (version, False)]


def test_a_review_counts_once_for_an_aspect_with_its_clearest_mention():
    review = ReviewFactory.create(text="The price. But such a price is terrible, really awful.")

    read(review)

    assert said(review) == {"price": Polarity.NEGATIVE}
    assert ReviewAspect.objects.filter(review=review).count() == 2


def test_terms_of_a_category_count_there_and_below_and_overrule_those_from_further_up():
    food, shoes = CategoryFactory.create(name="Food"), CategoryFactory.create(name="Shoes")
    tea = CategoryFactory.create(name="Tea", parent=food)
    taste, fit = Aspect.objects.get(key="taste"), Aspect.objects.get(key="fit")
    AspectTermFactory.create(aspect=taste, term="cut", category=food)
    AspectTermFactory.create(aspect=taste, term="leaves", category=tea)
    AspectTermFactory.create(aspect=taste, term="unused", state=AspectTerm.State.DISMISSED)
    text = "A good cut of leaves, unused."
    reviews = {
        category: ReviewFactory.create(text=text, product=ProductFactory.create(category=category))
        for category in (food, tea, shoes, None)
    }

    read(*reviews.values())

    named = {
        category: sorted(ReviewAspect.objects.filter(review=one).values_list("term", "aspect__key"))
        for category, one in reviews.items()
    }
    assert named == {
        food: [("cut", "taste")],
        tea: [("cut", "taste"), ("leaves", "taste")],
        shoes: [("cut", "fit")],
        None: [("cut", "fit")],
    }
    assert fit.is_active


def test_aspects_that_are_switched_off_are_not_read():
    Aspect.objects.filter(key="quality").update(is_active=False)
    review = ReviewFactory.create(text="Good quality, fast delivery")

    read(review)

    assert said(review) == {"delivery": Polarity.POSITIVE}


@pytest.mark.parametrize(
    "text", ["", "   ", "😀😀😀", "<script>alert(1)</script>", "a" * 10_000, "שלום quality", "质量" * 3_000]
)
def test_odd_texts_are_read_without_a_fault(text):
    review = ReviewFactory.create(text=text)

    read(review)

    for row in ReviewAspect.objects.filter(review=review):
        assert row.quote in text_read(review)
        assert row.start is None or text_read(review)[row.start : row.end] == row.term


def test_a_review_that_went_meanwhile_is_left_out():
    review = ReviewFactory.create(text="Good quality")
    judged = judge(shipped(), [text_read(review)])
    Review.objects.filter(pk=review.pk).delete()

    assert write([review], judged, shipped(), None) == 0


def test_any_number_of_reviews_takes_the_same_queries(django_assert_num_queries):
    reviews = [ReviewFactory.create(text="Good quality") for _one in range(8)]
    judged = judge(shipped(), [text_read(one) for one in reviews])

    with django_assert_num_queries(8):
        write(reviews, judged, shipped(), None)


def test_the_dictionary_knows_the_shipped_terms_everywhere():
    known = Dictionary.of_the_shop().for_path("")

    assert [(one.aspect, one.term) for one in known.mentions("值得这个价格, good value for money")] == [
        ("price", "价格"), ("price", "value for money"),
    ]  # fmt: skip
