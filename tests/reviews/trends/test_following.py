"""Who gets on the list of unhappy customers, who stays off it, and what staff say."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog.models import Order
from core.exceptions import BadInput
from core.experiments import Placed
from reviews import services, signals
from reviews.models import FollowUp, Review, ReviewReading, Sentiment
from reviews.trends import following, trials
from tests.factories import CustomerFactory, FollowUpFactory, OrderFactory, OrderLineFactory, StaffUserFactory
from tests.reviews.trends.world import unhappy

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 18, 9, 0, tzinfo=UTC)
State = FollowUp.State


@pytest.fixture
def wanted(django_capture_on_commit_callbacks):
    """Reviews whose follow-up was announced."""
    seen = []

    def note(review_id, **kwargs):
        seen.append(review_id)

    signals.follow_up_wanted.connect(note)
    yield seen
    signals.follow_up_wanted.disconnect(note)


def test_an_unhappy_customer_is_listed_once_and_announced_once(wanted, django_capture_on_commit_callbacks):
    review = unhappy(NOW)

    with django_capture_on_commit_callbacks(execute=True):
        first = following.follow(now=NOW)
        second = following.follow(now=NOW)

    assert first == {"listed": 1, "control": 0, "over": 0}
    assert second == {"listed": 0, "control": 0, "over": 0}
    row = FollowUp.objects.get()
    assert (row.review, row.state, row.since) == (review, State.OPEN, NOW)
    assert wanted == [review.pk]


def test_happy_old_and_rejected_reviews_are_not_listed():
    unhappy(NOW, rating=4)
    unhappy(NOW, sentiment=Sentiment.POSITIVE)
    unhappy(NOW, days=30.1)
    unhappy(NOW, status=Review.Status.REJECTED, reason=Review.Reason.OTHER)
    mixed = unhappy(NOW, rating=3, sentiment=Sentiment.MIXED)

    following.follow(now=NOW)

    assert list(FollowUp.objects.values_list("review", flat=True)) == [mixed.pk]


def test_the_order_is_the_last_paid_one_with_the_product_before_the_review():
    review = unhappy(NOW)
    for days, status in ((40, Order.Status.DELIVERED), (9, Order.Status.DELIVERED), (5, Order.Status.CANCELLED),
                         (0, Order.Status.PAID)):  # fmt: skip
        order = OrderFactory.create(customer=review.customer, status=status, placed_at=NOW - timedelta(days=days))
        OrderLineFactory.create(order=order, product=review.product)
    OrderLineFactory.create(order=OrderFactory.create(customer=review.customer, placed_at=NOW - timedelta(days=2)))

    following.follow(now=NOW)

    assert FollowUp.objects.get().order.placed_at == NOW - timedelta(days=9)


def test_a_review_that_reads_otherwise_by_now_is_taken_off():
    review, rejected = unhappy(NOW), unhappy(NOW)
    following.follow(now=NOW)
    ReviewReading.objects.filter(review=review).update(corrected=Sentiment.POSITIVE)
    Review.objects.filter(pk=rejected.pk).update(status=Review.Status.REJECTED, reason=Review.Reason.OTHER)

    assert following.follow(now=NOW)["over"] == 2

    assert set(FollowUp.objects.values_list("state", flat=True)) == {State.NEEDLESS}


def test_who_is_unhappy_after_all_stands_on_the_list_again(wanted, django_capture_on_commit_callbacks):
    """A rejection by mistake and a correction that was taken back lose nobody."""
    editor = StaffUserFactory.create()
    rejected, corrected, gone = unhappy(NOW), unhappy(NOW), unhappy(NOW)
    following.follow(now=NOW)
    by_mistake = services.reject([rejected.pk], by=editor, reason="abusive")
    otherwise = services.correct([corrected.pk], Sentiment.POSITIVE, by=editor)
    services.correct([gone.pk], Sentiment.POSITIVE, by=editor)
    following.follow(now=NOW)
    assert not FollowUp.objects.open().exists()
    services.undo_decision(by_mistake.undo, by=editor)
    services.undo_correction(otherwise.undo, by=editor)

    with django_capture_on_commit_callbacks(execute=True):
        told = following.follow(now=NOW + timedelta(hours=1))

    assert told == {"listed": 2, "control": 0, "over": 0}
    assert set(FollowUp.objects.open().values_list("pk", "handled_at")) == {(rejected.pk, None), (corrected.pk, None)}
    assert wanted == [rejected.pk, corrected.pk]
    assert following.follow(now=NOW + timedelta(hours=1))["listed"] == 0


def test_what_staff_found_needless_or_went_off_long_ago_stays_off():
    said, old = unhappy(NOW), unhappy(NOW)
    following.follow(now=NOW)
    following.settle([said.pk], State.NEEDLESS, by=StaffUserFactory.create())
    FollowUp.objects.filter(pk=old.pk).update(state=State.NEEDLESS, handled_at=NOW - timedelta(days=31))

    assert following.follow(now=NOW)["listed"] == 0


def test_what_staff_handled_is_not_listed_again():
    unhappy(NOW)
    following.follow(now=NOW)
    following.settle([FollowUp.objects.get().pk], State.HANDLED, by=StaffUserFactory.create(), note="Sent a new one.")

    following.follow(now=NOW)

    assert FollowUp.objects.get().state == State.HANDLED


def test_the_control_group_is_on_no_list_and_is_not_announced(monkeypatch, wanted, django_capture_on_commit_callbacks):
    listed, left = unhappy(NOW), unhappy(NOW)

    def placed(*, kind, target, subject):
        is_left = subject.customer == left.customer.public_id
        return Placed(1, "e", 2, "a", {"listed": not is_left}, is_left, subject.customer)

    monkeypatch.setattr(trials, "arm_for", placed)
    shown = []
    monkeypatch.setattr(trials, "expose", shown.append)

    with django_capture_on_commit_callbacks(execute=True):
        told = following.follow(now=NOW)

    assert told == {"listed": 1, "control": 1, "over": 0}
    assert list(FollowUp.objects.listed()) == [listed.follow_up]
    assert wanted == [listed.pk]
    assert {one.subject for one in shown} == {listed.customer.public_id, left.customer.public_id}


def test_the_holdout_gets_the_control_and_takes_no_part(monkeypatch):
    unhappy(NOW)
    held = Placed(1, "holdout", 2, "without", {"listed": False}, True, "v", is_held_out=True)
    monkeypatch.setattr(trials, "arm_for", lambda **kwargs: held)
    shown = []
    monkeypatch.setattr(trials, "expose", shown.append)

    assert following.follow(now=NOW)["control"] == 1
    assert shown == []


def test_who_is_not_followed_by_the_shop_is_in_no_experiment(monkeypatch):
    unhappy(NOW, customer=CustomerFactory.create(is_personalised=False))
    monkeypatch.setattr(trials, "arm_for", lambda **kwargs: pytest.fail("asked"))

    assert following.follow(now=NOW)["listed"] == 1


def test_the_list_costs_the_same_for_many(django_assert_max_num_queries):
    for _each in range(20):
        unhappy(NOW)

    with django_assert_max_num_queries(12):
        following.follow(now=NOW)


def test_staff_settle_and_open_again():
    row, by = FollowUpFactory.create(), StaffUserFactory.create()

    assert following.settle([row.pk], State.HANDLED, by=by, note=" Refunded. ") == [row.pk]
    assert following.settle([row.pk], State.HANDLED, by=by) == []
    row.refresh_from_db()
    assert (row.state, row.note, row.handled_by, row.handled_at is not None) == (State.HANDLED, "Refunded.", by, True)

    following.settle([row.pk], State.OPEN, by=by)

    row.refresh_from_db()
    assert (row.state, row.note, row.handled_by, row.handled_at) == (State.OPEN, "Refunded.", None, None)


@pytest.mark.parametrize(("state", "note"), [("control", ""), ("gone", ""), (State.HANDLED, "x" * 501)])
def test_other_states_and_long_notes_are_refused(state, note):
    row = FollowUpFactory.create()

    with pytest.raises(BadInput):
        following.settle([row.pk], state, by=StaffUserFactory.create(), note=note)

    row.refresh_from_db()
    assert (row.state, row.note) == (State.OPEN, "")


def test_the_control_group_cannot_be_settled():
    row = FollowUpFactory.create(state=State.CONTROL)

    assert following.settle([row.pk], State.HANDLED, by=StaffUserFactory.create()) == []
