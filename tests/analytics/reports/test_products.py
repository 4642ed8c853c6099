"""Products, categories, price bands and baskets of small planted shops; the panel and the figure of the home page."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from analytics.models import Segment
from analytics.reports import baskets, products
from analytics.reports.panels import product_sales
from analytics.reports.products import Asked
from analytics.segments import compiling
from catalog.models import Category
from core.choices import Role
from core.jobs import run_now
from core.reports import Period
from core.reports.periods import midnight
from tests.factories import (
    CategoryFactory,
    CustomerFactory,
    DailySalesFactory,
    OrderFactory,
    OrderLineFactory,
    ProductDayFactory,
    ProductFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db
PAGE = "admin:analytics_products"
DAY, BEFORE = date(2026, 5, 20), date(2026, 5, 13)
PERIOD = Period("between", date(2026, 5, 14), DAY, "previous")


def sold(gross, *, day=DAY, product=None, refunded=0, **more):
    product = product or ProductFactory.create()
    ProductDayFactory.create(day=day, product=product, gross=gross, refunded=refunded, **more)
    return product


def ask(**asked):
    return products.products(PERIOD, Asked(**asked))


# --- products -----------------------------------------------------------------------------------------------------


def test_sums_growth_returns_and_share():
    product = sold(300, items=3, orders=2, returned=1, refunded=60)
    sold(100, day=date(2026, 5, 14), product=product, items=1)
    sold(170, day=BEFORE, product=product)
    sold(999, day=date(2026, 5, 6), product=product)
    sold(60)

    row = ask().rows[0]

    assert (row.product_id, row.orders, row.items, row.gross, row.returned) == (product.pk, 3, 4, 400, 1)
    assert row.revenue == 340
    assert (row.before, row.growth, row.return_share, row.share) == (170, 1.0, 0.15, 0.85)


def test_the_first_80_percent_are_a_up_to_95_b_and_the_rest_c():
    for gross in (700, 150, 100, 30, 20):
        sold(gross)

    found = ask()

    assert [row.abc for row in found.rows] == ["A", "A", "B", "C", "C"]
    assert found.counts == {"A": 2, "B": 1, "C": 2}
    assert [row.gross for row in ask(abc="B").rows] == [100]


def test_products_that_all_sold_the_same_are_classed_in_a_fixed_order():
    some = [sold(10) for _ in range(10)]

    rows = ask().rows

    assert [row.product_id for row in rows] == [one.pk for one in some]
    assert "".join(row.abc for row in rows) == "AAAAAAAABB"


def test_only_refunds_have_no_share_and_no_class_of_their_own():
    sold(0, items=0, orders=0, returned=2, refunded=40)

    found = ask()

    row = found.rows[0]
    assert (row.revenue, row.share, row.return_share, row.abc, found.revenue) == (-40, None, None, "C", -40)


def test_what_sold_before_and_not_now_is_not_among_the_products():
    sold(10, day=BEFORE)

    assert ask().rows == []


def test_products_are_found_by_name_and_id_and_nothing_is_a_pattern():
    tea = sold(10, product=ProductFactory.create(name="100% green_tea", external_id="T-1"))
    sold(20, product=ProductFactory.create(name="100 greenXtea"))

    assert [row.product_id for row in ask(text="0% green_").rows] == [tea.pk]
    assert [row.product_id for row in ask(text="T-1").rows] == [tea.pk]
    assert ask(text="'; drop table").rows == []


def test_each_order_of_the_list():
    one = sold(100, items=1, orders=1, refunded=50)
    two = sold(90, items=9, orders=3)
    sold(10, day=BEFORE, product=two)
    sold(80, day=BEFORE, product=one)

    found = {sort: [row.product_id for row in ask(sort=sort).rows] for sort in products.SORTS}

    both, back = [one.pk, two.pk], [two.pk, one.pk]
    assert found == {
        "revenue": back, "items": back, "orders": back, "growth": back, "falling": both, "returns": both,
    }  # fmt: skip


def test_pages_go_on_where_the_last_one_ended(monkeypatch):
    monkeypatch.setattr(products, "PAGE", 2)
    some = [sold(100 - n).pk for n in range(5)]

    assert [[row.product_id for row in ask(page=page).rows] for page in (1, 2, 3)] == [some[:2], some[2:4], some[4:]]
    assert ask().pages == 3


# --- categories and prices ----------------------------------------------------------------------------------------


def test_categories_are_told_branch_by_branch():
    clothes = Category.objects.add_root({"name": "Clothes"})
    shirts = Category.objects.add_child(clothes, {"name": "Shirts"})
    linen = Category.objects.add_child(Category.objects.get(pk=shirts.pk), {"name": "Linen"})
    clothes.refresh_from_db()
    sold(10, product=ProductFactory.create(category=clothes))
    sold(20, product=ProductFactory.create(category=shirts), refunded=5)
    sold(30, product=ProductFactory.create(category=linen))
    sold(40, product=ProductFactory.create(category=None))

    top = products.categories(PERIOD)
    below = products.categories(PERIOD, clothes.path)

    assert [(group.key, group.products, group.revenue) for group in top] == [(clothes.path, 3, 55), ("", 1, 40)]
    assert [(group.key, group.revenue) for group in below] == [(shirts.path, 45), (clothes.path, 10)]
    assert ask(path=shirts.path).found == 2


def test_price_bands_begin_at_one_two_and_five():
    for gross, items in ((100, 100), (199, 100), (20, 10), (499, 100), (500, 100), (0.04, 2), (1000, 1)):
        sold(gross, items=items)

    bands = products.price_bands(PERIOD)

    assert [(float(band.key), band.products) for band in bands] == [(0.02, 1), (1, 2), (2, 2), (5, 1), (1000, 1)]
    assert [float(products.band_end(band.key)) for band in bands] == [0.05, 2, 5, 10, 2000]


# --- baskets ------------------------------------------------------------------------------------------------------


def order(*some, at=DAY, quantity=1):
    made = OrderFactory.create(status="paid", paid_at=midnight(at) + timedelta(hours=4), paid_total=Decimal(10))
    for number, product in enumerate(some):
        OrderLineFactory.create(order=made, line=number, product=product, quantity=quantity)
    return made


def test_what_was_planted_together_leads_and_what_is_chance_is_missing():
    a, b, c, d = ProductFactory.create_batch(4)
    for _ in range(10):
        order(a, b)
        order(c)
    for _ in range(5):
        order(c, d)
        order(d)

    found = baskets.baskets(PERIOD)

    (pair,) = found.pairs
    assert (pair.first, pair.second, pair.together, pair.share, pair.share_back) == (a.pk, b.pk, 10, 1.0, 1.0)
    assert pair.lift == pytest.approx(30 * 10 / (10 * 10))
    assert (found.orders, found.is_cut, found.products) == (30, False, 45 / 30)


def test_few_orders_with_both_are_no_pair_and_traders_lists_are_no_baskets(monkeypatch):
    monkeypatch.setattr(baskets, "LONGEST_BASKET", 2)
    a, b, c = ProductFactory.create_batch(3)
    for _ in range(4):
        order(a, b)
    for _ in range(6):
        order(a, b, c)

    found = baskets.baskets(PERIOD)

    assert found.pairs == []
    assert [(size.products, size.orders) for size in found.sizes] == [(2, 4), (3, 6)]


def test_large_baskets_are_one_group_and_pieces_are_counted(monkeypatch):
    monkeypatch.setattr(baskets, "SIZES", 2)
    some = ProductFactory.create_batch(3)
    order(some[0], quantity=7)
    order(*some[:2])
    order(*some)

    found = baskets.baskets(PERIOD)

    assert [(size.products, size.orders, size.pieces) for size in found.sizes] == [(1, 1, 7.0), (2, 2, 2.5)]
    assert found.pieces == 4.0


def test_no_orders_are_no_baskets():
    assert baskets.baskets(PERIOD) == baskets.Baskets(0, False, None, None, [], [])


def test_pairs_are_not_held_to_products_one_by_one_and_what_follows_is_planned_as_ever(django_assert_num_queries):
    with django_assert_num_queries(3) as seen:
        baskets.baskets(PERIOD, seconds=None)

    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_nestloop")
        assert cursor.fetchone() == ("on",)
    assert seen.captured_queries[0]["sql"].endswith("SET LOCAL enable_nestloop = off")


# --- page ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("show", ["products", "categories", "prices", "baskets"])
@pytest.mark.parametrize("part", ["", "shown"])
def test_each_view_costs_twelve_queries_at_most(staff, django_assert_max_num_queries, show, part):
    today = timezone.localdate()
    DailySalesFactory.create(day=today)
    category = Category.objects.add_root({"name": "Tea"})
    for n in range(20):
        sold(100 - n, day=today, product=ProductFactory.create(category=category), items=n + 1)
    browser = staff(Role.ANALYST)
    browser.get(reverse(PAGE))

    with django_assert_max_num_queries(12):
        answer = browser.get(reverse(PAGE), {"show": show, "part": part})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "query",
    ["show=x", "sort=name;--", "abc=D", "page=0", "page=99999999999999999999", "page=²", "category=999", "category=x"],
)
def test_whatever_the_address_says_there_is_an_answer(staff, query):
    DailySalesFactory.create(day=timezone.localdate())
    sold(10, day=timezone.localdate())

    assert staff(Role.ANALYST).get(f"{reverse(PAGE)}?{query}").status_code == 200


def test_the_answer_says_how_few_products_bring_most(staff):
    DailySalesFactory.create(day=timezone.localdate())
    for gross in (900, 50, 50):
        sold(gross, day=timezone.localdate())

    assert "1 of 3 products sold bring 80% of the revenue" in staff(Role.ANALYST).get(reverse(PAGE)).content.decode()


def test_reading_too_long_is_said(staff, monkeypatch):
    DailySalesFactory.create(day=timezone.localdate())

    def slow(*_values, **_more):
        raise OperationalError

    monkeypatch.setattr(products, "products", slow)
    assert "takes too long" in staff(Role.ANALYST).get(reverse(PAGE)).content.decode()


def test_many_days_are_added_up_once_the_page_is_there(staff):
    today = timezone.localdate()
    DailySalesFactory.create(day=today)
    sold(20, day=today, product=ProductFactory.create(name="Late shirt"))
    browser, days = staff(Role.ANALYST), {"within": "between", "from": today - timedelta(days=200), "to": today}

    page = browser.get(reverse(PAGE), days).content.decode()
    part = browser.get(reverse(PAGE), days | {"part": "shown"}).content.decode()

    assert "part=shown" in page
    assert "Most revenue" in page
    assert "Late shirt" not in page
    assert "Late shirt" in part
    assert "<html" not in part
    assert "Late shirt" in browser.get(reverse(PAGE)).content.decode()


def test_what_sells_no_more_counts_among_the_days_before_of_its_category_and_price():
    bags = CategoryFactory.create(name="Bags")
    sold(30, items=3, product=ProductFactory.create(category=bags))
    sold(60, items=6, day=BEFORE, product=ProductFactory.create(category=bags))
    sold(500, items=1, day=BEFORE)

    (category,), (band,) = products.categories(PERIOD), products.price_bands(PERIOD)

    assert (category.products, category.revenue, category.before, category.growth) == (1, 30, 60, -0.5)
    assert (band.key, band.products, band.before) == (10, 1, 60)


@pytest.mark.parametrize("price", ["0.02", "0.05", "0.1", "1", "2", "5", "10", "1000", "2000000"])
def test_a_price_at_the_start_of_a_band_belongs_to_it(price):
    sold(Decimal(price), items=1)

    (band,) = products.price_bands(PERIOD)

    assert band.key == Decimal(price)


@pytest.mark.parametrize(
    "within", [{"within": "last_7"}, {"within": "between", "from": "2011-12-01", "to": "2011-12-04"}]
)
def test_buyers_are_kept_of_exactly_the_days_shown(staff, monkeypatch, within):
    last = date(2011, 12, 9)
    DailySalesFactory.create(day=last)
    bags = CategoryFactory.create(name="Bags")
    bag, other = ProductFactory.create(category=bags, name="Bag"), ProductFactory.create(category=None)
    people = {}
    for days in (1, 5, 6, 9):
        day = last - timedelta(days=days)
        sold(30, day=day, product=bag)
        sold(30, day=day, product=other)
        people[days] = CustomerFactory.create()
        order = OrderFactory.create(customer=people[days], status="paid", paid_at=midnight(day) + timedelta(hours=9))
        for line, product in enumerate((bag, other), 1):
            OrderLineFactory.create(order=order, product=product, line=line)
    shown = {people[1], people[5], people[6]} if "to" not in within else {people[5], people[6]}
    pair = baskets.Pair(bag.pk, other.pk, 7, 0.5, 0.25, 3.0)
    monkeypatch.setattr(baskets, "baskets", lambda *_values, **_more: baskets.Baskets(9, False, 1.0, 1.0, [], [pair]))
    browser = staff(Role.ANALYST)

    def buttons(show, name, place):
        rows = browser.get(reverse(PAGE), {**within, "show": show, "part": "shown"}).context[name]
        return {str(row[0]): row[place] for row in rows}

    asked = [
        ("products", buttons("products", "rows", 3)["Bag"]),
        *(("categories", value) for value in buttons("categories", "groups", 4).values()),
        ("baskets", buttons("baskets", "pairs", 4)["Bag"]),
    ]
    assert [value for _show, value in asked] == [str(bag.pk), "none", str(bags.pk), f"{bag.pk}:{other.pk}"]
    for show, value in asked:
        address = f"{reverse(PAGE)}?{urlencode({**within, 'show': show})}"
        answer = browser.post(address, {"keep": value})

        segment = Segment.objects.latest("pk")
        assert answer.url == reverse("admin:analytics_segment_change", args=[segment.pk])
        run_now("analytics.tasks.keep_list", snapshot_id=segment.snapshots.get().pk)
        segment = Segment.objects.get(pk=segment.pk)
        assert set(compiling.of_segment(segment).customers()) == shown


@pytest.mark.parametrize(
    ("show", "value"),
    [("products", "0"), ("products", "x"), ("products", "1:2"), ("categories", "only:"), ("categories", "only:0"),
     ("baskets", "1:"), ("baskets", "0:0"), ("baskets", "9" * 30 + ":1")],
)  # fmt: skip
def test_buyers_of_what_is_not_there_are_nowhere(staff, show, value):
    DailySalesFactory.create(day=timezone.localdate())
    before = Segment.objects.count()

    answer = staff(Role.ANALYST).post(f"{reverse(PAGE)}?show={show}", {"keep": value})

    assert (answer.status_code, Segment.objects.count()) == (404, before)


def test_all_products_leave_as_csv_with_safe_names(staff, monkeypatch):
    monkeypatch.setattr(products, "PAGE", 1)
    DailySalesFactory.create(day=timezone.localdate())
    sold(10, day=timezone.localdate(), product=ProductFactory.create(name="=HYPERLINK(1)"))
    sold(20, day=timezone.localdate())

    answer = staff(Role.OWNER).post(reverse(f"{PAGE}_export"))
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))

    assert len(rows) == 3
    assert rows[2][0] == "'=HYPERLINK(1)"


# --- elsewhere ----------------------------------------------------------------------------------------------------


def test_the_product_says_what_it_sold_in_a_year(rf):
    product = sold(100, day=timezone.localdate(), items=4, orders=2, refunded=25)
    sold(999, day=timezone.localdate() - timedelta(days=400), product=product)
    request = rf.get("/")
    request.user = StaffUserFactory.create(is_superuser=True)

    values = [value for _label, value in product_sales(request, product).context["rows"]]

    assert values[:4] == ["¥75.00", "4", "2", "25%"]
    assert product_sales(request, ProductFactory.create()).empty
    request.user = StaffUserFactory.create(role=Role.SUPPORT)
    assert product_sales(request, product) is None


def test_revenue_on_the_home_page_leads_to_sales_for_those_who_may_see_figures(staff):
    OrderFactory.create(status="paid", paid_at=timezone.now(), paid_total=10)
    link = f'<a href="{reverse("admin:analytics_sales")}">Revenue, 28 days</a>'

    assert link in staff(Role.OWNER).get("/admin/").content.decode()
    other = staff(Role.SUPPORT).get("/admin/").content.decode()
    assert "Revenue, 28 days" in other
    assert link not in other
