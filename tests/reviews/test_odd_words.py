"""Whatever customers write comes through the whole house: taken, read, judged and shown, or refused by name."""

import pytest
from django.test import Client

from core.api import tokens
from reviews import reading, suspicion
from reviews.models import Review, ReviewReading, Sentiment, SuspicionScore
from tests.catalog.admin.conftest import boss, client, client_with, shop
from tests.factories import ApiKeyFactory, CustomerFactory, ProductFactory

__all__ = ["boss", "client", "client_with", "shop"]
pytestmark = pytest.mark.django_db
ODD = {
    "empty": "",
    "spaces": " \n\t ",
    "emoji alone": "😡😡😡",
    "mixed languages": "质量很好 but delivery was terrible",
    "traditional": "質量非常差，退貨了，太失望",
    "right to left": "המוצר הזה נהדר ואני מאוד מרוצה ממנו",
    "markup": "<script>alert(1)</script>Terrible <b onclick=x>quality</b> <img src=x onerror=alert(1)",
    "repeated": "goooooooooood" * 50,
    "stars against words": "Terrible quality, a complete disappointment. Never again.",
    "unknown language": "Zorp blik fnord quux, wibble zang trelp.",
}


def test_odd_reviews_are_read_scored_and_shown_without_a_fault(client):
    product, server = ProductFactory.create(), ApiKeyFactory.create()
    path = f"/api/v1/products/{product.public_id}/reviews"
    for text in ODD.values():
        token = tokens.mint(customer=CustomerFactory.create().public_id, key_id=server.pk)[0]
        sent = Client().post(
            path, {"rating": 5, "text": text, "title": text[:40]}, content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        assert sent.status_code == 201

    assert reading.read_unread()["read"] == suspicion.score_new()["scored"] == len(ODD)

    reviews = dict(zip(ODD, Review.objects.order_by("pk"), strict=True))
    for name, review in reviews.items():
        found = ReviewReading.objects.get(pk=review.pk)
        assert found.sentiment in Sentiment.values, name
        assert 0.0 <= found.confidence <= 1.0, name
    told = {name: review.reading for name, review in reviews.items()}
    assert [told[name].confidence for name in ("empty", "spaces")] == [0.0, 0.0]
    assert told["traditional"].sentiment == told["markup"].sentiment == Sentiment.NEGATIVE
    assert told["mixed languages"].sentiment == Sentiment.MIXED
    assert (told["traditional"].language, told["right to left"].language) == ("zh", "he")
    contradiction = SuspicionScore.objects.get(pk=reviews["stars against words"].pk)
    assert "contradiction" in [reason["code"] for reason in contradiction.reasons]
    pages = ["/admin/reviews/queue/", "/admin/reviews/review/", *(
        f"/admin/reviews/review/{review.pk}/change/" for review in reviews.values()
    )]  # fmt: skip
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert "alert(1)</script>" not in answer.content.decode(), page
        assert "<img src=x" not in answer.content.decode(), page


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [("好" * 350_000, 413, "too_large"), ("好" * 10_001, 400, "max_length"), ("a\x00b", 400, "nul_character")],
)
def test_what_cannot_be_kept_is_refused_by_name(text, status, code):
    product, server = ProductFactory.create(), ApiKeyFactory.create()
    token = tokens.mint(customer=CustomerFactory.create().public_id, key_id=server.pk)[0]

    refused = Client().post(
        f"/api/v1/products/{product.public_id}/reviews", {"rating": 5, "text": text}, content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip

    assert refused.status_code == status
    assert code in str(refused.json())
    assert not Review.objects.exists()
