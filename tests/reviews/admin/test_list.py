"""The list of reviews: few queries, searches that find, decisions about many that can be undone."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.shop import current_shop
from reviews.admin import reviews as page
from reviews.models import Review
from tests.factories import (
    CustomerFactory,
    ProductFactory,
    ProductImageFactory,
    ReviewFactory,
    ReviewPhotoFactory,
    ReviewReplyFactory,
    ReviewReportFactory,
)

pytestmark = pytest.mark.django_db
LIST = "/admin/reviews/review/"
MOST_QUERIES = 12


def fill(size: int) -> None:
    for _ in range(size):
        product = ProductFactory.create()
        ProductImageFactory.create(product=product)
        review = ReviewFactory.create(product=product, published=True)
        ReviewPhotoFactory.create(review=review)
        ReviewReplyFactory.create(review=review)
        ReviewFactory.create(product=product, author="Kim")


def queries(client, path: str) -> int:
    current_shop()  # remembered for seconds, so it would be counted now and then
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return len(found)


@pytest.mark.parametrize(
    "address", ["", "?view=waiting", "?q=stays+warm", "?stars=low&photos=yes&verified=no&answered=yes", "?o=2"]
)
def test_the_list_asks_as_few_queries_for_many_reviews_as_for_few(client, address):
    fill(1)
    client.get(LIST + address)
    few = queries(client, LIST + address)
    fill(4)

    many = queries(client, LIST + address)

    assert many <= MOST_QUERIES
    assert many == few


def found(client, address: str) -> set[int]:
    return {row.pk for row in client.get(f"{LIST}?{address}").context["cl"].result_list}


def test_words_of_the_text_the_title_the_product_and_the_writer_are_found(client):
    kettle = ReviewFactory.create(product__name="Kettle", text="")
    warm = ReviewFactory.create(text="Stays wonderfully warm", title="Good buy")
    ana = ReviewFactory.create(customer=CustomerFactory.create(name="Ana Lopez"))
    imported = ReviewFactory.create(customer=None, author="李小姐", text="保温很好")

    assert found(client, "q=kettle") == {kettle.pk}
    assert found(client, "q=WONDERFULLY") == {warm.pk}
    assert found(client, "q=buy+warm") == {warm.pk}
    assert found(client, "q=lopez") == {ana.pk}
    assert found(client, "q=保温") == found(client, "q=李小") == found(client, "q=李小姐") == {imported.pk}
    assert found(client, "q=nothing") == set()


def test_names_of_customers_are_not_found_by_those_who_may_not_see_customers(client_with):
    ReviewFactory.create(customer=CustomerFactory.create(name="Ana Lopez"))
    browser = client_with("reviews.view_review")

    assert found(browser, "q=lopez") == found(browser, "q=lo") == set()
    assert "Ana Lopez" not in browser.get(LIST).content.decode()


def test_each_filter_leaves_what_it_says(client):
    low = ReviewFactory.create(rating=1, language="zh-hans", is_verified=True)
    high = ReviewFactory.create(rating=5, language="", published=True)
    ReviewPhotoFactory.create(review=high)
    ReviewReplyFactory.create(review=high, sent_at=datetime(2026, 1, 1, tzinfo=UTC))
    ReviewReplyFactory.create(review=low)

    for address, wanted in {
        "stars=1": low, "stars=low": low, "stars=5": high, "stars=high": high, "written_in=zh-hans": low,
        "written_in=none": high, "verified=yes": low, "verified=no": high, "photos=yes": high, "photos=no": low,
        "answered=yes": high, "answered=no": low, "status=pending": low, "view=published": high, "view=waiting": low,
        f"product__id__exact={high.product_id}": high, f"customer__id__exact={low.customer_id}": low,
    }.items():  # fmt: skip
        assert found(client, address) == {wanted.pk}, address
    assert found(client, "stars=9") == {low.pk, high.pk}


def act(client, name: str, reviews, **more):
    data = {"action": name, "index": "0", "_selected_action": [one.pk for one in reviews], **more}
    return client.post(LIST, data, follow=True)


def undo_fields(answer) -> dict[str, str]:
    import json

    (message,) = [one for one in answer.context["messages"] if one.extra_tags]
    return json.loads(message.extra_tags)


def states() -> list[tuple[str, str, str]]:
    return list(Review.objects.order_by("pk").values_list("status", "reason", "reason_note"))


def test_many_are_published_and_undo_puts_back_where_each_stood(client, boss):
    waiting = ReviewFactory.create()
    rejected = ReviewFactory.create(status="rejected", reason="abusive", reason_note="Words")
    kept = ReviewFactory.create(published=True, open_reports=1)
    ReviewReportFactory.create(review=kept)
    before = states()

    answer = act(client, "publish_chosen", [waiting, rejected, kept])

    assert [str(one) for one in answer.context["messages"]] == ["2 reviews published"]
    assert states() == [("published", "", "")] * 3
    assert not Review.objects.waiting().exists()
    undo = undo_fields(answer)
    answer = client.post(undo["url"], undo["fields"], follow=True)
    assert [str(one) for one in answer.context["messages"]] == ["Undone for 3 reviews"]
    assert states() == before
    assert Review.objects.get(pk=kept.pk).open_reports == 1


def test_rejecting_asks_for_the_reason_first(client, boss):
    chosen, other = ReviewFactory.create_batch(2), ReviewFactory.create()

    asked = act(client, "reject_chosen", chosen)
    refused = act(client, "reject_chosen", chosen, confirmed="1", reason="other", note=" ")
    assert asked.context["title"] == "Reject 2 reviews"
    assert refused.context["error_field"] == "note"
    assert {state[0] for state in states()} == {"pending"}
    done = act(client, "reject_chosen", chosen, confirmed="1", reason="off_topic", note="Sorry")

    assert [str(one) for one in done.context["messages"]] == ["2 reviews rejected"]
    assert states() == [("rejected", "off_topic", "Sorry")] * 2 + [("pending", "", "")]
    assert {one.decided_by for one in Review.objects.exclude(pk=other.pk)} == {boss}


def test_undo_leaves_what_was_decided_again_since(client):
    first, second = ReviewFactory.create_batch(2)
    undo = undo_fields(act(client, "publish_chosen", [first, second]))
    act(client, "put_back_chosen", [second])
    act(client, "publish_chosen", [second])

    client.post(undo["url"], undo["fields"])

    assert [state[0] for state in states()] == ["pending", "published"]


def test_somebody_else_cannot_undo_it(client, client_with):
    undo = undo_fields(act(client, "publish_chosen", [ReviewFactory.create()]))
    other = client_with("reviews.view_review", "reviews.moderate_review")

    answer = other.post(undo["url"], undo["fields"], follow=True)
    forged = other.post(undo["url"], {"key": "x"}, follow=True)

    assert [str(one) for one in answer.context["messages"]] == ["Somebody else decided this. Only they can undo it."]
    assert "can no longer be undone" in str(next(iter(forged.context["messages"])))
    assert states() == [("published", "", "")]


def test_more_than_one_request_may_hold_are_refused_in_words(client, monkeypatch):
    monkeypatch.setattr(page, "MOST_AT_ONCE", 1)

    answer = act(client, "publish_chosen", ReviewFactory.create_batch(2))

    assert [str(one) for one in answer.context["messages"]] == [
        "At most 1 reviews at once. Narrow the list, by date for example."
    ]
    assert {state[0] for state in states()} == {"pending"}


def test_who_may_only_read_sees_no_acts(client_with):
    ReviewFactory.create()
    browser = client_with("reviews.view_review")

    answer = act(browser, "publish_chosen", Review.objects.all())

    assert answer.context["cl"].formset is None
    assert "publish_chosen" not in answer.content.decode()
    assert states() == [("pending", "", "")]


def test_who_wrote_leaves_the_house_with_both_rights_only(client, client_with):
    ReviewFactory.create(author="Kim", customer=CustomerFactory.create(name="Ana Lopez"), text="=1+1")
    more = ("reviews.view_review", "core.export_data", "catalog.view_personal_data")

    def file(browser) -> str:
        answer = browser.post(f"{LIST}export/", {"format": "csv"})
        return b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()

    without, with_both = file(client_with(*more[:2])), file(client_with(*more))

    assert "Kim" not in without
    assert "Ana Lopez" not in without
    assert "Kim" in with_both
    assert "Ana Lopez" in with_both
    assert ",=1+1" not in without


def test_an_empty_list_says_what_it_waits_for(client):
    assert "Reviews arrive from your storefront" in client.get(LIST).content.decode()
