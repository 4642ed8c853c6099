"""Reviews in the demo storefront: read by everybody, written and judged by who is signed in."""

import pytest

from core.models import ApiKey
from reviews import services
from reviews.models import Review
from tests.factories import CustomerFactory, ReviewFactory, ReviewReplyFactory, StaffUserFactory

pytestmark = pytest.mark.django_db


def address(shop, rest=""):
    return f"/shop/p/{shop.blue.public_id}/{rest}"


def text_of(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_product_without_reviews_says_so_and_asks_to_sign_in(shop, visit):
    text = text_of(visit.get(address(shop)))

    assert "Nobody has written a review yet." in text
    assert "Sign in to write a review" in text


def test_a_product_stands_without_reviews_where_the_key_is_older_than_they_are(shop, visit):
    for key in ApiKey.objects.all():
        key.scopes = [scope for scope in key.scopes if scope != "reviews"]
        key.save()

    assert "Reviews" not in text_of(visit.get(address(shop)))


def test_a_product_shows_its_stars_and_the_reviews_that_helped_most(shop, visit):
    review = ReviewFactory.create(
        product=shop.blue, rating=5, text="Stays <b>warm</b>", author="Ana", is_verified=True, helpful_votes=4,
        published=True,
    )  # fmt: skip
    ReviewReplyFactory.create(review=review, sent_at=review.written_at)
    for _n in range(4):
        ReviewFactory.create(product=shop.blue, rating=2, text="cracked", published=True)
    ReviewFactory.create(product=shop.blue, text="waits")

    text = text_of(visit.get(address(shop)))

    assert "Stays &lt;b&gt;warm&lt;/b&gt;" in text
    assert [word in text for word in ("Ana", "bought it", "Mugs &amp; Co answers", "4 people found this helpful")] == [
        True
    ] * 4
    assert "Read all 5 reviews" in text
    assert (text.count("cracked"), "waits" in text) == (2, False)
    assert "2.6 of 5" not in text
    assert "2.5 of 5 stars" in text


def test_all_reviews_are_read_page_by_page_sorted_and_narrowed(shop, visit):
    for n in range(12):
        ReviewFactory.create(product=shop.blue, rating=1 + n % 2, text=f"word{n:02d}", published=True)

    first = visit.get(address(shop, "reviews/"), {"sort": "highest"})
    second = visit.get(address(shop, "reviews/") + first.context["next"])
    ones = text_of(visit.get(address(shop, "reviews/"), {"stars": "1", "sort": "nonsense"}))

    shown = [*first.context["reviews"], *second.context["reviews"]]
    assert [one["rating"] for one in shown] == [2] * 6 + [1] * 6
    assert (len(first.context["reviews"]), second.context["next"]) == (10, "")
    assert ones.count('class="review"') == 6


def test_who_is_signed_in_writes_a_review_and_takes_it_back(shop, signed_in):
    answer = signed_in.post(address(shop, "reviews/write"), {"rating": "4", "title": "Good", "text": "Keeps tea hot"})

    review = Review.objects.get()
    assert answer.url == f"{address(shop)}#reviews"
    assert (review.customer, review.rating, review.title, review.status) == (shop.lin, 4, "Good", "pending")
    assert "We look at it before others can read it." in text_of(signed_in.get(address(shop)))
    assert "Keeps tea hot" in text_of(signed_in.get("/shop/account/"))

    signed_in.post(f"/shop/account/reviews/{review.public_id}")
    assert not Review.objects.exists()


def test_a_review_without_stars_keeps_what_was_typed_and_says_why(shop, signed_in):
    answer = signed_in.post(address(shop, "reviews/write"), {"rating": "", "text": "Keeps tea hot"})

    assert answer.status_code == 400
    assert "Keeps tea hot" in answer.content.decode()
    assert 'role="alert"' in answer.content.decode()
    assert not Review.objects.exists()


def test_a_second_review_is_refused_in_words(shop, signed_in):
    ReviewFactory.create(product=shop.blue, customer=shop.lin)

    answer = signed_in.post(address(shop, "reviews/write"), {"rating": "4"})

    assert answer.status_code == 409
    assert Review.objects.count() == 1


def test_nobody_writes_without_signing_in(shop, visit):
    answer = visit.post(address(shop, "reviews/write"), {"rating": "4"})

    assert (answer.status_code, answer.url) == (302, "/shop/account/")
    assert not Review.objects.exists()


def test_reviews_of_others_are_found_helpful_or_complained_about(shop, signed_in):
    review = ReviewFactory.create(product=shop.blue, customer=CustomerFactory.create(), published=True)
    path = address(shop, f"reviews/{review.public_id}")

    helpful = signed_in.post(path)
    signed_in.post(path, {"reason": "advertising"})

    review.refresh_from_db()
    assert (review.helpful_votes, review.open_reports) == (1, 1)
    assert "Your vote is counted." in text_of(signed_in.get(helpful.url))


def test_a_rejected_review_tells_its_writer_why(shop, signed_in):
    review = ReviewFactory.create(product=shop.blue, customer=shop.lin)
    services.reject([review.pk], by=StaffUserFactory.create(), reason="advertising", note="No links, please.")

    text = text_of(signed_in.get("/shop/account/"))

    assert "Not published: advertising or links" in text
    assert "No links, please." in text
