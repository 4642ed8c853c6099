"""Sentiment on the list, the page of a review, the queue and the panels; corrected in one click, with undo."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviews.models import Review, ReviewReading, Sentiment
from tests.factories import ProductFactory, ReviewFactory, ReviewReadingFactory

pytestmark = pytest.mark.django_db
LIST, QUEUE = "/admin/reviews/review/", "/admin/reviews/queue/"
DATA = {"Accept": "application/json"}


@pytest.fixture
def reading(shop) -> ReviewReading:
    return ReviewReadingFactory.create(review__text="Excellent quality, terrible delivery.", predicted="positive")


def undo_of(answer) -> dict:
    return json.loads(next(one.extra_tags for one in answer.context["messages"] if one.extra_tags))


def said(reading) -> str:
    reading.refresh_from_db()
    return reading.sentiment


def test_the_page_says_what_why_how_sure_and_by_what(client, reading):
    text = client.get(f"{LIST}{reading.pk}/change/").content.decode()

    assert "zg-pill-good" in text
    assert "90%" in text
    assert "the product&#x27;s list of words" in text
    assert "“excellent” +" in text
    assert "“terrible” −" in text


def test_one_click_corrects_and_the_toast_takes_it_back(client, reading):
    answer = client.post(f"{LIST}{reading.pk}/correct/", {"sentiment": "mixed"}, follow=True)
    assert said(reading) == Sentiment.MIXED
    undo = undo_of(answer)
    assert undo["url"] == f"{LIST}uncorrect/"
    page = client.get(f"{LIST}{reading.pk}/change/").content.decode()
    assert "Corrected to mixed" in page

    client.post(undo["url"], undo["fields"], follow=True)

    assert said(reading) == Sentiment.POSITIVE


def test_a_review_that_nobody_read_says_so_and_offers_nothing(client, shop):
    review = ReviewFactory.create()

    text = client.get(f"{LIST}{review.pk}/change/").content.decode()

    assert "Not read yet" in text
    assert f"{LIST}{review.pk}/correct/" not in text


def test_who_may_only_see_is_offered_no_correction(client_with, reading):
    client = client_with("reviews.view_review")

    assert f"{LIST}{reading.pk}/correct/" not in client.get(f"{LIST}{reading.pk}/change/").content.decode()
    assert client.post(f"{LIST}{reading.pk}/correct/", {"sentiment": "mixed"}).status_code == 403


def test_many_are_corrected_from_the_list(client, reading):
    other = ReviewReadingFactory.create()

    client.post(LIST, {"action": "correct_negative", "_selected_action": [reading.pk, other.pk]}, follow=True)

    assert (said(reading), said(other)) == ("negative", "negative")


@pytest.mark.parametrize(
    ("wanted", "found"), [("positive", 1), ("negative", 1), ("unhappy", 1), ("corrected", 1), ("mixed", 0)]
)
def test_the_list_is_filtered_by_what_counts(client, reading, wanted, found):
    ReviewReadingFactory.create(predicted="positive", corrected="negative")
    ReviewFactory.create()

    assert len(client.get(f"{LIST}?sentiment={wanted}").context["cl"].result_list) == found


def test_the_list_asks_as_few_queries_for_many_readings(client, reading):
    client.get(LIST)
    with CaptureQueriesContext(connection) as few:
        client.get(LIST)
    for _n in range(8):
        ReviewReadingFactory.create()
    with CaptureQueriesContext(connection) as many:
        client.get(LIST)

    assert len(many) == len(few)


def test_a_key_in_the_queue_corrects_without_leaving_and_undo_takes_it_back(client, reading):
    text = client.get(QUEUE).content.decode()
    assert "data-queue-correct" in text

    answer = client.post(QUEUE, {"ids": [reading.pk], "sentiment": "negative"}, headers=DATA)
    told = answer.json()
    assert said(reading) == "negative"
    assert "zg-pill-stopped" in told["read"]
    assert Review.objects.get(pk=reading.pk).status == "pending"

    told = client.post(QUEUE, {"act": "uncorrect", "key": told["undo"]}, headers=DATA).json()
    assert said(reading) == "positive"
    assert "zg-pill-good" in told["read"]


def test_panels_show_what_customers_say_of_a_product(client, shop):
    product = ProductFactory.create()
    for outcome in ("positive", "positive", "positive", "negative"):
        ReviewReadingFactory.create(review__product=product, review__published=True, predicted=outcome)

    text = client.get(f"/admin/catalog/product/{product.pk}/panel/reviews.product/").content.decode()

    assert "75%" in text
    assert "25%" in text


def test_the_palette_finds_reviews_by_their_words_for_those_who_may_see_them(client, client_with, reading):
    def found(browser) -> str:
        return browser.get("/admin/search/", {"s": "terrible delivery"}).content.decode()

    assert "Excellent quality" in found(client)
    assert "Excellent quality" not in found(client_with("catalog.view_product"))
