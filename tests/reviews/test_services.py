"""Reviews come, are decided, answered, found helpful or complained about, and go."""

import io
import threading
from datetime import UTC, datetime

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from PIL import Image

from catalog.models import Interaction
from reviews import selectors, services, signals
from reviews.exceptions import AlreadyReviewed, BadInput, OwnReview, TooManyPhotos
from reviews.models import ReplyTemplate, Review, ReviewPhoto, ReviewReply
from reviews.services import NewReview, Voice
from tests.factories import (
    CustomerFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
    ReplyTemplateFactory,
    ReviewFactory,
    ReviewReportFactory,
    ShopProfileFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db
Status, Reason = Review.Status, Review.Reason


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def editor():
    return StaffUserFactory.create()


def submit(customer=None, product=None, rating=4, **more):
    return services.submit_review(
        customer=customer or CustomerFactory.create(), product=product or ProductFactory.create(),
        content=NewReview(rating=rating, **more),
    )  # fmt: skip


def ratings():
    return list(Interaction.objects.filter(kind="rating").values_list("product_id", "customer_id", "value"))


def picture(colour="red", size=(20, 10), kind="PNG"):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


# --- submission -------------------------------------------------------------------------------------------------


def test_a_review_waits_for_staff_and_its_stars_count_at_once():
    review = submit(title=" Warm ", text=" Stays warm. ", rating=5, language="en")

    assert (review.status, review.title, review.text, review.rating) == (Status.PENDING, "Warm", "Stays warm.", 5)
    assert ratings() == [(review.product_id, review.customer_id, 5.0)]


def test_a_second_review_of_the_same_product_is_refused_and_changes_nothing():
    first = submit(text="good")

    with pytest.raises(AlreadyReviewed):
        submit(first.customer, first.product, rating=1, text="no")

    assert list(Review.objects.values_list("pk", "rating", "text")) == [(first.pk, 4, "good")]
    assert ratings() == [(first.product_id, first.customer_id, 4.0)]


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_stored():
    customer, product = CustomerFactory.create(), ProductFactory.create()
    refused = []

    def one():
        try:
            submit(customer, product)
        except AlreadyReviewed:
            refused.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (Review.objects.count(), len(refused), len(ratings())) == (1, 3, 1)


@pytest.mark.parametrize(("paid_at", "is_verified"), [(datetime(2026, 1, 5, tzinfo=UTC), True), (None, False)])
def test_a_purchase_counts_as_verified_once_it_is_paid(paid_at, is_verified):
    customer, product = CustomerFactory.create(), ProductFactory.create()
    OrderLineFactory.create(order=OrderFactory.create(customer=customer, paid_at=paid_at), product=product)

    assert submit(customer, product).is_verified is is_verified
    assert submit(CustomerFactory.create(), product).is_verified is False


@pytest.mark.parametrize("stars", [0, 6])
def test_stars_outside_one_to_five_cannot_be_stored(stars):
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewFactory.create(rating=stars)


def test_a_review_taken_back_is_gone_with_its_photos_and_its_stars(django_capture_on_commit_callbacks):
    review = submit()
    photo = services.add_photo(review, picture())
    name = photo.file.name

    with django_capture_on_commit_callbacks(execute=True):
        services.remove_review(review)

    assert (Review.objects.count(), ReviewPhoto.objects.count()) == (0, 0)
    assert ratings() == []
    assert not default_storage.exists(name)


# --- decisions --------------------------------------------------------------------------------------------------


def test_published_reviews_are_announced_and_remember_who_decided(editor, django_capture_on_commit_callbacks):
    review = ReviewFactory.create()
    heard = []
    signals.review_published.connect(lambda review_id, **_: heard.append(review_id), weak=False, dispatch_uid="t")

    with django_capture_on_commit_callbacks(execute=True):
        decision = services.publish([review.pk], by=editor)
        again = services.publish([review.pk], by=editor)
    signals.review_published.disconnect(dispatch_uid="t")

    review.refresh_from_db()
    assert (review.status, review.decided_by, review.decided_at is not None) == (Status.PUBLISHED, editor, True)
    assert (decision.decided, again.decided, again.passed_over, heard) == ((review.pk,), (), 1, [review.pk])


@pytest.mark.parametrize(("reason", "counts"), [(Reason.NOT_GENUINE, False), (Reason.ABUSIVE, True)])
def test_stars_of_a_review_that_is_not_genuine_do_not_count(editor, reason, counts):
    review = submit()

    services.reject([review.pk], by=editor, reason=reason)
    assert bool(ratings()) is counts

    services.put_back([review.pk], by=editor)
    review.refresh_from_db()
    assert (review.status, review.reason, review.decided_at, review.decided_by) == (Status.PENDING, "", None, None)
    assert ratings() == [(review.product_id, review.customer_id, 4.0)]


@pytest.mark.parametrize(("reason", "note"), [("", ""), ("because", ""), (Reason.OTHER, "  ")])
def test_a_rejection_without_a_reason_is_refused(editor, reason, note):
    review = ReviewFactory.create()

    with pytest.raises(BadInput):
        services.reject([review.pk], by=editor, reason=reason, note=note)

    review.refresh_from_db()
    assert review.status == Status.PENDING


def test_many_are_decided_at_once_and_those_that_are_gone_are_passed_over(editor):
    reviews = ReviewFactory.create_batch(3)

    decision = services.reject([*(one.pk for one in reviews), 10**9], by=editor, reason=Reason.OFF_TOPIC)

    assert (len(decision.decided), decision.passed_over) == (3, 1)
    assert set(Review.objects.values_list("status", "reason")) == {("rejected", "off_topic")}


def test_a_decision_closes_the_complaints(editor):
    review = ReviewFactory.create(published=True)
    services.report_review(review, Voice(visitor="v1"), reason="abusive")
    services.report_review(review, Voice(visitor="v2"), reason="other", note="x")
    assert list(Review.objects.waiting()) == [review]

    services.publish([review.pk], by=editor)

    review.refresh_from_db()
    assert (review.open_reports, review.reviewreports.filter(closed_at=None).count()) == (0, 0)
    assert not Review.objects.waiting().exists()


# --- photos -----------------------------------------------------------------------------------------------------


def test_a_photo_is_drawn_anew_under_a_name_of_ours_and_counted_once():
    review = ReviewFactory.create()

    photo = services.add_photo(review, picture())
    same = services.add_photo(review, picture())

    assert same == photo
    assert (photo.width, photo.height, photo.position) == (20, 10, 0)
    assert [f"reviews/{name}" for name in default_storage.listdir("reviews")[1]] == [photo.file.name]


def test_a_seventh_photo_is_refused_and_leaves_no_file():
    review = ReviewFactory.create()
    for shade in range(6):
        services.add_photo(review, picture((shade * 40, 0, 0)))

    with pytest.raises(TooManyPhotos):
        services.add_photo(review, picture("blue"))

    assert review.photos.count() == 6
    assert len(default_storage.listdir("reviews")[1]) == 6


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n broken", picture(kind="GIF")])
def test_what_is_no_picture_is_refused_with_a_reason(data):
    with pytest.raises(BadInput, match="The photo"):
        services.add_photo(ReviewFactory.create(), data)

    assert not ReviewPhoto.objects.exists()


def test_a_photo_that_joins_a_published_review_waits_for_staff(editor):
    review = ReviewFactory.create(published=True)

    photo = services.add_photo(review, picture())

    assert (photo.state, list(Review.objects.waiting())) == ("new", [review])
    review.refresh_from_db()
    assert (review.status, review.has_new_photos) == ("published", True)


def test_publishing_shows_the_photos_that_were_seen_hides_the_unwanted_and_keeps_the_unseen_waiting(editor):
    review = ReviewFactory.create()
    good, bad, late = [services.add_photo(review, picture(one)) for one in ("red", "green", "blue")]

    decision = services.publish([review.pk], by=editor, photos={good.pk: True, bad.pk: False})

    states = dict(ReviewPhoto.objects.values_list("pk", "state"))
    assert states == {good.pk: "shown", bad.pk: "hidden", late.pk: "new"}
    assert list(Review.objects.waiting()) == [review]
    assert services.undo_decision(decision.undo, by=editor) == 1
    assert set(ReviewPhoto.objects.values_list("state", "looked_by")) == {("new", None)}


def test_new_photos_of_a_published_review_are_looked_at_with_undo(editor):
    review = ReviewFactory.create(published=True)
    photo = services.add_photo(review, picture())

    decision = services.publish([review.pk], by=editor, photos={photo.pk: True})

    assert (decision.decided, decision.kept) == ((), (review.pk,))
    assert not Review.objects.waiting().exists()
    services.undo_decision(decision.undo, by=editor)
    assert list(Review.objects.waiting()) == [review]


def test_a_photo_of_another_review_is_not_judged_with_this_one(editor):
    other = services.add_photo(ReviewFactory.create(published=True), picture())

    services.publish([ReviewFactory.create().pk], by=editor, photos={other.pk: True})

    other.refresh_from_db()
    assert other.state == "new"


def test_the_last_new_photo_taken_away_leaves_nothing_to_look_at():
    review = ReviewFactory.create(published=True)
    photo = services.add_photo(review, picture())

    services.remove_photo(photo)

    assert not Review.objects.waiting().exists()


def test_one_photo_is_hidden_and_shown_again_and_nothing_else(editor):
    photo = services.add_photo(ReviewFactory.create(published=True), picture())

    services.judge_photo(photo, "hidden", by=editor)
    assert not Review.objects.waiting().exists()
    assert (photo.state, photo.looked_by) == ("hidden", editor)
    services.judge_photo(photo, "shown", by=editor)
    assert ReviewPhoto.objects.shown().count() == 1
    with pytest.raises(BadInput):
        services.judge_photo(photo, "new", by=editor)


# --- replies ----------------------------------------------------------------------------------------------------


def test_a_template_is_filled_in_and_unknown_braces_stay():
    ShopProfileFactory.create(name="Tea House")
    template = ReplyTemplateFactory.create(text="Dear {name}, {product} {0} from {shop}")
    review = ReviewFactory.create(author="Ana", product__name="Kettle")

    assert services.fill_template(template, review) == "Dear Ana, Kettle {0} from Tea House"


@pytest.mark.parametrize(
    ("language", "greeting"), [("zh-hans", "顾客您好"), ("en", "customer您好"), ("", "customer您好")]
)
def test_somebody_without_a_name_is_greeted_in_the_language_of_the_review(language, greeting):
    ShopProfileFactory.create()
    template = ReplyTemplateFactory.create(text="{name}您好")

    assert services.fill_template(template, ReviewFactory.create(language=language)) == greeting


def test_a_review_in_traditional_characters_is_greeted_in_chinese():
    ShopProfileFactory.create()
    ReplyTemplate.objects.all().delete()
    template = ReplyTemplateFactory.create(text="{name}您好", language="zh-hans")
    ReplyTemplateFactory.create(title="English", language="en")
    review = ReviewFactory.create(language="zh-hant", rating=template.lowest)

    assert [services.fill_template(one, review) for one in selectors.templates_for(review)] == ["顾客您好"]


def test_a_draft_is_not_shown_until_a_person_sends_it(editor):
    review = ReviewFactory.create(published=True)

    services.draft_reply(review, " Soon. ", by=editor)
    assert ReviewReply.objects.get().sent_at is None

    services.send_reply(review, "Thank you.", by=editor)
    reply = ReviewReply.objects.get()
    assert (reply.text, reply.sent_at is not None, reply.written_by) == ("Thank you.", True, editor)

    with pytest.raises(BadInput):
        services.draft_reply(review, "other", by=editor)
    services.send_reply(review, "Thanks again.", by=editor)
    assert ReviewReply.objects.get().text == "Thanks again."


@pytest.mark.parametrize("text", ["", "  \n", "x" * 2001])
def test_an_empty_or_endless_reply_is_refused(editor, text):
    with pytest.raises(BadInput):
        services.send_reply(ReviewFactory.create(), text, by=editor)

    assert not ReviewReply.objects.exists()


# --- votes and complaints ---------------------------------------------------------------------------------------


def test_somebody_is_counted_once_and_can_take_it_back():
    review, customer = ReviewFactory.create(published=True), CustomerFactory.create()

    votes = [
        services.vote_helpful(review, voice)
        for voice in (Voice(customer), Voice(customer), Voice(visitor="v1"), Voice(visitor="v1"), Voice(visitor="v2"))
    ]

    assert votes == [1, 1, 2, 2, 3]
    assert services.take_vote_back(review, Voice(visitor="v1")) == 2
    assert services.take_vote_back(review, Voice(visitor="v1")) == 2


def test_nobody_votes_on_or_complains_about_their_own_review():
    review = ReviewFactory.create(published=True)

    for act in (
        lambda: services.vote_helpful(review, Voice(review.customer)),
        lambda: services.report_review(review, Voice(review.customer), reason="other"),
    ):
        with pytest.raises(OwnReview):
            act()

    review.refresh_from_db()
    assert (review.helpful_votes, review.open_reports) == (0, 0)


def test_a_second_complaint_of_the_same_person_changes_nothing():
    review = ReviewFactory.create(published=True)

    first = services.report_review(review, Voice(visitor="v1"), reason="abusive")
    second = services.report_review(review, Voice(visitor="v1"), reason="other", note="again")

    review.refresh_from_db()
    assert (first, second, review.open_reports) == (True, False, 1)


def test_the_words_of_a_complaint_are_kept_without_markup():
    review = ReviewFactory.create(published=True)

    services.report_review(
        review, Voice(visitor="v1"), reason="other", note=" Copied<script>alert(1)</script> from <b>us</b>, 3 < 4 "
    )

    assert review.reviewreports.get().note == "Copied from us , 3 < 4"


def test_nobody_at_all_cannot_vote():
    with pytest.raises(BadInput):
        services.vote_helpful(ReviewFactory.create(published=True), Voice())


def test_complaints_are_closed_without_a_decision():
    reports = ReviewReportFactory.create_batch(2, review__published=True)

    assert services.close_reports([one.review_id for one in reports]) == 2
