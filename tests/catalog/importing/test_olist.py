"""The files of the Olist data set: people behind their orders, readable products, times and amounts that add up."""

import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from catalog.importing import undo
from catalog.importing.errors import FileRefused, ImportRefused
from catalog.importing.olist.words import Node, tree
from catalog.models import Category, Customer, Order, OrderEvent, Payment, Product
from core.models import ShopProfile
from tests.catalog.importing.conftest import counts, do_import, table_hashes

pytestmark = pytest.mark.django_db
PUBLIC = Path(os.environ.get("BENCH_DATA", "nowhere")) / "olist"
FILES = {
    "product_category_name_translation.csv": """product_category_name,product_category_name_english
        moveis_sala,furniture_living_room
        moveis_cozinha,furniture_kitchen
        relogios,watches
        """,
    "olist_products_dataset.csv": """product_id,product_category_name,product_name_lenght,product_photos_qty,product_weight_g
        aaaa1111,moveis_sala,40,2,1500
        bbbb2222,moveis_cozinha,,1,
        cccc3333,vinhos,,,
        dddd4444,,,,
        eeee5555,relogios,,,
        """,  # noqa: E501
    "olist_customers_dataset.csv": """customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state
        c1,ana,1409,sao paulo,SP
        c2,ana,20031,rio de janeiro,RJ
        c3,bia,88010,florianopolis,SC
        """,  # noqa: E501
    "olist_orders_dataset.csv": """order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date
        o1,c1,delivered,2018-01-05 10:00:00,2018-01-05 12:00:00,2018-01-06 08:00:00,2018-01-09 17:30:00,2018-01-20
        o2,c2,invoiced,2018-02-05 10:00:00,2018-02-06 09:00:00,,,2018-02-20
        o3,c3,canceled,2018-03-05 10:00:00,,,,2018-03-20
        o4,nobody,delivered,2018-03-05 10:00:00,,,,2018-03-20
        o5,c3,lost,2018-03-05 10:00:00,,,,2018-03-20
        """,  # noqa: E501
    "olist_order_items_dataset.csv": """order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value
        o1,1,aaaa1111,s1,2018-01-10 00:00:00,100.00,10.50
        o1,2,bbbb2222,s1,2018-01-10 00:00:00,20.00,2.50
        o2,1,aaaa1111,s1,2018-02-10 00:00:00,110.00,11.00
        o2,2,cccc3333,s1,2018-02-10 00:00:00,30,0
        o2,3,dddd4444,s1,2018-02-10 00:00:00,5,1
        o2,4,unknown,s1,2018-02-10 00:00:00,1,1
        """,  # noqa: E501
    "olist_order_payments_dataset.csv": """order_id,payment_sequential,payment_type,payment_installments,payment_value
        o1,1,credit_card,3,100.00
        o1,2,voucher,1,33.00
        o2,1,boleto,1,157.00
        o3,1,voucher,1,0.00
        o9,1,boleto,1,5.00
        """,
    "olist_order_reviews_dataset.csv": "review_id,order_id,review_score\nr1,o1,5\n",
    "olist_sellers_dataset.csv": "seller_id,seller_city\ns1,campinas\n",
}  # fmt: skip


@pytest.fixture
def files(write) -> Path:
    return write(FILES)


def test_the_amounts_of_the_files_are_those_of_the_shop(files):
    result = do_import(files, "olist")

    assert result.totals == {
        "file": "290.00",
        "orders": "290.00",
        "difference": "0.00",
        "file_payments": "290.00",
        "payments": "290.00",
        "difference_payments": "0.00",
    }
    assert {code: (rule["count"], rule["amount"]) for code, rule in result.rules.items()} == {
        "left_out_never_sold": (1, None),
        "variants_made": (4, None),
        "purchases": (5, None),
        "orders_of_known_people": (1, None),
        "orders_without_lines": (1, None),
        "sales": (5, "265.00"),
        "shipping": (5, "25.00"),
        "left_out_zero_payments": (1, None),
    }
    assert counts(result.sections["olist_orders"]) == (5, 0, 0, 0, 2)
    assert counts(result.sections["orders"]) == (3, 3, 0, 0, 0)


def test_rows_that_point_at_nothing_are_refused_one_by_one(files):
    assert do_import(files, "olist").refused == [
        ("olist_orders_dataset.csv", 6, "order_status", "is not one of created, approved, invoiced, processing,"
         " shipped, delivered, unavailable, canceled"),
        ("olist_order_items_dataset.csv", 7, "product_id", "product unknown is unknown"),
        ("olist_orders_dataset.csv", 5, "customer_id", "customer nobody is unknown"),
        ("olist_order_payments_dataset.csv", 6, "order_id", "order o9 is unknown or was refused"),
    ]  # fmt: skip


def test_a_person_is_one_customer_however_often_they_order(files):
    do_import(files, "olist")

    ana, bia = Customer.objects.order_by("external_id")
    assert (ana.external_id, ana.city, ana.country, ana.orders.count()) == ("ana", "Rio de Janeiro, RJ", "BR", 2)
    assert ana.joined_at == datetime(2018, 1, 5, 12, tzinfo=UTC)
    assert (bia.external_id, bia.city, bia.orders.count()) == ("bia", "Florianopolis, SC", 1)


def test_products_have_names_that_people_can_read(files):
    do_import(files, "olist")

    assert [(p.name, p.category and p.category.name, p.price) for p in Product.objects.order_by("external_id")] == [
        ("Furniture living room · aaaa11", "Furniture living room", 110),
        ("Furniture kitchen · bbbb22", "Furniture kitchen", 20),
        ("Vinhos · cccc33", "Vinhos", 30),
        ("Product · dddd44", None, 5),
    ]
    assert Product.objects.get(external_id="aaaa1111").attributes == {"photos": 2, "weight_g": 1500}


def test_categories_are_a_tree_in_english_with_their_portuguese_names(files):
    do_import(files, "olist")

    branch = Category.objects.get(external_id="group:furniture")
    assert [(c.name, c.name_translations) for c in branch.get_children()] == [
        ("Furniture kitchen", {"pt": "Moveis cozinha"}),
        ("Furniture living room", {"pt": "Moveis sala"}),
    ]
    assert branch.name_translations == {}


def test_orders_have_the_times_and_the_state_that_the_files_know(files):
    do_import(files, "olist")

    first, second, third = Order.objects.order_by("number")
    assert [order.status for order in (first, second, third)] == ["delivered", "paid", "cancelled"]
    assert (first.currency, first.lines_total, first.shipping, first.paid_total) == ("BRL", 120, 13, 133)
    events = OrderEvent.objects.filter(order=first).values_list("kind", "occurred_at", "details__time")
    assert list(events) == [
        ("placed", datetime(2018, 1, 5, 12, tzinfo=UTC), None),
        ("paid", datetime(2018, 1, 5, 14, tzinfo=UTC), None),
        ("shipped", datetime(2018, 1, 6, 10, tzinfo=UTC), None),
        ("delivered", datetime(2018, 1, 9, 19, 30, tzinfo=UTC), None),
    ]
    payments = Payment.objects.filter(order=first).order_by("external_id")
    assert list(payments.values_list("external_id", "method", "amount")) == [
        ("o1:1", "credit_card", Decimal(100)), ("o1:2", "voucher", Decimal(33)),
    ]  # fmt: skip
    assert (third.total, third.paid_total) == (0, 0)
    assert (ShopProfile.current().base_currency, ShopProfile.current().time_zone) == ("BRL", "America/Sao_Paulo")


def test_what_nobody_reads_is_named_and_left(files):
    result = do_import(files, "olist")

    assert result.left == ["olist_order_reviews_dataset.csv", "olist_sellers_dataset.csv"]
    assert "olist_order_reviews_dataset.csv: left, no part of this installation reads it." in result.notes


def test_the_same_files_twice_change_nothing(files):
    do_import(files, "olist")
    before = table_hashes()

    result = do_import(files, "olist")

    assert table_hashes() == before
    assert all(section["new"] == section["changed"] == 0 for section in result.sections.values())


def test_a_dry_run_tells_the_same_and_writes_nothing(files):
    rehearsal = do_import(files, "olist", dry_run=True)

    assert not Order.objects.exists()
    real = do_import(files, "olist")
    assert rehearsal.totals == real.totals
    assert {n: counts(s) for n, s in rehearsal.sections.items()} == {n: counts(s) for n, s in real.sections.items()}


def test_it_can_be_undone(files):
    result = do_import(files, "olist")

    told = undo.perform(result.batch.pk)

    assert told["kept"] == []
    assert [model.objects.count() for model in (Order, Product, Customer, Category)] == [0, 0, 0, 0]


def test_a_missing_file_or_column_is_named(files):
    (files / "olist_order_items_dataset.csv").rename(files / "items.csv")
    with pytest.raises(ImportRefused, match=r"has no file olist_order_items_dataset\.csv\."):
        do_import(files, "olist")

    (files / "items.csv").rename(files / "order_items.csv")
    (files / "order_items.csv").write_text("order_id,order_item_id,price\n")
    with pytest.raises(FileRefused, match=r"order_items\.csv, line 1, column product_id, freight_value: the column is"):
        do_import(files, "olist")


def test_a_shop_with_orders_in_another_currency_is_left_alone(small_shop, files):
    do_import(small_shop)

    with pytest.raises(ImportRefused, match=r"The shop has orders in CNY; this format is in BRL\."):
        do_import(files, "olist")


def test_a_word_that_begins_one_category_alone_makes_no_branch():
    assert tree([("a", "toys"), ("b", "fashion_shoes"), ("c", "fashion_sport")]) == [
        Node("group:fashion", "", "Fashion", ""),
        Node("a", "", "Toys", "A"),
        Node("b", "group:fashion", "Fashion shoes", "B"),
        Node("c", "group:fashion", "Fashion sport", "C"),
    ]


@pytest.mark.serial
@pytest.mark.skipif(not PUBLIC.is_dir(), reason="BENCH_DATA names no folder with the public data sets.")
def test_the_public_data_set_adds_up():
    result = do_import(PUBLIC, "olist")

    assert (result.totals["difference"], result.totals["difference_payments"]) == ("0.00", "0.00")
    assert result.totals["file"] == result.totals["orders"] == "1992805.09"
    assert (Order.objects.count(), Customer.objects.count()) == (12_751, 12_595)
    assert result.refused == []
