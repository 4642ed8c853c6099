"""Reviews over the API: read by anybody, written by customers, judged by others."""

import io
from datetime import UTC, datetime

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image

from core.api import tokens
from core.models.access import PUBLISHABLE_SCOPES
from reviews import selectors, services
from reviews.models import ReplyTemplate, Review, ReviewPhoto, ReviewReport
from reviews.reading import language_of
from tests.factories import (
    ApiKeyFactory,
    CustomerFactory,
    ProductFactory,
    ReplyTemplateFactory,
    ReviewFactory,
    ReviewPhotoFactory,
    ReviewReplyFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def server(db):
    return ApiKeyFactory.create()


@pytest.fixture
def call(server):
    """`call("GET", path, as_=customer)`: the answer to a customer, a key or (as_=None) the shop's back end."""
    browser = ApiKeyFactory.create(publishable=True, scopes=list(PUBLISHABLE_SCOPES)).value

    def send(method, path, body=None, *, as_=None, **more):
        if as_ == "browser":
            value = browser
        else:
            value = tokens.mint(customer=as_.public_id, key_id=server.pk)[0] if as_ else server.value
        options = {"content_type": "application/json"} if body is not None else {}
        options |= more
        return getattr(Client(), method.lower())(
            f"/api/v1/{path}",
            *([] if body is None else [body]),
            headers={"Authorization": f"Bearer {value}"},
            **options,
        )

    return send


def of(product, **more):
    return ReviewFactory.create(product=product, published=True, **more)


def picture(kind="JPEG", size=(30, 20)):
    file = io.BytesIO()
    Image.new("RGB", size, "green").save(file, kind)
    return file.getvalue()


# --- reading ----------------------------------------------------------------------------------------------------


def test_anybody_reads_what_was_published_and_nothing_else(call):
    product = ProductFactory.create()
    review = of(product, author="Ana", is_verified=True, written_at=MOMENT, title="Warm", rating=5, helpful_votes=3)
    ReviewReplyFactory.create(review=review, sent_at=MOMENT)
    ReviewReplyFactory.create(review=of(product, written_at=datetime(2026, 1, 1, tzinfo=UTC)), text="draft")
    ReviewFactory.create(product=product)
    of(ProductFactory.create())

    rows = call("GET", f"products/{product.public_id}/reviews", as_="browser").json()["results"]

    assert rows[0] == {
        "id": review.public_id, "rating": 5, "title": "Warm", "text": review.text, "language": "en", "author": "Ana",
        "verified": True, "written_at": "2026-01-05T09:00:00Z", "helpful": 3, "photos": [],
        "reply": {"text": "Thank you.", "sent_at": "2026-01-05T09:00:00Z"},
    }  # fmt: skip
    assert (len(rows), rows[1]["reply"]) == (2, None)


@pytest.mark.parametrize(
    ("query", "ratings"),
    [
        ("", [2, 5, 4]),
        ("sort=helpful", [4, 2, 5]),
        ("sort=highest", [5, 4, 2]),
        ("sort=lowest", [2, 4, 5]),
        ("rating=4", [4]),
        ("verified=true", [5]),
        ("with_photos=true", [4]),
        ("with_photos=false", [2, 5]),
        ("language=zh-hans", [2]),
        ("language=zh", [2]),
        ("language=zh-CN", [2]),
        ("language=zh-TW", []),
    ],
)
def test_readers_sort_and_narrow(call, query, ratings):
    product = ProductFactory.create()
    ReviewPhotoFactory.create(
        review=of(product, rating=4, helpful_votes=9, written_at=datetime(2026, 1, 1, tzinfo=UTC))
    )
    of(product, rating=5, is_verified=True, written_at=datetime(2026, 1, 2, tzinfo=UTC))
    of(product, rating=2, language="zh-hans", helpful_votes=1, written_at=datetime(2026, 1, 3, tzinfo=UTC))

    answer = call("GET", f"products/{product.public_id}/reviews?{query}")

    assert [row["rating"] for row in answer.json()["results"]] == ratings


@pytest.mark.parametrize("sort", ["newest", "helpful", "highest", "lowest"])
def test_pages_follow_one_another_without_gap_or_repeat(call, sort):
    product = ProductFactory.create()
    made = {of(product, rating=1 + n % 3, helpful_votes=n % 2).public_id for n in range(7)}

    address, seen = f"products/{product.public_id}/reviews?sort={sort}&limit=3", []
    while address:
        page = call("GET", address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"] and page["next"].split("/api/v1/")[1]

    assert (len(seen), set(seen)) == (7, made)


def test_a_page_costs_the_same_however_many_reviews_it_has(call, django_assert_max_num_queries):
    product = ProductFactory.create()
    for n in range(12):
        ReviewPhotoFactory.create(review=of(product, rating=1 + n % 5))

    with django_assert_max_num_queries(5):  # the key twice at most, the product, the reviews, their photos
        assert len(call("GET", f"products/{product.public_id}/reviews").json()["results"]) == 12


def test_the_summary_counts_what_is_published(call):
    product = ProductFactory.create()
    for rating in (5, 5, 2):
        of(product, rating=rating)
    ReviewFactory.create(product=product, rating=1)

    assert call("GET", f"products/{product.public_id}/review-summary", as_="browser").json() == {
        "count": 3, "average": 4.0, "verified": 0, "with_photos": 0,
        "stars": [{"stars": n, "count": count} for n, count in ((5, 2), (4, 0), (3, 0), (2, 1), (1, 0))],
        "in_words": None,
    }  # fmt: skip


def test_reviews_of_a_product_that_the_shop_does_not_show_are_not_there(call):
    product = ProductFactory.create(status="draft")
    review = of(product)

    answers = [
        call("GET", f"products/{product.public_id}/reviews"),
        call("GET", f"products/{product.public_id}/review-summary"),
        call("POST", f"reviews/{review.public_id}/helpful", {"visitor": "v"}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3


@pytest.mark.parametrize("query", ["sort=best", "rating=6", "rating=x", "verified=maybe", "language=English", "odd=1"])
def test_an_odd_question_is_refused(call, query):
    assert call("GET", f"products/{ProductFactory.create().public_id}/reviews?{query}").status_code == 400


# --- writing ----------------------------------------------------------------------------------------------------


def test_a_customer_writes_and_sees_what_became_of_it(call):
    customer, product = CustomerFactory.create(), ProductFactory.create(name="Kettle")

    made = call(
        "POST", f"products/{product.public_id}/reviews", {"rating": 4, "text": "很好用，水开得快"}, as_=customer
    )

    body = made.json()
    assert made.status_code == 201
    assert (body["status"], body["language"], body["product"]["name"]) == ("pending", "zh-hans", "Kettle")
    Review.objects.update(status="rejected", reason="abusive", reason_note="Mind your words")
    (row,) = call("GET", "me/reviews", as_=customer).json()["results"]
    assert (row["id"], row["status"], row["reason"], row["reason_text"], row["note"]) == (
        body["id"], "rejected", "abusive", "abusive words", "Mind your words",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "kept"),
    [("zh", "zh-hans"), ("zh-CN", "zh-hans"), ("zh_Hans_CN", "zh-hans"), ("zh-TW", "zh-hant"), ("en-GB", "en")],
)
def test_a_language_is_kept_in_one_form_so_that_templates_and_counts_know_it(call, written, kept):
    customer, product = CustomerFactory.create(), ProductFactory.create()
    ReplyTemplate.objects.all().delete()
    for language in ("en", "zh-hans"):
        ReplyTemplateFactory.create(title=language, language=language)

    made = call(
        "POST", f"products/{product.public_id}/reviews", {"rating": 4, "text": "👍", "language": written}, as_=customer
    )

    review = Review.objects.get()
    assert (made.status_code, made.json()["language"], review.language) == (201, kept, kept)
    assert [row.title for row in selectors.templates_for(review)] == ["zh-hans" if kept[:2] == "zh" else "en"]
    assert language_of(review, "👍") == kept[:2]


def test_the_back_end_writes_for_a_customer_and_nobody_else_does(call):
    ana, ben, product = CustomerFactory.create(external_id="7"), CustomerFactory.create(), ProductFactory.create()
    path = f"products/{product.public_id}/reviews"

    answers = [
        call("POST", path, {"rating": 5, "customer": "ext:7"}),
        call("POST", path, {"rating": 5, "customer": "ext:8"}),
        call("POST", path, {"rating": 5}),
        call("POST", path, {"rating": 5, "customer": ana.public_id}, as_=ben),
        call("POST", path, {"rating": 5}, as_="browser"),
    ]

    assert [answer.status_code for answer in answers] == [201, 400, 400, 403, 403]
    assert list(Review.objects.values_list("customer", flat=True)) == [ana.pk]


@pytest.mark.parametrize(
    "body",
    [{}, {"rating": 0}, {"rating": 6}, {"rating": "good"}, {"rating": 5, "text": "x" * 10_001},
     {"rating": 5, "title": "x" * 201}, {"rating": 5, "language": "Klingon!"}, {"rating": 5, "text": "a\x00b"},
     {"rating": 5, "language": "zh-hans-cn-x1"}, []],
)  # fmt: skip
def test_bad_bodies_are_refused_and_store_nothing(call, body):
    answer = call("POST", f"products/{ProductFactory.create().public_id}/reviews", body, as_=CustomerFactory.create())

    assert answer.status_code == 400
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<script>alert(1)</script>", ""),
        ("Fine<script src=//evil.example>", "Fine"),
        ("<b onclick=x>Nice</b><br/>and <<b>script>cheap", "Nice\nand < script>cheap"),
        ("<img src=x onerror=alert(1)", "< img src=x onerror=alert(1)"),
        ("I <3 it, 3 < 5 & <5 stars", "I <3 it, 3 < 5 & <5 stars"),
        ("<a" * 5_000, ("< a" * 5_000)[:10_000]),
    ],
)
def test_nothing_is_kept_that_a_browser_would_take_for_markup(call, text, kept):
    path = f"products/{ProductFactory.create().public_id}/reviews"

    made = call("POST", path, {"rating": 3, "text": text, "title": text[:100]}, as_=CustomerFactory.create())

    review = Review.objects.get()
    assert (made.status_code, made.json()["text"], review.text) == (201, kept, kept)
    assert "<" not in review.title.replace("< ", "").replace("<3", "").replace("<5", "")


@pytest.mark.parametrize("text", ["😀😀", "שלום ‮abc", "a" * 10_000, "  \n", "繁體字"])
def test_odd_words_are_kept_as_they_are(call, text):
    product = ProductFactory.create()

    made = call(
        "POST", f"products/{product.public_id}/reviews", {"rating": 3, "text": text}, as_=CustomerFactory.create()
    )

    assert (made.status_code, Review.objects.get().text) == (201, text.strip())


def test_the_same_request_under_one_key_writes_once(call):
    customer, product = CustomerFactory.create(), ProductFactory.create()

    def send():
        return call(
            "POST", f"products/{product.public_id}/reviews", {"rating": 4}, as_=customer, HTTP_IDEMPOTENCY_KEY="k1"
        )

    assert [send().status_code, send().status_code] == [201, 201]
    assert Review.objects.count() == 1


def test_only_the_customer_takes_a_review_back(call):
    review, other = ReviewFactory.create(), CustomerFactory.create()

    assert call("DELETE", f"me/reviews/{review.public_id}", as_=other).status_code == 404
    assert Review.objects.count() == 1
    assert call("DELETE", f"me/reviews/{review.public_id}", as_=review.customer).status_code == 204
    assert not Review.objects.exists()


# --- photos -----------------------------------------------------------------------------------------------------


def send_photo(call, review, data, *, as_=None, kind="image/jpeg"):
    path = f"me/reviews/{review.public_id}/photos"
    return call("POST", path, data, as_=as_ or review.customer, content_type=kind)


def test_a_photo_goes_to_its_review_without_what_else_the_file_holds(call):
    review = ReviewFactory.create()
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x010F] = "Camera of Ana"
    Image.new("RGB", (30, 20), "green").save(file, "JPEG", exif=exif)

    answer = send_photo(call, review, file.getvalue())

    stored = default_storage.open(ReviewPhoto.objects.get().file.name).read()
    assert answer.status_code == 201
    assert (answer.json()["width"], answer.json()["height"]) == (30, 20)
    assert b"Camera of Ana" not in stored


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"", "image/png", 422),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", 422),
        (picture("PNG")[:40], "image/png", 422),
        (picture("GIF"), "image/gif", 422),
        (b"{}", "application/json", 415),
        (b"\xff" * (10 * 1024 * 1024 + 1), "image/jpeg", 413),
    ],
)
def test_what_is_no_picture_is_refused_and_leaves_nothing(call, data, kind, status):
    assert send_photo(call, ReviewFactory.create(), data, kind=kind).status_code == status
    assert not ReviewPhoto.objects.exists()


def test_a_large_photo_passes_the_limit_of_other_bodies(call, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    assert send_photo(call, ReviewFactory.create(), picture(size=(400, 300))).status_code == 201


def test_others_see_a_photo_once_staff_have_looked_at_it(call):
    review = ReviewFactory.create(published=True)
    mine, all_of = "me/reviews", f"products/{review.product.public_id}/reviews"
    assert send_photo(call, review, picture()).json()["status"] == "new"

    assert call("GET", all_of).json()["results"][0]["photos"] == []
    assert call("GET", f"{all_of}?with_photos=true").json()["results"] == []
    own = call("GET", mine, as_=review.customer).json()["results"][0]["photos"]
    assert [photo["status"] for photo in own] == ["new"]

    services.judge_photo(review.photos.get(), "shown", by=StaffUserFactory.create())
    (photo,) = call("GET", f"{all_of}?with_photos=true").json()["results"][0]["photos"]
    assert set(photo) == {"url", "width", "height"}

    services.judge_photo(review.photos.get(), "hidden", by=StaffUserFactory.create())
    assert call("GET", all_of).json()["results"][0]["photos"] == []


def test_a_photo_for_the_review_of_somebody_else_is_not_taken(call):
    assert send_photo(call, ReviewFactory.create(), picture(), as_=CustomerFactory.create()).status_code == 404


# --- votes and complaints ---------------------------------------------------------------------------------------


def test_votes_of_a_customer_and_of_browsers_count_once(call):
    review, ana = of(ProductFactory.create()), CustomerFactory.create()
    path = f"reviews/{review.public_id}/helpful"

    votes = [
        call("POST", path, body, as_=who).json()["helpful"]
        for body, who in (({}, ana), ({}, ana), ({"visitor": "v1"}, "browser"), ({"visitor": "v1"}, "browser"))
    ]

    assert votes == [1, 1, 2, 2]
    assert call("DELETE", f"{path}?visitor=v1", as_="browser").json() == {"helpful": 1}


def test_a_browser_without_a_visitor_cannot_vote(call):
    review = of(ProductFactory.create())

    assert call("POST", f"reviews/{review.public_id}/helpful", {}, as_="browser").status_code == 422


def test_nobody_can_vote_on_what_is_not_published(call):
    review = ReviewFactory.create()

    assert call("POST", f"reviews/{review.public_id}/helpful", {"visitor": "v"}, as_="browser").status_code == 404


def test_complaints_are_kept_for_staff(call):
    review = of(ProductFactory.create())
    path = f"reviews/{review.public_id}/report"

    answers = [
        call("POST", path, {"visitor": "v1", "reason": "advertising", "note": "a link"}, as_="browser"),
        call("POST", path, {"visitor": "v1", "reason": "abusive"}, as_="browser"),
        call("POST", path, {"visitor": "v2", "reason": "other"}, as_="browser"),
        call("POST", path, {"visitor": "v2", "reason": "ugly"}, as_="browser"),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 400, 400]
    assert [answer.json()["new"] for answer in answers[:2]] == [True, False]
    assert list(ReviewReport.objects.values_list("reason", "note")) == [("advertising", "a link")]
