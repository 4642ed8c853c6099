"""Forecasts of a night, what became of earlier ones, unusual days and stock that ends."""

import itertools
import json
from datetime import date, datetime, time, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from django.utils import timezone, translation

from analytics.facts import counting as facts
from analytics.forecasts import alerts, making, series, stock, unusual
from analytics.forecasts.words import refusal, sentence
from analytics.models import Anomaly, DailySales, Forecast, Measure, ProductDay
from core.choices import Role
from core.models import Alert
from core.shop import shop_zone
from tests.factories import (
    AnomalyFactory,
    CategoryFactory,
    DailySalesFactory,
    ForecastFactory,
    OrderFactory,
    ProductDayFactory,
    ProductFactory,
    SalesPartFactory,
    ShopProfileFactory,
    StaffUserFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db
LAST = date(2026, 6, 30)
WEEK = [100, 120, 140, 160, 200, 260, 180]


@pytest.fixture(autouse=True)
def shop(db, settings, tmp_path):
    settings.MODEL_ROOT = tmp_path
    ShopProfileFactory.create(name="Shop")


def sold(days, *, end=LAST, noise=0.0):
    rng = np.random.default_rng(0)
    DailySales.objects.bulk_create(
        DailySales(
            day=end - timedelta(days=back), orders=WEEK[back % 7] // 20, items=WEEK[back % 7] // 10,
            revenue=round(WEEK[back % 7] * (1 + noise * rng.normal()), 2),
        )
        for back in range(days)
    )  # fmt: skip


def test_the_shop_is_forecast_with_a_range_and_its_back_test():
    sold(200, noise=0.05)

    found = making.make(LAST)

    row = Forecast.objects.get(scope="shop", measure="revenue")
    assert found["made"] == 3
    assert (row.is_newest, len(row.values), row.days_known) == (True, 28, 200)
    assert row.values[6] == pytest.approx(WEEK[0], rel=0.15)  # seven days on is the weekday of the last day
    assert all(low <= value <= high for low, value, high in zip(row.low, row.values, row.high, strict=True))
    assert row.week["low"] < sum(WEEK) < row.week["high"]
    assert set(row.tried["methods"]) >= {"seasonal_naive", "combination"}
    assert "8 of 10 such weeks" in sentence(row)
    json.dumps([row.values, row.low, row.week, row.tried], allow_nan=False)


def test_less_than_eight_weeks_is_refused_with_what_is_needed():
    sold(55)

    assert making.make(LAST)["too_short"] == 3

    row = Forecast.objects.get(scope="shop", measure="revenue")
    assert row.values == []
    assert refusal(row) == "Not yet: needs 56 days of sales, has 55 days"


def test_a_shop_without_sales_makes_nothing():
    assert making.make(LAST) == {"judged": 0}
    assert making.make() == {"made": 0}
    assert unusual.look() == {"found": 0}


@pytest.mark.parametrize("value", [0, 50])
def test_a_constant_measure_is_carried_on_without_nan(value):
    DailySales.objects.bulk_create(DailySales(day=LAST - timedelta(days=n), revenue=value) for n in range(150))

    making.make(LAST)

    row = Forecast.objects.get(scope="shop", measure="revenue")
    assert row.values == [value] * 28
    json.dumps([row.values, row.low, row.high, row.week, row.tried, row.mase, row.wape], allow_nan=False)


def test_days_below_zero_stay_finite():
    DailySales.objects.bulk_create(
        DailySales(day=LAST - timedelta(days=n), revenue=-50 if n % 10 == 0 else 80) for n in range(150)
    )

    making.make(LAST)

    assert np.isfinite(Forecast.objects.get(scope="shop", measure="revenue").values).all()


def test_a_night_run_twice_leaves_one_forecast_and_the_next_night_is_the_newest():
    sold(120)

    making.make(LAST - timedelta(days=1))
    making.make(LAST)
    making.make(LAST)

    rows = Forecast.objects.filter(scope="shop", measure="revenue").order_by("as_of")
    assert [(row.as_of, row.is_newest) for row in rows] == [(LAST - timedelta(days=1), False), (LAST, True)]


def test_earlier_forecasts_are_held_against_what_came():
    sold(200, noise=0.05)
    making.make(LAST - timedelta(days=10))

    making.make(LAST)

    row = Forecast.objects.get(scope="shop", measure="revenue", as_of=LAST - timedelta(days=10))
    came = [float(one.revenue) for one in DailySales.objects.filter(day__gt=row.as_of).order_by("day")]
    assert row.days_judged == 10
    assert row.sum_actual == pytest.approx(sum(came))
    assert row.sum_error == pytest.approx(sum(abs(a - b) for a, b in zip(came, row.values, strict=False)), abs=0.1)
    inside = sum(low <= value <= high for low, value, high in zip(row.low, came, row.high, strict=False))
    assert row.days_inside == inside


def test_products_and_their_top_category_are_forecast_and_what_sells_seldom_by_weeks():
    root = CategoryFactory.create()
    often, seldom = ProductFactory.create(category=root), ProductFactory.create(category=root)
    rows = [ProductDay(day=LAST - timedelta(days=n), product=often, items=3, gross=30) for n in range(100)]
    rows += [ProductDay(day=LAST - timedelta(days=7 * n), product=seldom, items=7, gross=70) for n in range(15)]
    ProductDay.objects.bulk_create(rows)

    making.make(LAST)

    pieces = {row.product_id: row for row in Forecast.objects.filter(scope="product", measure="items")}
    assert pieces[often.pk].week["value"] == pytest.approx(21)
    assert pieces[seldom.pk].tried["unit"] == "week"
    assert pieces[seldom.pk].week["value"] == pytest.approx(7)
    assert pieces[seldom.pk].values == [1.0] * 28
    assert pieces[seldom.pk].low == []
    whole = Forecast.objects.get(scope="category", measure="revenue")
    assert (whole.category_id, whole.week["value"]) == (root.pk, pytest.approx(280, rel=0.05))


def test_time_that_is_up_leaves_the_rest_for_the_next_night():
    sold(120)

    assert making.make(LAST, most_seconds=-1.0)["left"] == 3
    assert not Forecast.objects.exists()


def test_what_was_left_for_lack_of_time_keeps_its_forecast_and_comes_first_in_the_next_night(monkeypatch):
    products = [ProductFactory.create() for _n in range(3)]
    ProductDay.objects.bulk_create(
        ProductDay(day=LAST - timedelta(days=n), product=product, items=1 + place, gross=10 * (1 + place))
        for n in range(80) for place, product in enumerate(products)
    )  # fmt: skip
    cheapest = products[0]
    making.make(LAST - timedelta(days=2))

    def night(until):
        # Time passes with each series: four of the six are made.
        ticks = itertools.count(-1)
        monkeypatch.setattr(making, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
        return making.make(until, most_seconds=4.5)

    def newest():
        rows = Forecast.objects.filter(scope="product", is_newest=True).values_list("product", "as_of")
        return {product: LAST - as_of for product, as_of in set(rows)}

    assert night(LAST - timedelta(days=1))["left"] == 2
    assert newest()[cheapest.pk] == timedelta(days=2)
    assert len(newest()) == 3
    night(LAST)
    assert newest()[cheapest.pk] == timedelta(0)


def test_only_the_best_selling_products_are_read():
    for n in range(4):
        ProductDayFactory.create(day=LAST, gross=10 * (n + 1))

    best = {one.product_id for one in series.products(LAST, most=2)}

    assert best == set(ProductDay.objects.order_by("-gross").values_list("product", flat=True)[:2])


# --- stock ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "expected", "passed", "days"),
    [
        (10, [2.0] * 28, 0, 5), (0, [2.0] * 28, 0, 0), (10, [2.0] * 28, 4, 5), (100, [2.0] * 28, 0, 50),
        (10, [0.0] * 28, 0, None), (5_000, [1.0] * 28, 0, None), (3, [0.0, 4.0, 0.0], 0, 1), (3, [], 0, None),
    ],
)  # fmt: skip
def test_stock_ends_on_the_day_it_is_sold(pieces, expected, passed, days):
    assert stock.days_left(pieces, expected, passed=passed) == days


def test_stock_that_is_not_counted_is_left_out():
    counted = VariantFactory.create(stock=7)
    VariantFactory.create(product=counted.product, stock=5)
    free = VariantFactory.create(stock=0, track_stock=False)

    assert stock.stock_of([counted.product_id, free.product_id]) == {counted.product_id: 12}


# --- unusual days --------------------------------------------------------------------------------------------------


def spike():
    """A root category sold ten times as much as usual on the last day; another sold as ever."""
    home, desk = CategoryFactory.create(), CategoryFactory.create()
    lamp, pen = ProductFactory.create(category=home), ProductFactory.create(category=desk)
    for n in range(120):
        day = LAST - timedelta(days=n)
        much = 1000 if n == 0 else 100 + n % 3
        DailySalesFactory.create(day=day, revenue=much + 50, items=5, orders=5)
        ProductDayFactory.create(day=day, product=lamp, gross=much, items=1, orders=1)
        ProductDayFactory.create(day=day, product=pen, gross=50, items=1, orders=1)
    return home, lamp


def test_a_day_far_from_its_weekday_is_found_with_what_drove_it_and_tells_somebody():
    home, lamp = spike()

    unusual.look(LAST)

    row = Anomaly.objects.get(measure=Measure.REVENUE)
    assert (row.day, row.value) == (LAST, 1050.0)
    assert row.score > 3.5
    assert row.drivers["category"] == [
        {"part": home.path, "value": 1000.0, "expected": pytest.approx(101, abs=1), "share": 1.0}
    ]
    assert row.drivers["product"][0]["part"] == str(lamp.pk)
    assert Alert.objects.filter(rule="sales_unusual").filter(resolved_at=None).count() == 1


def test_channels_are_told_in_money_and_only_where_there_are_several():
    def sell(n, channel, amount):
        at = timezone.make_aware(datetime.combine(LAST - timedelta(days=n), time(12)), shop_zone())
        OrderFactory.create(status="paid", channel=channel, placed_at=at, paid_at=at, lines_total=amount, total=amount,
                            paid_total=amount)  # fmt: skip

    for n in range(0, 64, 7):
        sell(n, "app", 500 if n == 0 else 20)
    facts.count()
    assert "channel" not in unusual.drivers(LAST, Measure.REVENUE)

    for n in range(0, 64, 7):
        sell(n, "web", 10)
    facts.count()
    assert unusual.drivers(LAST, Measure.REVENUE)["channel"] == [
        {"part": "app", "value": 500.0, "expected": 20.0, "share": 1.0}
    ]


def test_what_a_channel_gave_back_counts_among_what_drove_a_day():
    for n in range(0, 64, 7):
        for channel in ("app", "web"):
            back = 400 if n == 0 and channel == "web" else 0
            SalesPartFactory.create(
                day=LAST - timedelta(days=n), kind="channel", part=channel, gross=100, refunded=back
            )

    assert unusual.drivers(LAST, Measure.REVENUE)["channel"] == [
        {"part": "web", "value": -300.0, "expected": 100.0, "share": 1.0}
    ]


def test_a_decision_stays_when_the_night_looks_again_and_closes_the_alert():
    spike()
    unusual.look(LAST)
    Anomaly.objects.update(decision=Anomaly.Decision.EXPLAINED, note="a fair")

    unusual.look(LAST)

    row = Anomaly.objects.get(measure=Measure.REVENUE)
    assert (row.decision, row.note) == ("explained", "a fair")
    assert not Alert.objects.filter(rule="sales_unusual").filter(resolved_at=None).exists()


def test_a_day_that_came_right_goes_unless_somebody_decided():
    spike()
    unusual.look(LAST)
    DailySales.objects.filter(day=LAST).update(revenue=150)

    unusual.look(LAST)

    assert not Anomaly.objects.exists()


# --- pages ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def analyst(client):
    client.force_login(StaffUserFactory.create(role=Role.ANALYST))
    return client


def test_the_page_shows_range_back_test_and_list_in_few_queries(analyst, django_assert_max_num_queries):
    product = ProductFactory.create(name="Lamp", stock=-1)
    VariantFactory.create(product=product, stock=5)
    DailySalesFactory.create(day=date(2026, 1, 5))
    ForecastFactory.create(tried={"windows": 8, "length": 28, "unit": "day", "methods": {"combination": {"mase": 0.9}}})
    for measure in ("revenue", "items"):
        ForecastFactory.create(scope="product", measure=measure, product=product, values=[1.0] * 28)

    analyst.get("/admin/analytics/forecast/")  # the shop's profile is known from then on
    with django_assert_max_num_queries(12):
        page = analyst.get("/admin/analytics/forecast/").content.decode()

    assert "8 of 10 such weeks land between" in page
    assert "Mean of all methods but the first" in page
    assert "Lamp" in page
    assert "5 days" in page


@pytest.mark.parametrize(
    "query", ["", "scope=product&id=99", "scope=x&id=y", "measure=orders&scope=category&id=1", "list=z"]
)
def test_any_address_shows_something(analyst, query):
    ForecastFactory.create()

    assert analyst.get(f"/admin/analytics/forecast/?{query}").status_code == 200
    assert analyst.get(f"/admin/analytics/anomalies/?{query}").status_code == 200


def test_an_empty_shop_has_pages_that_say_what_comes(analyst):
    assert "Nothing is forecast yet" in analyst.get("/admin/analytics/forecast/").content.decode()
    assert "Nothing was sold yet" in analyst.get("/admin/analytics/anomalies/").content.decode()
    DailySalesFactory.create()
    assert "The days were not looked at yet" in analyst.get("/admin/analytics/anomalies/").content.decode()
    ForecastFactory.create(as_of=date(2026, 6, 14))
    page = analyst.get("/admin/analytics/anomalies/").content.decode()
    assert "No day was out of the ordinary" in page
    assert "As of 14 Jun 2026" in " ".join(page.split())


def test_somebody_explains_a_day_and_takes_it_back(analyst):
    row = AnomalyFactory.create()

    analyst.post("/admin/analytics/anomalies/", {"decide": row.pk, "decision": "explained", "note": " a fair "})
    row.refresh_from_db()
    assert (row.decision, row.note, row.decided_by is not None) == ("explained", "a fair", True)

    analyst.post("/admin/analytics/anomalies/", {"decide": row.pk, "decision": "open", "note": "a fair"})
    row.refresh_from_db()
    assert (row.decision, row.decided_by) == ("open", None)


@pytest.mark.parametrize("form", [{"decide": "99", "decision": "explained"}, {"decide": "1", "decision": "gone"}])
def test_a_decision_about_nothing_is_not_found(analyst, form):
    assert analyst.post("/admin/analytics/anomalies/", form).status_code == 404


def test_those_who_may_only_look_do_not_decide(client):
    row = AnomalyFactory.create()
    client.force_login(StaffUserFactory.create(role=Role.MARKETER))

    page = client.get("/admin/analytics/anomalies/").content.decode()

    assert "What was it?" not in page
    answer = client.post("/admin/analytics/anomalies/", {"decide": row.pk, "decision": "ignored"})
    assert answer.status_code == 403


def test_the_list_of_unusual_days_asks_few_queries(analyst, django_assert_max_num_queries):
    product = ProductFactory.create(name="Lamp")
    for _each in range(10):
        part = {"part": str(product.pk), "value": 9, "expected": 1, "share": 0.8}
        AnomalyFactory.create(drivers={"product": [part]})

    with django_assert_max_num_queries(12):
        page = analyst.get("/admin/analytics/anomalies/").content.decode()

    assert page.count("Lamp") == 10


def test_the_alert_names_the_worst_recent_day():
    AnomalyFactory.create(day=LAST, score=9.0, measure="orders")
    AnomalyFactory.create(day=LAST, score=-20.0, measure="revenue", value=79066.4, expected=1200.6)

    alerts.tell(LAST)

    alert = Alert.objects.filter(resolved_at=None).get(rule="sales_unusual")
    with translation.override("en"):
        assert str(alert.said) == "Revenue of 30 Jun 2026: ¥79,066 where ¥1,201 was usual."
    with translation.override("zh-hans"):
        assert "2026年6月30日" in str(alert.said)
        assert "¥79,066" in str(alert.said)
        assert "2026-06-30" not in str(alert.said)


def test_where_no_stock_is_counted_the_list_says_nothing_of_it(client):
    client.force_login(StaffUserFactory.create(role=Role.ANALYST))
    DailySalesFactory.create(day=timezone.localdate())
    ForecastFactory.create()
    variant = VariantFactory.create(stock=7, track_stock=False)
    ForecastFactory.create(scope=Forecast.Scope.PRODUCT, product=variant.product)
    page = "/admin/analytics/forecast/?list=product"

    assert client.get(page).context["counts_stock"] is False
    assert "Stock lasts" not in client.get(page).text

    variant.track_stock = True
    variant.save()
    assert "Stock lasts" in client.get(page).text
