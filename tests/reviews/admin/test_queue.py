"""The queue: what waits, decided with one key each or by plain forms."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.shop import current_shop
from reviews.admin import queue
from reviews.models import Review
from tests.factories import (
    ProductImageFactory,
    ReviewFactory,
    ReviewPhotoFactory,
    ReviewReportFactory,
    SuspicionScoreFactory,
)

pytestmark = pytest.mark.django_db
QUEUE = "/admin/reviews/queue/"
DATA = {"Accept": "application/json"}


@pytest.fixture
def waiting(shop) -> list[Review]:
    return [ReviewFactory.create(written_at=datetime(2026, 1, n, tzinfo=UTC), text=f"Words {n}") for n in (1, 2, 3)]


@pytest.fixture
def complained(shop) -> Review:
    review = ReviewFactory.create(published=True, open_reports=1)
    ReviewReportFactory.create(review=review)
    return review


def status(*reviews: Review) -> list[str]:
    return [Review.objects.get(pk=one.pk).status for one in reviews]


def test_complaints_come_first_then_the_oldest_and_published_reviews_are_not_there(client, waiting, complained):
    ReviewFactory.create(published=True)

    page = client.get(QUEUE)

    assert [card.review for card in page.context["cards"]] == [complained, *waiting]
    assert page.context["many"] == [one.pk for one in waiting]
    assert page.context["summary"] == "4 to check · 0 done today"


def test_a_form_without_scripts_publishes_and_undoes(client, waiting, boss):
    answer = client.post(QUEUE, {"act": "publish", "ids": waiting[0].pk}, follow=True)
    assert status(*waiting) == ["published", "pending", "pending"]
    assert answer.context["summary"] == "2 to check · 1 done today"

    import json

    (message,) = answer.context["messages"]
    undo = json.loads(message.extra_tags)
    client.post(undo["url"], undo["fields"])
    assert status(*waiting) == ["pending"] * 3


def test_a_reason_rejects_and_the_script_hears_how_to_undo(client, waiting):
    told = client.post(QUEUE, {"reason": "abusive", "ids": waiting[1].pk}, headers=DATA).json()
    assert (told["text"], told["summary"]) == ("1 review rejected", "2 to check · 1 done today")
    assert Review.objects.get(pk=waiting[1].pk).reason == "abusive"

    back = client.post(QUEUE, {"act": "undo", "key": told["undo"]}, headers=DATA).json()
    assert (back["text"], back["summary"]) == ("Undone for 1 review", "3 to check · 0 done today")
    assert status(*waiting) == ["pending"] * 3


def test_another_reason_without_a_note_is_refused_in_words(client, waiting):
    answer = client.post(QUEUE, {"reason": "other", "note": "", "ids": waiting[0].pk}, headers=DATA)

    assert (answer.status_code, answer.json()["text"]) == (409, "Say in the note why the review is rejected.")
    page = client.post(QUEUE, {"reason": "other", "ids": waiting[0].pk}, follow=True)
    assert [str(one) for one in page.context["messages"]] == ["Say in the note why the review is rejected."]
    assert status(*waiting) == ["pending"] * 3


def test_all_shown_are_published_at_once(client, waiting):
    told = client.post(QUEUE, {"act": "publish", "ids": [one.pk for one in waiting]}, headers=DATA).json()

    assert (told["text"], told["summary"]) == ("3 reviews published", "0 to check · 3 done today")
    assert status(*waiting) == ["published"] * 3


def test_keeping_a_review_that_was_complained_about_closes_the_complaints(client, complained):
    told = client.post(QUEUE, {"act": "publish", "ids": complained.pk}, headers=DATA).json()

    complained.refresh_from_db()
    assert (told["text"], complained.open_reports) == ("1 review stays published", 0)


def test_what_somebody_else_decided_meanwhile_is_said(client, waiting):
    Review.objects.update(status="published")

    told = client.post(QUEUE, {"act": "publish", "ids": waiting[0].pk}, headers=DATA).json()

    assert (told["text"], told["undo"]) == ("Somebody else decided it meanwhile", "")


@pytest.mark.parametrize("data", [{}, {"act": "none", "ids": "x"}, {"act": "publish", "ids": ["x", "9" * 40]}])
def test_what_is_no_act_changes_nothing(client, waiting, data):
    assert client.post(QUEUE, data, follow=True).status_code == 200
    assert status(*waiting) == ["pending"] * 3


def test_pages_hold_a_part_and_one_behind_the_last_leads_to_the_first(client, waiting, monkeypatch):
    monkeypatch.setattr(queue, "PAGE", 2)

    first, second = client.get(QUEUE), client.get(f"{QUEUE}?page=2")

    assert [card.review for card in first.context["cards"]] == waiting[:2]
    assert first.context["next_page"] == f"{QUEUE}?page=2"
    assert [card.review for card in second.context["cards"]] == waiting[2:]
    assert client.get(f"{QUEUE}?page=3").status_code == 302
    assert client.get(f"{QUEUE}?page=x").context["cards"]


def test_an_empty_queue_says_that_all_is_done(client):
    assert "Nothing to review" in client.get(QUEUE).content.decode()


def test_many_cost_as_few_queries_as_one(client):
    def fill(size: int) -> None:
        for _ in range(size):
            review = ReviewFactory.create()
            ProductImageFactory.create(product=review.product)
            ReviewPhotoFactory.create(review=review)
            ReviewReportFactory.create(review=review)

    def queries() -> int:
        current_shop()
        with CaptureQueriesContext(connection) as found:
            assert client.get(QUEUE).status_code == 200
        return len(found)

    fill(1)
    client.get(QUEUE)
    few = queries()
    fill(4)

    assert queries() == few <= 12


def test_customers_are_not_named_to_those_who_may_not_see_them(client_with, waiting):
    text = client_with("reviews.moderate_review", "reviews.view_review").get(QUEUE).content.decode()

    assert not any(str(one.customer) in text for one in waiting)
    assert "paid order" not in text


@pytest.fixture
def suspected(shop) -> Review:
    review = ReviewFactory.create(published=True, is_suspected=True)
    reasons = [
        {"code": "near_duplicates", "weight": 4.6, "facts": {"others": 29, "rejected": 2}},
        {"code": "burst", "weight": 2.2, "facts": {"near": 31, "usual": 0.2}},
        {"code": "of another version", "weight": 0.1, "facts": {}},
    ]
    SuspicionScoreFactory.create(review=review, score=0.98, reasons=reasons)
    return review


def test_suspicious_ones_come_before_new_ones_with_their_reasons_in_words(client, waiting, suspected, complained):
    page = client.get(QUEUE)

    assert [card.review for card in page.context["cards"]] == [complained, suspected, *waiting]
    assert page.context["cards"][1].why == [
        "29 others say nearly the same · 2 of them rejected as not genuine",
        "31 reviews of this product within two days, where fewer than 1 are usual",
        "of another version",
    ]
    assert page.context["many"] == [one.pk for one in waiting]
    assert [(tab["label"], tab["count"]) for tab in page.context["tabs"]] == [("All that wait", 5), ("Suspicious", 1)]


def test_suspicious_ones_alone_say_how_often_staff_agreed(client, suspected, waiting, boss):
    from reviews import services

    other = ReviewFactory.create(is_suspected=True)
    SuspicionScoreFactory.create(review=other, score=0.6)
    services.reject([other.pk], by=boss, reason="not_genuine")

    page = client.get(f"{QUEUE}?show=suspicious")

    assert [card.review for card in page.context["cards"]] == [suspected]
    assert page.context["agreement"] == (
        "In 90 days staff agreed with 100% of 1 of suspicions: 1 not genuine, 0 genuine."
    )


def test_keeping_a_suspicious_review_makes_it_genuine(client, suspected):
    told = client.post(QUEUE, {"act": "publish", "ids": suspected.pk}, headers=DATA).json()

    suspected.refresh_from_db()
    assert (told["text"], suspected.is_suspected, suspected.status) == ("1 review stays published", False, "published")


def test_who_may_not_see_suspicion_sees_none(client_with, suspected, waiting):
    person = client_with("reviews.moderate_review", "reviews.view_review")

    page = person.get(f"{QUEUE}?show=suspicious")
    text = page.content.decode() + person.get("/admin/reviews/review/").content.decode()
    text += person.get(f"/admin/reviews/review/{suspected.pk}/change/").content.decode()

    assert len(page.context["cards"]) == 4
    assert "say nearly the same" not in text
    assert "Chance that it is not genuine" not in text


def test_new_photos_of_a_published_review_wait_and_are_shown_as_ticked(client, shop):
    review = ReviewFactory.create(published=True, has_new_photos=True)
    good, bad = [ReviewPhotoFactory.create(review=review, state="new") for _number in range(2)]

    page = client.get(QUEUE)
    assert [card.review for card in page.context["cards"]] == [review]
    assert page.context["many_photos"] == [good.pk, bad.pk]

    client.post(QUEUE, {"act": "publish", "ids": review.pk, "seen": [good.pk, bad.pk], "photos": [good.pk]})

    assert list(review.photos.order_by("pk").values_list("state", flat=True)) == ["shown", "hidden"]
    assert not Review.objects.waiting().exists()


def test_rejecting_leaves_photos_unseen(client, shop):
    review = ReviewFactory.create()
    photo = ReviewPhotoFactory.create(review=review, state="new")

    client.post(QUEUE, {"reason": "off_topic", "ids": review.pk, "seen": photo.pk, "photos": photo.pk})

    photo.refresh_from_db()
    assert (photo.state, status(review)) == ("new", ["rejected"])
