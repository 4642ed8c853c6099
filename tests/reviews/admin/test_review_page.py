"""The page of one review: decisions, complaints, the reply and its templates."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.shop import current_shop
from reviews.models import ReplyTemplate, Review, ReviewReply
from tests.factories import (
    ReplyTemplateFactory,
    ReviewFactory,
    ReviewPhotoFactory,
    ReviewReplyFactory,
    ReviewReportFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def review(shop) -> Review:
    return ReviewFactory.create(product__name="Kettle", author="Ana", rating=2, title="Leaks", text="Water <b>runs</b>")


@pytest.fixture(autouse=True)
def own_templates(shop):
    """Without those that the product brings."""
    ReplyTemplate.objects.all().delete()


def address(review: Review, rest: str = "change/") -> str:
    return f"/admin/reviews/review/{review.pk}/{rest}"


def told(answer) -> list[str]:
    return [str(one) for one in answer.context["messages"]]


def undo_of(answer) -> dict:
    return json.loads(next(one.extra_tags for one in answer.context["messages"] if one.extra_tags))


def decide(client, review, **data):
    answer = client.post(address(review, "decide/"), data, follow=True)
    review.refresh_from_db()
    return answer


def reply(client, review, **data):
    return client.post(address(review, "reply/"), data, follow=True)


def test_the_page_shows_words_photos_complaints_and_the_customer(client, review):
    photo = ReviewPhotoFactory.create(review=review)
    ReviewReportFactory.create(review=review, note="It is an advert")

    text = client.get(address(review)).content.decode()

    for part in ("Water &lt;b&gt;runs&lt;/b&gt;", "Kettle", str(review.customer), "It is an advert"):
        assert part in text
    assert f"/pictures/160/{photo.file.name}" in text


def test_the_page_asks_as_few_queries_for_much_as_for_little(client, review):
    def queries() -> int:
        current_shop()
        with CaptureQueriesContext(connection) as found:
            assert client.get(address(review)).status_code == 200
        return len(found)

    client.get(address(review))
    few = queries()
    ReviewPhotoFactory.create_batch(3, review=review)
    ReviewReportFactory.create_batch(3, review=review)
    ReplyTemplateFactory.create_batch(3)
    ReviewFactory.create_batch(3, customer=review.customer)

    assert queries() == few <= 12


def test_it_is_published_rejected_and_put_back_with_undo(client, review, boss):
    answer = decide(client, review, act="publish")
    assert (review.status, review.decided_by, told(answer)) == ("published", boss, ["1 review published"])
    decide(client, review, act="reject", reason="advertising", note="A link")
    assert (review.status, review.reason, review.reason_note) == ("rejected", "advertising", "A link")

    undo = undo_of(decide(client, review, act="put_back"))
    assert (review.status, review.decided_by) == ("pending", None)
    client.post(undo["url"], undo["fields"])

    review.refresh_from_db()
    assert (review.status, review.reason, review.reason_note, review.decided_by) == (
        "rejected", "advertising", "A link", boss,
    )  # fmt: skip


def test_a_rejection_without_a_reason_says_so_at_the_field_and_keeps_the_note(client, review):
    answer = decide(client, review, act="reject", reason="", note="Sorry")

    text = answer.content.decode()
    assert review.status == "pending"
    assert "Choose why the review is rejected." in text
    assert 'value="Sorry"' in text


def test_dismissed_complaints_leave_the_review_published_and_come_back_by_undo(client, review):
    Review.objects.update(status="published", open_reports=1)
    report = ReviewReportFactory.create(review=review)

    answer = decide(client, review, act="publish")
    report.refresh_from_db()
    assert (review.open_reports, report.closed_at is not None) == (0, True)
    assert told(answer) == ["1 review stays published"]

    undo = undo_of(answer)
    client.post(undo["url"], undo["fields"])
    review.refresh_from_db()
    report.refresh_from_db()
    assert (review.status, review.open_reports, report.closed_at) == ("published", 1, None)


def test_a_reply_is_drafted_sent_removed_and_written_again(client, review, boss):
    reply(client, review, act="draft", text="Soon.")
    draft = ReviewReply.objects.get()
    assert (draft.text, draft.sent_at, draft.written_by) == ("Soon.", None, boss)
    assert "zg-pill-proposed" in client.get(address(review)).content.decode()

    assert told(reply(client, review, act="send", text="Thank you.")) == ["Reply sent"]
    assert ReviewReply.objects.get().sent_at is not None
    undo = undo_of(reply(client, review, act="remove"))
    assert not ReviewReply.objects.exists()
    client.post(undo["url"], undo["fields"])

    again = ReviewReply.objects.get()
    assert (again.text, again.sent_at is not None) == ("Thank you.", True)


def test_an_empty_reply_is_refused_at_the_field(client, review):
    answer = reply(client, review, act="send", text=" ")

    assert "The reply is empty." in answer.content.decode()
    assert not ReviewReply.objects.exists()


def test_a_template_joins_what_is_typed_and_stores_nothing(client, review, shop):
    fits = ReplyTemplateFactory.create(text="Dear {name}, the {product}: {shop}", lowest=1, highest=2)
    ReplyTemplateFactory.create(title="Praise", lowest=4, highest=5)
    ReplyTemplateFactory.create(title="Chinese", language="zh-hans")

    page = client.get(address(review))
    answer = reply(client, review, template=fits.pk, text="Hello.")

    assert list(page.context["templates"]) == [fits]
    assert answer.context["reply_text"] == "Hello.\n\nDear Ana, the Kettle: Shop"
    assert not ReviewReply.objects.exists()


@pytest.mark.parametrize("template", ["none", "0", "9" * 30])
def test_a_template_that_is_gone_leaves_what_is_typed(client, review, template):
    assert reply(client, review, template=template, text="Hello.").context["reply_text"] == "Hello."


def test_who_may_only_read_sees_neither_buttons_nor_the_customer(client_with, review):
    browser = client_with("reviews.view_review")
    ReviewReplyFactory.create(review=review, text="Thank you.")

    text = browser.get(address(review)).content.decode()

    assert "Thank you." in text
    assert not any(part in text for part in ('name="act"', str(review.customer), "<textarea"))


@pytest.mark.parametrize("pk", ["0", "none", "9" * 30])
def test_a_review_that_is_not_there_leads_away(client, pk):
    assert client.get(f"/admin/reviews/review/{pk}/change/").status_code == 302


def test_the_history_tells_its_story(client, review):
    decide(client, review, act="publish")
    reply(client, review, act="send", text="Thank you.")

    entries = client.get(address(review, "history/")).context["entries"]

    assert [entry.note for entry in entries] == ["Reply sent", "Published", "Written"]


# --- templates ----------------------------------------------------------------------------------------------------


def template(client, **changes):
    data = {"title": "Thanks", "language": "", "lowest": "4", "highest": "5", "text": "Dear {name}!", **changes}
    return client.post("/admin/reviews/replytemplate/add/", data)


def test_a_template_is_added_changed_and_deleted(client):
    assert template(client).status_code == 302
    row = ReplyTemplate.objects.get()
    assert (row.title, row.lowest, row.highest, row.text) == ("Thanks", 4, 5, "Dear {name}!")

    client.post(f"/admin/reviews/replytemplate/{row.pk}/delete/", {"post": "yes"})
    assert not ReplyTemplate.objects.exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"text": "Dear {nmae}, {0}"}, "Nobody knows what to fill in for {nmae}, {0}. Use {name}, {product}, {shop}."),
        ({"lowest": "5", "highest": "1"}, "Choose at least as many stars"),
    ],
)
def test_a_template_that_cannot_work_is_refused_with_the_reason(client, changes, says):
    answer = template(client, **changes)

    assert says in answer.content.decode()
    assert not ReplyTemplate.objects.exists()


def test_the_list_of_templates_says_for_which_stars_and_language_they_are(client):
    ReplyTemplateFactory.create(title="Sorry", lowest=1, highest=3, language="zh-hans")
    ReplyTemplateFactory.create(title="Thanks", lowest=5, highest=5)

    text = client.get("/admin/reviews/replytemplate/").content.decode()

    assert "1–3 ★" in text
    assert ">5 ★<" in text
    assert "简体中文" in text


def test_no_templates_yet_leads_to_the_first(client):
    text = client.get("/admin/reviews/replytemplate/").content.decode()

    assert "No reply templates yet" in text
    assert "/admin/reviews/replytemplate/add/" in text


def test_a_photo_is_hidden_and_shown_again_by_undo(client, review):
    photo = ReviewPhotoFactory.create(review=review)

    answer = client.post(address(review, "photo/"), {"photo": photo.pk, "state": "hidden"}, follow=True)

    photo.refresh_from_db()
    assert (photo.state, told(answer)) == ("hidden", ["Photo hidden"])
    undo = undo_of(answer)
    client.post(undo["url"], undo["fields"])
    photo.refresh_from_db()
    assert photo.state == "shown"


def test_a_photo_of_another_review_is_not_found(client, review):
    other = ReviewPhotoFactory.create()

    assert client.post(address(review, "photo/"), {"photo": other.pk, "state": "hidden"}).status_code == 404


def test_publishing_from_the_page_shows_its_new_photos(client, review):
    photo = ReviewPhotoFactory.create(review=review, state="new")
    assert f'name="seen" value="{photo.pk}"' in client.get(address(review)).content.decode()

    decide(client, review, act="publish", seen=photo.pk, photos=photo.pk)

    photo.refresh_from_db()
    assert (photo.state, review.has_new_photos) == ("shown", False)
