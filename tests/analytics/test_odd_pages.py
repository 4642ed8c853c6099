"""Every page of figures in shops as nobody would make them: it opens, in few queries, and no number is none."""

import html
import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.customers import work
from analytics.facts import counting, rfm
from analytics.forecasts import making, unusual
from analytics.models import ScoreKind
from analytics.quality import looking
from catalog.models import Order
from core.choices import Role
from tests.analytics.customers.conftest import noon, place
from tests.factories import CustomerFactory, RefundFactory, ShopProfileFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
MOST_QUERIES = 15
PAGES = [
    "", "analytics/sales/", "analytics/sales/?within=year&against=year&by=month", "analytics/sales/?part=buyers",
    "analytics/products/", "analytics/products/?show=categories", "analytics/products/?show=prices",
    "analytics/products/?show=baskets&part=baskets", "analytics/cohorts/", "analytics/cohorts/?by=week",
    "analytics/funnel/", "analytics/live/", "analytics/customers/", "analytics/customers/?list=value&days=30",
    "analytics/forecast/", "analytics/forecast/?measure=items", "analytics/anomalies/", "analytics/impact/",
    "analytics/quality/", "analytics/segment/",
]  # fmt: skip
NO_NUMBER = re.compile(r"(?<![\w/.-])(?:-?inf(?:inity)?|nan)(?![\w-])", re.IGNORECASE)
CHART = re.compile(r'data-chart="([^"]+)"')


def _empty() -> None:
    """Nobody bought anything."""


def _one_order() -> None:
    place(CustomerFactory.create(), noon(3), 5, "one").save()


def _all_the_same() -> None:
    people = CustomerFactory.create_batch(25)
    Order.objects.bulk_create(place(people[day % 25], noon(day), 20, f"s{day}") for day in range(1, 120))


def _below_zero() -> None:
    people = CustomerFactory.create_batch(25)
    Order.objects.bulk_create(place(people[day % 25], noon(day), 1, f"n{day}") for day in range(1, 120))
    for day in range(1, 90, 3):
        RefundFactory.create(order=None, customer=people[day % 25], amount=50, currency="CNY", refunded_at=noon(day))


def _only_refunds() -> None:
    for day in (1, 5, 40):
        RefundFactory.create(order=None, customer=CustomerFactory.create(), amount=9, currency="CNY",
                             refunded_at=noon(day))  # fmt: skip


def _nothing_paid() -> None:
    people = CustomerFactory.create_batch(5)
    Order.objects.bulk_create(place(people[day % 5], noon(day), 0, f"z{day}") for day in range(1, 90))


def _many_currencies() -> None:
    people = CustomerFactory.create_batch(25)
    for day in range(1, 100):
        more = {"currency": "JPY", "base_rate": "0.00000001"} if day % 2 else {"currency": "BTC", "base_rate": 600_000}
        place(people[day % 25], noon(day), 7, f"c{day}", **more).save()


def _the_future() -> None:
    people = CustomerFactory.create_batch(3)
    Order.objects.bulk_create(place(people[day % 3], noon(-day), 8, f"f{day}") for day in range(1, 400, 9))


def _one_customer() -> None:
    one = CustomerFactory.create()
    Order.objects.bulk_create(place(one, noon(n // 10 + 1), 3, f"h{n}") for n in range(1_500))


def _long_ago() -> None:
    one = CustomerFactory.create()
    place(one, timezone.now() - timedelta(days=365 * 40), 3, "old").save()
    place(one, noon(1), 3, "new").save()


SHOPS = [
    _empty, _one_order, _all_the_same, _below_zero, _only_refunds, _nothing_paid, _many_currencies, _the_future,
    _one_customer, _long_ago,
]  # fmt: skip


def _night() -> None:
    """What the jobs of a night do."""
    counting.rebuild()
    rfm.score()
    for kind in ScoreKind:
        work.train(kind)
    work.nightly()
    making.make()
    unusual.look()
    looking.look()


@pytest.mark.parametrize("fill", SHOPS, ids=lambda fill: fill.__name__.strip("_"))
def test_every_page_opens_with_numbers_that_are_numbers(client, settings, tmp_path, fill):
    settings.MODEL_ROOT = tmp_path
    ShopProfileFactory.create(name="Shop", base_currency="CNY")
    fill()
    _night()
    client.force_login(StaffUserFactory.create(role=Role.OWNER))
    client.get("/admin/")  # what a process remembers

    for page in PAGES:
        with CaptureQueriesContext(connection) as seen:
            answer = client.get(f"/admin/{page}")
        text = answer.content.decode()

        assert answer.status_code == 200, page
        reads = [query["sql"] for query in seen if "SAVEPOINT" not in query["sql"]]
        assert len(reads) <= MOST_QUERIES, (page, reads)
        assert not NO_NUMBER.search(text), (page, NO_NUMBER.search(text))
        for spec in CHART.findall(text):
            json.loads(html.unescape(spec), parse_constant=lambda word: pytest.fail(f"{word} in a chart"))
