"""What a merge means: consent, ids of before, points, late rows, the limits of an undo."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analytics.facts import counting
from catalog import merging, selectors, services
from catalog.exceptions import NotFound
from catalog.models import Customer, CustomerMerge, CustomerMergeRows, Order
from core import rights
from core.models import DataRequest
from core.rights import erasing
from crm import services as points
from crm.models import LoyaltyAccount, LoyaltyTransaction
from tests.crm.conftest import buy, finish, programme  # noqa: F401
from tests.crm.test_staff import adds_up, numbers
from tests.factories import CustomerFactory, OrderFactory, ReviewFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(db):
    kept = CustomerFactory.create(name="Lin", email="lin@shop.test", external_id="A-1")
    gone = CustomerFactory.create(name="Lin W", phone="+86 138", email="other@shop.test", external_id="A-2")
    return kept, gone


def merge(two):
    kept, gone = two
    return merging.merge(kept_id=kept.pk, gone_id=gone.pk)


def test_the_kept_record_gains_what_it_lacked_and_keeps_what_it_says(two):
    kept, gone = two
    Customer.objects.filter(pk=gone.pk).update(joined_at=timezone.now() - timedelta(days=900), is_personalised=False)
    done = merge(two)

    kept.refresh_from_db()
    assert (kept.name, kept.email, kept.phone) == ("Lin", "lin@shop.test", "+86 138")
    assert kept.is_personalised is False
    assert timezone.now() - kept.joined_at > timedelta(days=899)
    assert list(Customer.objects.existing()) == [kept]

    merging.undo(done.pk)
    kept.refresh_from_db()
    assert (kept.phone, kept.is_personalised) == ("", True)


def test_an_edit_after_the_merge_stays_and_the_undo_says_that_something_came_since(two):
    kept, gone = two
    done = merge(two)
    Customer.objects.filter(pk=kept.pk).update(phone="+86 999")
    since = OrderFactory.create(customer=kept)

    undone = merging.undo(done.pk)

    kept.refresh_from_db()
    assert undone == merging.Undone(is_exact=False, missing=0)
    assert kept.phone == "+86 999"
    assert list(kept.orders.all()) == [since]
    assert not gone.orders.exists()


def test_ids_of_the_merged_record_stand_for_the_kept_one_until_the_undo(two):
    kept, gone = two
    done = merge(two)

    assert Customer.objects.known_as("ext:A-2") == kept
    assert selectors.customer_by_public_id(gone.public_id) == kept
    assert services.see_visitor(customer="ext:A-2").customer_id == kept.pk

    merging.undo(done.pk)
    assert Customer.objects.known_as("ext:A-2") == gone


def test_a_row_whose_place_is_taken_stays_with_the_merged_record(two):
    kept, gone = two
    review = ReviewFactory.create(customer=kept)
    other = ReviewFactory.create(customer=gone, product=review.product)
    free = ReviewFactory.create(customer=gone)
    done = merge(two)

    for row in (other, free):
        row.refresh_from_db()
    assert (other.customer, free.customer) == (gone, kept)
    assert merging.undo(done.pk).is_exact


def test_chains_follow_to_the_last_and_come_apart_from_the_end(two):
    kept, gone = two
    last = CustomerFactory.create()
    order = OrderFactory.create(customer=gone)
    first = merge(two)
    second = merging.merge(kept_id=last.pk, gone_id=kept.pk)
    assert Customer.objects.known_as("ext:A-2") == last

    with pytest.raises(merging.MergeRefused):
        merging.undo(first.pk)

    assert merging.undo(second.pk).is_exact
    assert merging.undo(first.pk).is_exact
    assert Order.objects.get(pk=order.pk).customer == gone


def test_what_came_for_the_merged_record_a_moment_later_follows_and_goes_back(two):
    kept, gone = two
    done = merge(two)
    late = OrderFactory.create(customer=gone)

    assert [merging.gather_late_rows(), merging.gather_late_rows()] == [1, 0]
    late.refresh_from_db()
    assert late.customer == kept
    merging.undo(done.pk)
    late.refresh_from_db()
    assert late.customer == gone


def test_after_thirty_days_nothing_is_kept_for_an_undo(two):
    OrderFactory.create(customer=two[1])
    done = merge(two)
    CustomerMerge.objects.update(undo_until=timezone.now() - timedelta(seconds=1))

    with pytest.raises(merging.MergeRefused):
        merging.undo(done.pk)
    assert [merging.end_old_merges(), merging.end_old_merges()] == [1, 0]
    assert not CustomerMergeRows.objects.exists()
    assert Customer.objects.known_as("ext:A-2") == two[0]


def test_refusals_change_nothing(two):
    kept, gone = two
    erased = CustomerFactory.create(erased_at=timezone.now())
    with pytest.raises(merging.MergeRefused):
        merging.merge(kept_id=kept.pk, gone_id=kept.pk)
    with pytest.raises(NotFound):
        merging.merge(kept_id=kept.pk, gone_id=erased.pk)
    rights.ask("erase", "catalog.Customer", gone.pk, channel="staff", is_approved=False)
    with pytest.raises(merging.MergeRefused):
        merge(two)
    assert not CustomerMerge.objects.exists()

    DataRequest.objects.update(state="refused")
    done = merge(two)
    merging.undo(done.pk)
    with pytest.raises(merging.MergeRefused):
        merging.undo(done.pk)


def test_an_erasure_takes_the_merged_record_along(two):
    kept, gone = two
    done = merge(two)
    erasing.erase("catalog.Customer", kept.pk)

    for row in (kept, gone):
        row.refresh_from_db()
        assert (row.name, row.email, row.phone, row.external_id) == ("", "", "", None)
    assert not CustomerMergeRows.objects.exists()
    with pytest.raises(merging.MergeRefused):
        merging.undo(done.pk)


def test_figures_that_are_counted_are_as_before_once_both_were_counted_again(two):
    kept, gone = two
    for customer in (kept, gone, gone):
        OrderFactory.create(
            customer=customer, status="paid", paid_at=timezone.now(), lines_total=10, total=10, paid_total=10
        )
    counting.count()
    before = stats(two)
    done = merge(two)
    counting.count()
    assert stats(two)[0][0] == 3

    merging.undo(done.pk)
    counting.count()
    assert stats(two) == before


def stats(two):
    from analytics.models import CustomerStats

    found = dict(CustomerStats.objects.values_list("customer_id", "orders"))
    return [(found.get(one.pk), CustomerStats.objects.filter(customer=one).values().first()) for one in two]


# --- points ---------------------------------------------------------------------------------------------------------


def test_points_come_together_and_apart_again(two, buy):  # noqa: F811
    kept, gone = two
    for customer, amount in ((kept, 80), (gone, 100)):
        finish(buy(customer, amount))
    buy(gone, 30)
    done = merge(two)
    assert (numbers(kept), numbers(gone)) == ((180, 30, 0), (0, 0, 0))

    assert merging.undo(done.pk).is_exact
    assert (numbers(kept), numbers(gone)) == ((80, 0, 0), (100, 30, 0))
    adds_up()


def test_a_debt_that_the_others_points_paid_is_a_debt_again(two, buy):  # noqa: F811
    from catalog import services as shop

    kept, gone = two
    spent = buy(kept, 80)
    finish(spent)
    points.redeem(customer_id=kept.pk, points=80)
    shop.refund_order(spent.pk, amount=80)
    points.settle_order(spent.pk)
    finish(buy(gone, 100))
    assert numbers(kept) == (0, 0, 80)
    done = merge(two)
    assert numbers(kept) == (20, 0, 0)

    assert merging.undo(done.pk).is_exact
    assert (numbers(kept), numbers(gone)) == ((0, 0, 80), (100, 0, 0))
    adds_up()


def test_points_spent_in_between_are_the_loss_of_whose_lot_they_were(two, buy):  # noqa: F811
    kept, gone = two
    for customer, amount in ((gone, 100), (kept, 80)):
        finish(buy(customer, amount))
    done = merge(two)
    points.redeem(customer_id=kept.pk, points=120)

    assert merging.undo(done.pk).is_exact is False
    assert numbers(kept)[0] + numbers(gone)[0] == 60
    adds_up()


def test_an_account_alone_moves_as_a_whole_and_new_points_stay(two, buy):  # noqa: F811
    kept, gone = two
    finish(buy(gone, 100))
    done = merge(two)
    finish(buy(kept, 7))
    assert numbers(kept) == (107, 0, 0)

    merging.undo(done.pk)

    assert (numbers(kept), numbers(gone)) == ((7, 0, 0), (100, 0, 0))
    assert LoyaltyAccount.objects.count() == 2
    adds_up()


def test_two_merges_of_the_same_records_are_two_pairs_of_transactions(two, buy):  # noqa: F811
    kept, gone = two
    for customer in two:
        finish(buy(customer, 50))
    for _twice in range(2):
        merging.undo(merge(two).pk)

    assert LoyaltyTransaction.objects.filter(kind="merge").count() == 4
    assert (numbers(kept), numbers(gone)) == ((50, 0, 0), (50, 0, 0))
    adds_up()
