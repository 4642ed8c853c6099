"""Shops as nobody would make them: each gets a sensible answer or a refusal with its name."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from analytics import datasets
from analytics.customers import scoring, work
from analytics.facts import counting, rfm
from analytics.models import CustomerScore, CustomerStats, ScoreKind, ScoreRun
from catalog.models import CustomerTrait, Order
from tests.analytics.customers.conftest import noon, place
from tests.factories import CustomerFactory, RefundFactory, ShopProfileFactory

pytestmark = pytest.mark.django_db
SCORES = ("alive", "expected_orders", "value", "churn_30", "churn_60", "churn_90", "propensity_30")
MANY = """
INSERT INTO catalog_order (public_id, number, customer_id, status, currency, base_rate, lines_total, total, paid_total,
    channel, country, placed_at, paid_at, created_at, updated_at)
SELECT 'many-' || n, 'M' || n, %(customer)s, 'paid', 'CNY', 1, 10, 10, 10, '', '', moment, moment, now(), now()
FROM (SELECT n, %(last)s - (n %% 300) * interval '1 day' AS moment FROM generate_series(1, 100000) n) o
"""


@pytest.fixture
def people(db):
    """Thirty customers with four orders each over most of a year."""
    ShopProfileFactory.create(name="Shop", base_currency="CNY", time_zone="UTC")
    found = CustomerFactory.create_batch(30)
    Order.objects.bulk_create(
        place(one, noon(1 + 3 * number + 60 * again), 20 + number, f"p{number}-{again}")
        for number, one in enumerate(found)
        for again in range(4)
    )
    return found


def train_all():
    for kind in ScoreKind:
        assert "refused" not in work.train(kind)


def stands(customer):
    """Every score of the customer is a number where it should be, and every trait is JSON."""
    row = CustomerScore.objects.get(customer=customer)
    for name in SCORES:
        value = float(getattr(row, name))
        assert 0 <= value < 1e12, name
    for trait in CustomerTrait.objects.filter(customer=customer):
        json.dumps([trait.value, trait.reasons], allow_nan=False)
    return row


@pytest.mark.parametrize(
    ("kind", "reason", "needed", "known"),
    [("value", "days", 60, 10), ("churn", "customers", 20, 1), ("propensity", "customers", 20, 1)],
)
def test_one_order_is_refused_with_what_is_needed_and_what_is_there(db, kind, reason, needed, known):
    ShopProfileFactory.create(name="Shop", time_zone="UTC")
    place(CustomerFactory.create(), noon(10), 5, "one").save()

    assert work.train(ScoreKind(kind)) == {"refused": reason}
    stored = ScoreRun.objects.get(kind=kind).refusal
    assert (stored["reason"], stored["needed"], stored["known"]) == (reason, needed, known)
    assert not CustomerScore.objects.exists()


def test_a_customer_with_100_000_orders_is_scored_like_one_who_comes_every_day(people):
    heavy, daily = CustomerFactory.create(), CustomerFactory.create()
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"customer": heavy.pk, "last": noon(1)})
    Order.objects.bulk_create(place(daily, noon(1 + n), 10, f"d{n}") for n in range(300))

    train_all()
    counting.rebuild()
    rfm.score()

    own, other = stands(heavy), stands(daily)
    assert CustomerStats.objects.get(customer=heavy).orders == 100_000
    assert (own.alive, own.expected_orders) == (other.alive, other.expected_orders)
    assert 300 < own.expected_orders <= 365
    assert own.value > 100 * other.value
    assert (own.recency, own.frequency, own.money, own.rfm_segment) == (5, 5, 5, "champions")


def test_who_got_back_more_than_they_paid_is_worth_little_and_breaks_nothing(people):
    negative = people[3]
    RefundFactory.create(order=None, customer=negative, amount=5_000, currency="CNY", refunded_at=noon(2))

    train_all()
    counting.rebuild()
    rfm.score()

    row = stands(negative)
    assert CustomerStats.objects.get(customer=negative).revenue < 0
    assert row.money == 1
    stored = CustomerTrait.objects.get(customer=negative, kind="rfm").reasons[2]
    assert (stored["reason"], stored["score"]) == ("money", 1)
    assert stored["value"] == float(CustomerStats.objects.get(customer=negative).revenue)


def test_orders_in_several_currencies_score_as_their_worth_in_the_base_currency(people):
    plain, foreign = CustomerFactory.create(), CustomerFactory.create()
    for number, ago in enumerate((200, 120, 30)):
        place(plain, noon(ago), 80, f"c{number}").save()
        place(foreign, noon(ago), 10, f"e{number}", currency="EUR", base_rate=8).save()

    train_all()

    own, other = stands(foreign), stands(plain)
    assert [getattr(own, name) for name in SCORES] == [getattr(other, name) for name in SCORES]


def test_what_is_dated_into_the_future_is_not_known_yet(people):
    train_all()
    before = {name: getattr(stands(people[0]), name) for name in SCORES}
    place(people[0], noon(-40), 999, "later").save()
    place(CustomerFactory.create(), noon(-3), 999, "only later").save()

    for kind in ScoreKind:
        assert scoring.score(kind).customers == 30

    assert {name: getattr(stands(people[0]), name) for name in SCORES} == before


@pytest.mark.parametrize("kind", ScoreKind)
def test_a_shop_with_orders_of_the_future_alone_has_none_yet(db, kind):
    ShopProfileFactory.create(name="Shop")
    place(CustomerFactory.create(), timezone.localtime() + timedelta(days=30), 5, "one").save()

    assert datasets.known_until() is None
    assert work.train(kind) == {"refused": "orders"}


def test_all_the_same_amount_gives_everybody_that_amount_per_order(db):
    ShopProfileFactory.create(name="Shop", base_currency="CNY")
    some = CustomerFactory.create_batch(30)
    Order.objects.bulk_create(
        place(one, noon(200 - 2 * number - 45 * again), 25, f"s{number}-{again}")
        for number, one in enumerate(some)
        for again in range(3)
    )

    train_all()

    for row in map(stands, some):
        worth = CustomerTrait.objects.get(customer=row.customer, kind="value").reasons[1]
        assert (worth["reason"], worth["value"]) == ("worth", 25.0)
