"""What reviews show on the pages of a product, of a customer and on the staff home."""

import json
import re
from pathlib import Path

import pytest
from django.utils import timezone

import reviews
from reviews import selectors, summarising
from tests.factories import (
    AspectFactory,
    CustomerFactory,
    ProductFactory,
    ReviewAspectFactory,
    ReviewFactory,
    ReviewReadingFactory,
    ReviewSummaryFactory,
)

pytestmark = pytest.mark.django_db


def test_a_product_shows_its_stars_and_its_newest_words(client):
    product = ProductFactory.create()
    for rating in (5, 5, 2):
        ReviewFactory.create(product=product, rating=rating, published=True)
    ReviewFactory.create(product=product, text="Not yet shown")

    text = client.get(f"/admin/catalog/product/{product.pk}/panel/reviews.product/").content.decode()

    assert "<b>4.0</b>" in text
    assert "from 3 published reviews" in text
    assert "Not yet shown" in text
    assert f"/admin/reviews/review/?product__id__exact={product.pk}" in text


def test_a_customer_shows_what_they_wrote(client):
    customer = CustomerFactory.create()
    review = ReviewFactory.create(customer=customer, product__name="Kettle", status="rejected", reason="abusive")

    text = client.get(f"/admin/catalog/customer/{customer.pk}/panel/reviews.customer/").content.decode()

    assert f"/admin/reviews/review/{review.pk}/change/" in text
    assert "Kettle" in text
    assert "Rejected" in text


@pytest.mark.parametrize("kind", ["product", "customer"])
def test_nothing_written_yet_is_said(client, kind):
    row = ProductFactory.create() if kind == "product" else CustomerFactory.create()

    text = client.get(f"/admin/catalog/{kind}/{row.pk}/panel/reviews.{kind}/").content.decode()

    assert "Nobody has reviewed" in text or "No review yet." in text


def test_the_home_counts_what_waits_for_those_who_may_decide(client, client_with):
    ReviewFactory.create_batch(2)
    ReviewFactory.create(published=True)

    def work(browser) -> list[tuple[str, int, str]]:
        items = browser.get("/admin/").context["home"].work
        return [(str(one.label), one.count, one.url) for one in items if "review" in str(one.label)]

    assert work(client) == [("reviews to check", 2, "/admin/reviews/queue/")]
    assert work(client_with("reviews.view_review")) == []


def test_a_product_shows_the_summary_of_the_shop_and_a_quote_is_hidden_with_undo(client):
    product = ProductFactory.create()
    aspect = AspectFactory.create(key="lid", title_en="Lid")
    for n in range(8):
        review = ReviewFactory.create(product=product, text=f"The lid closes tightly, day {n}.", published=True)
        ReviewAspectFactory.create(review=review, aspect=aspect, term="lid", start=4, end=7, polarity="positive")
        ReviewReadingFactory.create(review=review)
    ReviewSummaryFactory.create(product=product, changed_at=timezone.now())
    summarising.make_all()
    (quote,) = selectors.summary_of(product.pk, "en").praise
    panel = f"/admin/catalog/product/{product.pk}/panel/reviews.product/"
    act = f"/admin/reviews/review/{quote.review.pk}/quote/"

    text = client.get(panel).content.decode()
    assert "Praise: 100% of 8" in text
    assert (quote.text in text, act in text) == (True, True)

    answer = client.post(act, {"act": "hide", "digest": quote.digest}, follow=True)
    (message,) = answer.context["messages"]
    assert "<q lang" not in client.get(panel).content.decode()

    undo = json.loads(message.extra_tags)
    client.post(undo["url"], undo["fields"])
    assert quote.text in client.get(panel).content.decode()


def test_a_class_that_lays_out_is_not_one_that_marks_words():
    """Marks of aspects stood on lines of their own while a list of the same class was laid out as a row."""
    style = (Path(reviews.__file__).parent / "static" / "reviews" / "reviews.css").read_text("utf-8")

    (rule,) = re.findall(r"^\.rev-said \{([^}]*)\}", style, re.MULTILINE)

    assert "display" not in rule
