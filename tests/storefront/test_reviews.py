"""Reviews in the demo storefront: read by everybody, written and judged by who is signed in."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from core.models import ApiKey
from reviews import services, summarising
from reviews.models import Review
from tests.factories import (
    AspectFactory,
    CustomerFactory,
    ReviewAspectFactory,
    ReviewFactory,
    ReviewReadingFactory,
    ReviewReplyFactory,
    ReviewSummaryFactory,
    StaffUserFactory,
)

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


# --- photos -------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def photo(colour="red", name="a.png"):
    file = io.BytesIO()
    Image.new("RGB", (20, 10), colour).save(file, "PNG")
    return SimpleUploadedFile(name, file.getvalue(), "image/png")


def test_a_review_is_sent_with_its_photos_in_one_form_without_scripts(shop, signed_in, own_folder):
    form = text_of(signed_in.get(address(shop)))
    assert 'enctype="multipart/form-data"' in form
    assert 'type="file"' in form

    answer = signed_in.post(
        address(shop, "reviews/write"), {"rating": "5", "text": "Warm", "photos": [photo(), photo("blue", "b.png")]}
    )

    review = Review.objects.get()
    assert (answer.status_code, review.photos.count()) == (302, 2)
    assert text_of(signed_in.get("/shop/account/")).count("Your photo") == 2


def test_a_file_that_is_no_picture_is_named_the_review_and_the_good_photo_stay(shop, signed_in, own_folder):
    bad = SimpleUploadedFile("notes.txt", b"hello", "text/plain")

    answer = signed_in.post(address(shop, "reviews/write"), {"rating": "5", "photos": [photo(), bad]})

    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Your review is stored. Some photos could not be taken." in text
    assert "notes.txt: The photo" in text
    assert Review.objects.get().photos.count() == 1


def test_photos_are_added_later_up_to_six(shop, signed_in, own_folder):
    review = ReviewFactory.create(product=shop.blue, customer=shop.lin)
    path = f"/shop/account/reviews/{review.public_id}/photos"
    colours = ["red", "blue", "green", "black", "white", "gray", "pink"]

    assert signed_in.post(path, {"photos": [photo(one, f"{one}.png") for one in colours[:5]]}).status_code == 302
    refused = signed_in.post(path, {"photos": [photo(one, f"{one}.png") for one in colours[5:]]})

    assert (refused.status_code, review.photos.count()) == (422, 6)
    assert "pink.png: A review has at most 6 photos." in refused.content.decode()
    assert "as many photos as a review can have" in text_of(signed_in.get(path))


def test_photos_of_reviews_of_others_are_not_there(shop, signed_in, own_folder):
    review = ReviewFactory.create(product=shop.blue, customer=CustomerFactory.create())
    path = f"/shop/account/reviews/{review.public_id}/photos"

    assert signed_in.get(path).status_code == 404
    assert signed_in.post(path, {"photos": [photo()]}).status_code == 404
    assert not review.photos.exists()


# --- the summary --------------------------------------------------------------------------------------------------


@pytest.fixture
def summed_up(shop):
    """Ten reviews that praise one thing, and their summary."""
    aspect = AspectFactory.create(key="lid", title_en="Lid", title_zh="盖子")
    for n in range(10):
        review = ReviewFactory.create(
            product=shop.blue, text=f"The lid closes tightly & well, day {n}.", published=True
        )
        ReviewAspectFactory.create(review=review, aspect=aspect, term="lid", start=4, end=7, polarity="positive")
        ReviewReadingFactory.create(review=review)
    ReviewSummaryFactory.create(product=shop.blue, changed_at=timezone.now())
    summarising.make_all()


def test_the_page_of_a_product_has_the_summary_for_scripts_and_without(shop, visit, summed_up):
    text = text_of(visit.get(address(shop)))

    assert f'data-zg-reviews="{shop.blue.public_id}"' in text
    without = text[text.index("<noscript>", text.index("data-zg-reviews")) :]
    assert "Lid: 10 reviews say so" in without
    assert "The lid closes tightly &amp; well" in without


def test_a_quote_leads_to_the_review_it_stands_in(shop, visit, summed_up):
    text = text_of(visit.get(address(shop, "reviews/")))
    assert "100% of 10 reviews praise it" in text

    place = re.search(r'href="([^"]+[?]review=[^"#]+)', text)[1]
    only = text_of(visit.get(place))

    assert only.count('<li class="review"') == 1
    assert "Show all reviews" in only
