"""Lists: few queries whatever their length, and searches that find."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.admin import stock
from catalog.models import Order, Product
from catalog.services import place_order
from catalog.services.lifecycle import pay_order, refund_order
from catalog.services.orders import NewLine, NewOrder
from core import paginator
from core.shop import current_shop
from tests.factories import (
    BrandFactory,
    CategoryFactory,
    CustomerFactory,
    ImportBatchFactory,
    OrderFactory,
    ProductFactory,
    ProductImageFactory,
    StockMovementFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12


def sell(sku: str, quantity: int = 1, *, customer=None, number: str = "") -> Order:
    order = place_order(NewOrder(lines=[NewLine(sku=sku, quantity=quantity)], customer=customer, number=number)).order
    return pay_order(order.pk)


def fill(size: int) -> None:
    category = CategoryFactory.create()
    for _ in range(size):
        product = ProductFactory.create(category=category, brand=BrandFactory.create(), stock=50)
        ProductImageFactory.create(product=product)
        sell(product.variants.get().sku, customer=CustomerFactory.create(country="CN"))
        StockMovementFactory.create(variant=product.variants.get())
        ImportBatchFactory.create(report={"sections": {"products": {"read": 1, "new": 1, "refused": 0}}})


def queries(client, path: str) -> int:
    current_shop()  # remembered for seconds, so it would be counted now and then
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return len(found)


@pytest.mark.parametrize(
    "path",
    [
        "product/",
        "product/?view=low",
        "product/?o=5",
        "category/",
        "brand/",
        "customer/",
        "order/",
        "stockmovement/",
        "importbatch/",
    ],
)
def test_a_list_asks_as_few_queries_for_many_rows_as_for_few(path, client):
    fill(1)
    client.get(f"/admin/catalog/{path}")
    few = queries(client, f"/admin/catalog/{path}")
    fill(4)

    many = queries(client, f"/admin/catalog/{path}")

    assert many <= MOST_QUERIES
    assert many == few


def shown(client, path: str) -> list[object]:
    return list(client.get(path).context["cl"].result_list)


@pytest.mark.parametrize("word", ["linen", "LINEN", "衬衫", "AB-77", "ab-7", "own-1", "linen shirt"])
def test_products_are_found_by_name_sku_and_own_id_in_every_language(word, client):
    wanted = ProductFactory.create(
        name="Linen shirt", name_translations={"zh-hans": "亚麻衬衫"}, external_id="own-1", stock=-1
    )
    VariantFactory.create(product=wanted, sku="AB-77")
    ProductFactory.create(name="Oak bowl", external_id="own-2")

    assert shown(client, f"/admin/catalog/product/?q={word}") == [wanted]


def test_the_search_for_products_goes_through_the_trigram_indexes():
    rows = Product.objects.filter(name__icontains="linen").order_by().values("pk")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        cursor.execute("SET LOCAL enable_indexonlyscan = off")
        sql, parameters = rows.query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "product_name_trgm" in plan


@pytest.mark.parametrize("word", ["茶", "茶壶", "TE", "te", "7Z", "x9"])
def test_words_too_short_for_an_index_are_found_in_names_in_skus_and_in_own_ids(client, word):
    pot = ProductFactory.create(name="Teapot", name_translations={"zh-hans": "紫砂茶壶"}, external_id="X9")
    VariantFactory.create(product=pot, sku="A-7z")
    ProductFactory.create(name="Mug", name_translations={"zh-hans": "杯"}, external_id="Y8")

    assert shown(client, f"/admin/catalog/product/?q={word}+{word}") == [pot]


def test_each_tab_holds_what_it_counts(client):
    live = ProductFactory.create(stock=20)
    low = ProductFactory.create(stock=5)
    out = ProductFactory.create(stock=0)
    hidden = ProductFactory.create(status=Product.Status.HIDDEN)
    draft = ProductFactory.create(status=Product.Status.DRAFT)
    gone = ProductFactory.create(deleted_at=timezone.now())

    page = client.get("/admin/catalog/product/")

    counts = {tab["label"]: tab["count"].number for tab in page.context["list_views"]}
    assert counts == {
        "All": 5, "Live": 3, "Low stock": 1, "Out of stock": 1, "Hidden": 1, "Drafts": 1, "Deleted": 1,
    }  # fmt: skip
    path = "/admin/catalog/product/?view="
    assert shown(client, f"{path}live") == [out, low, live]
    assert shown(client, f"{path}low") == [low]
    assert shown(client, f"{path}out") == [out]
    assert shown(client, f"{path}hidden") == [hidden]
    assert shown(client, f"{path}draft") == [draft]
    assert shown(client, f"{path}deleted") == [gone]
    assert gone not in shown(client, "/admin/catalog/product/")


def test_low_means_no_more_than_the_products_own_limit_where_it_has_one(client):
    patient = ProductFactory.create(stock=3, low_stock_at=2)
    eager = ProductFactory.create(stock=9, low_stock_at=10)
    ProductFactory.create(stock=11, low_stock_at=10)
    ProductFactory.create(stock=0, low_stock_at=10)
    ProductFactory.create(stock=6)
    spread = ProductFactory.create(stock=2)
    VariantFactory.create(product=spread, stock=3)
    VariantFactory.create(product=ProductFactory.create(stock=3), stock=3)

    assert shown(client, "/admin/catalog/product/?view=low") == [spread, eager]

    patient.variants.update(stock=2)
    assert shown(client, "/admin/catalog/product/?view=low") == [spread, eager, patient]


def test_a_product_with_a_variant_that_is_not_counted_is_never_low_or_out(client):
    voucher = ProductFactory.create(stock=-1)
    VariantFactory.create(product=voucher, track_stock=False, stock=0)

    assert shown(client, "/admin/catalog/product/?view=low") == []
    assert shown(client, "/admin/catalog/product/?view=out") == []
    assert "not counted" in client.get("/admin/catalog/product/").content.decode()


def test_products_are_narrowed_by_branch_price_stock_and_brand(client):
    clothes = CategoryFactory.create()
    shirts = CategoryFactory.create(parent=clothes)
    brand = BrandFactory.create()
    shirt = ProductFactory.create(category=shirts, brand=brand, price="80", stock=3)
    lamp = ProductFactory.create(price="20", stock=0)

    assert shown(client, f"/admin/catalog/product/?branch={clothes.pk}") == [shirt]
    assert shown(client, f"/admin/catalog/product/?brand__id__exact={brand.pk}") == [shirt]
    assert shown(client, "/admin/catalog/product/?price_from=10&price_to=50") == [lamp]
    assert shown(client, "/admin/catalog/product/?price_from=x&price_to=1e999") == [lamp, shirt]
    assert shown(client, "/admin/catalog/product/?stock=out") == [lamp]
    assert shown(client, "/admin/catalog/product/?branch=x") == []


def test_products_are_sorted_by_pieces_sold_in_28_days(client):
    slow, quick = ProductFactory.create(stock=50), ProductFactory.create(stock=50)
    old = ProductFactory.create(stock=50)
    sell(slow.variants.get().sku, 2)
    sell(quick.variants.get().sku, 9)
    order = sell(old.variants.get().sku, 30)
    Order.objects.filter(pk=order.pk).update(paid_at=timezone.now() - timedelta(days=40))

    rows = shown(client, "/admin/catalog/product/?o=-5")

    assert rows == [quick, slow, old]
    assert [row.page_sales.pieces if row.page_sales else 0 for row in rows] == [9, 2, 0]


def test_orders_are_found_by_a_part_of_their_number_and_narrowed_by_whole_days(client):
    old = OrderFactory.create(number="INV-1001", placed_at=timezone.now() - timedelta(days=9), country="CN")
    new = OrderFactory.create(number="INV-2002", country="DE")
    day = f"{timezone.localtime(new.placed_at, timezone.get_fixed_timezone(480)):%Y-%m-%d}"

    assert shown(client, "/admin/catalog/order/?q=1001") == [old]
    assert shown(client, f"/admin/catalog/order/?placed_at_from={day}&placed_at_to={day}") == [new]
    assert shown(client, "/admin/catalog/order/?country=CN") == [old]
    assert shown(client, f"/admin/catalog/order/?customer__id__exact={new.customer_id}") == [new]


def test_customers_show_what_they_paid_less_what_they_got_back(client):
    product = ProductFactory.create(price="30", stock=9)
    customer = CustomerFactory.create()
    sell(product.variants.get().sku, 3, customer=customer)
    refund_order(customer.orders.get().pk, amount=Decimal("15"))

    (row,) = shown(client, "/admin/catalog/customer/")

    assert (row.page_purchases.orders, row.page_purchases.revenue) == (1, Decimal("75"))


def test_categories_stand_in_the_order_of_the_shop_with_the_products_of_their_branch(client):
    first = CategoryFactory.create(name="B", position=1)
    second = CategoryFactory.create(name="A", position=2)
    child = CategoryFactory.create(name="C", parent=first)
    ProductFactory.create(category=child)
    ProductFactory.create(category=first)

    rows = shown(client, "/admin/catalog/category/")

    assert rows == [first, child, second]
    assert [row.product_count for row in rows] == [2, 1, 0]


@pytest.mark.parametrize("path", ["product/", "order/", "customer/", "stockmovement/", "category/", "brand/"])
def test_a_list_too_long_to_count_asks_no_more_queries_and_says_about_how_many(path, client, monkeypatch):
    fill(3)
    client.get(f"/admin/catalog/{path}")
    few = queries(client, f"/admin/catalog/{path}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    monkeypatch.setattr(paginator, "COUNT_LIMIT", 1)

    assert queries(client, f"/admin/catalog/{path}") == few
    page = client.get(f"/admin/catalog/{path}").content.decode()
    assert 'class="zg-count">about ' in page or path == "category/"


def test_a_day_range_is_a_preset_or_two_days_and_says_so_in_its_chip(client):
    old = OrderFactory.create(placed_at=timezone.now() - timedelta(days=40))
    new = OrderFactory.create(placed_at=timezone.now())

    assert shown(client, "/admin/catalog/order/?placed_at_within=last_28") == [new]
    assert shown(client, "/admin/catalog/order/?placed_at_within=nonsense") == [new, old]
    page = client.get("/admin/catalog/order/?placed_at_within=last_28").content.decode()
    assert "Placed: Last 28 days" in page
    page = client.get("/admin/catalog/order/?placed_at_from=2026-01-02").content.decode()
    assert "Placed: from 2 Jan 2026" in page
    assert client.get("/admin/catalog/order/?placed_at_from=2026-99-02").status_code == 200


def test_orders_are_found_by_the_day_they_were_paid_and_by_the_channel_of_a_report(client):
    now = timezone.now()
    late = OrderFactory.create(placed_at=now - timedelta(days=40), paid_at=now, status="paid", channel="app")
    OrderFactory.create(placed_at=now)
    other = OrderFactory.create(placed_at=now, paid_at=now, status="paid", channel="web")

    assert shown(client, "/admin/catalog/order/?paid_at_within=last_7") == [other, late]
    assert shown(client, "/admin/catalog/order/?paid_at_within=last_7&channel=app") == [late]
    page = client.get("/admin/catalog/order/?paid_at_within=last_7&channel=app").content.decode()
    assert "Paid at: Last 7 days" in page
    assert "Channel: app" in page


@pytest.mark.parametrize("most", [0, 200])
def test_movements_of_few_and_of_many_variants_are_found_alike(most, client, monkeypatch):
    monkeypatch.setattr(stock, "FEW_VARIANTS", most)
    wanted = StockMovementFactory.create(variant=VariantFactory.create(sku="AB-77"))
    StockMovementFactory.create(variant=VariantFactory.create(sku="CD-1"))

    assert shown(client, "/admin/catalog/stockmovement/?q=ab-7") == [wanted]
    assert shown(client, f"/admin/catalog/stockmovement/?q={wanted.variant.product.name.split()[0]}+AB-77") == [wanted]


def test_a_page_far_behind_leads_back_to_the_list(client):
    assert client.get("/admin/catalog/order/?p=1001").status_code == 302
