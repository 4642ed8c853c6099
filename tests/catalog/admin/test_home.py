"""The shop's part of the home page."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog import figures
from catalog.models import Order, Product
from core.shop import current_shop
from tests.factories import CustomerFactory, OrderFactory, ProductFactory, RefundFactory

pytestmark = pytest.mark.django_db


def paid(at: datetime, amount: str, **more) -> Order:
    worth = Decimal(amount)
    return OrderFactory.create(
        status="paid", placed_at=at, paid_at=at, lines_total=worth, total=worth, paid_total=worth, **more
    )


@pytest.fixture(autouse=True)
def nothing_is_remembered():
    """On a busy machine the figures of the test before took long enough to be remembered."""
    cache.clear()


@pytest.fixture(autouse=True)
def in_shop_time(shop):
    with timezone.override("Asia/Shanghai"):
        yield


def test_revenue_is_net_of_refunds_in_the_base_currency_and_compared_with_the_window_before():
    now = timezone.now()
    paid(now, "100")
    paid(now - timedelta(days=27), "50")
    foreign = paid(now, "10", currency="USD", base_rate=Decimal("7"))
    paid(now - timedelta(days=30), "30")
    paid(now - timedelta(days=90), "999")
    RefundFactory.create(order=foreign, amount=Decimal("2"), currency="USD", refunded_at=now)
    RefundFactory.create(order=None, amount=Decimal("5"), refunded_at=now)

    found = figures.shop_figures(figures.shop_clock(), "CNY")

    assert found.revenue == Decimal("100") + 50 + 70 - 14 - 5
    assert found.revenue_before == Decimal("30")
    assert found.orders_daily[-1] == 2
    assert len(found.orders_daily) == 28


def test_an_unfinished_day_is_compared_with_the_same_time_a_week_ago():
    now = timezone.now()
    clock = figures.ShopClock(now=now, is_history=False)
    paid(now, "1")
    paid(now - timedelta(days=7, seconds=1), "1")
    paid(now - timedelta(days=7) + timedelta(seconds=1), "1")

    found = figures.shop_figures(clock, "CNY")

    assert (found.orders_today, found.orders_week_ago) == (1, 1)


def test_figures_of_an_imported_history_stand_for_its_last_day():
    end = datetime(2010, 11, 30, 9, tzinfo=UTC)
    paid(end, "80")
    paid(end - timedelta(days=20), "20")

    clock = figures.shop_clock()

    assert clock.is_history
    assert str(clock.today) == "2010-11-30"
    assert figures.shop_figures(clock, "CNY").revenue == Decimal("100")
    assert clock.days[0].isoformat() == "2010-11-03"


def test_orders_dated_to_the_future_do_not_bring_an_ended_history_back():
    paid(datetime(2010, 11, 30, 9, tzinfo=UTC), "80")
    paid(timezone.now() + timedelta(days=200), "80")

    assert str(figures.shop_clock().today) == "2010-11-30"


def test_a_history_has_ended_when_no_whole_28_days_hold_an_order():
    today = timezone.localdate()
    paid(timezone.make_aware(datetime.combine(today - timedelta(days=28), time.min)), "80")
    assert not figures.shop_clock().is_history

    Order.objects.update(paid_at=F("paid_at") - timedelta(seconds=1))
    assert figures.shop_clock().is_history


def test_the_home_page_of_an_imported_history_says_its_date(client):
    paid(datetime(2010, 11, 30, 9, tzinfo=UTC), "80")

    page = client.get("/admin/").content.decode()

    assert "Orders on 30 Nov 2010" in page
    assert "Figures as of 30 Nov 2010" in page


def test_the_shop_asks_few_queries_for_its_card(rf, boss):
    for _ in range(3):
        ProductFactory.create(stock=2)
        ProductFactory.create(status=Product.Status.DRAFT)
    paid(timezone.now(), "10")
    request = rf.get("/admin/")
    request.user = boss
    current_shop()
    from catalog.dashboard import cards

    with CaptureQueriesContext(connection) as found:
        card = cards(request)

    assert len(found) <= 4
    assert [item.count for item in card.work] == [3, 0, 3]
    assert [str(figure.label) for figure in card.figures] == [
        "Orders today", "Revenue, 28 days", "New customers, 28 days", "Low stock",
    ]  # fmt: skip


def test_a_person_sees_only_figures_of_what_they_may_open(client_with):
    CustomerFactory.create()
    page = client_with("catalog.view_order").get("/admin/").content.decode()

    assert "Orders today" in page
    assert "New customers" not in page
    assert "Low stock" not in page
    assert "almost sold out" not in client_with("catalog.view_product").get("/admin/").content.decode()
