"""RFM scores follow from the figures, are stable, and are written where they changed."""

from datetime import date, timedelta

import pytest

from analytics.facts import counting, rfm
from analytics.models import CustomerScore
from catalog.models import CustomerTrait, Order
from tests.analytics.facts.conftest import NOW, at
from tests.factories import CustomerFactory

TODAY = NOW.date()


@pytest.fixture
def five(books):
    """Customer n (0 to 4) bought n + 1 times, last 40 - 10 n days ago."""
    customers = CustomerFactory.create_batch(5)
    for place, customer in enumerate(customers):
        for turn in range(place + 1):
            books.sell(customer, at("2026-06-15") - timedelta(days=40 - 10 * place + turn), 10 * (place + 1))
    counting.refresh()
    return customers


def scores():
    found = CustomerScore.objects.order_by("customer_id")
    return list(found.values_list("recency", "frequency", "money", "rfm_segment"))


def test_scores_and_names_say_who_bought_lately_often_and_much(five):
    assert rfm.score() == {"customers": 5, "changed": 5, "as_of": "2026-06-15"}

    assert scores() == [
        (1, 1, 1, "hibernating"), (2, 2, 2, "hibernating"), (3, 3, 3, "needs_attention"), (4, 4, 4, "loyal"),
        (5, 5, 5, "champions"),
    ]  # fmt: skip
    trait = CustomerTrait.objects.get(customer=five[4])
    assert (trait.kind, trait.value) == ("rfm", "champions")
    assert trait.reasons == [
        {"reason": "recency", "value": 0, "score": 5}, {"reason": "frequency", "value": 5, "score": 5},
        {"reason": "money", "value": 250.0, "score": 5},
    ]  # fmt: skip


def test_a_second_run_writes_nothing_and_another_day_only_what_changed(five):
    rfm.score()
    assert rfm.score()["changed"] == 0
    assert rfm.score(TODAY + timedelta(days=3))["changed"] == 0
    assert CustomerScore.objects.filter(rfm_as_of=TODAY).count() == 5


def test_the_day_is_fixed_and_what_came_later_is_not_looked_at(five):
    assert rfm.score(date(2026, 5, 5))["customers"] == 0
    assert rfm.score(date(2026, 5, 6))["customers"] == 1
    assert scores() == [(3, 3, 3, "needs_attention")]


def test_equal_customers_are_parted_by_their_number_whatever_the_order_of_rows(books):
    customers = CustomerFactory.create_batch(10)
    for place in (7, 2, 9, 0, 4, 1, 8, 3, 6, 5):
        books.sell(customers[place], "2026-06-01" if place else "2026-06-02")
    counting.refresh()
    rfm.score()
    assert [row[0] for row in scores()] == [5, 1, 1, 2, 2, 3, 3, 4, 4, 5]


def test_who_has_no_order_any_more_or_was_erased_has_no_scores(five):
    rfm.score()
    Order.objects.filter(customer=five[0]).delete()
    five[1].erased_at = NOW
    five[1].save()
    CustomerScore.objects.filter(customer=five[1]).delete()
    counting.refresh()

    assert rfm.score()["customers"] == 3

    assert CustomerScore.objects.get(customer=five[0]).rfm_segment == ""
    assert set(CustomerTrait.objects.values_list("customer_id", flat=True)) == {c.pk for c in five[1:]}
    assert not CustomerScore.objects.filter(customer=five[1]).exists()


def test_an_empty_shop_has_nobody_to_score(books):
    assert rfm.score()["customers"] == 0
    rfm.first_score()
    assert not CustomerScore.objects.exists()


def test_orders_of_the_future_are_as_recent_as_can_be(books):
    customer = CustomerFactory.create()
    books.sell(customer, "2026-06-10")
    books.sell(customer, "2031-01-01")
    counting.refresh()
    rfm.score()
    assert CustomerTrait.objects.get().reasons[0]["value"] == 0
