"""Undoing an import: what it made goes, what it changed becomes what it was, and what others did since stays."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from catalog.importing import undo
from catalog.importing.errors import ImportRefused
from catalog.models import (
    Brand,
    Category,
    Customer,
    ImportBatch,
    ImportChange,
    ImportedEvents,
    Interaction,
    Order,
    OrderLine,
    Payment,
    Product,
    ProductImage,
    StockMovement,
    Variant,
)
from core.models import LedgerEntry, ShopProfile
from tests.catalog.importing.conftest import SMALL_SHOP, TABLES, do_import, files_in, picture
from tests.factories import InteractionFactory, OrderFactory, OrderLineFactory

pytestmark = pytest.mark.django_db


def rows(*but):
    """Every row of the shop as JSON, without the time of its last change."""
    found = {}
    ShopProfile.current()
    with connection.cursor() as cursor:
        for table in TABLES:
            if table not in but:
                cursor.execute(f"SELECT (to_jsonb(t) - 'updated_at')::text FROM {table} t ORDER BY 1")
                found[table] = [row for (row,) in cursor.fetchall()]
    return found


def taken_back(result):
    """Counts per table, and what stayed as (table, name, reason)."""
    told = undo.perform(result.batch.pk)
    return told["tables"], [(row["table"].removeprefix("catalog_"), row["name"], row["reason"]) for row in told["kept"]]


def test_an_import_into_an_empty_shop_leaves_nothing_behind(small_shop):
    before = rows()
    result = do_import(small_shop)

    tables, kept = taken_back(result)

    assert rows() == before
    assert kept == []
    assert tables["catalog_product"] == {"removed": 3}
    assert tables["catalog_order"] == {"removed": 3}
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.undone_at is not None) == ("undone", True)
    assert not ImportChange.objects.filter(outcome="").exists()
    assert not ImportedEvents.objects.exists()


def test_names_of_brands_become_what_they_were(small_shop, write):
    do_import(small_shop)
    second = do_import(write({"brands.csv": "name,name_zh\nClay & Co,陶社\nLanyu,岚屿\n"}, "brands"))

    tables, kept = taken_back(second)

    assert kept == []
    assert tables["catalog_brand"] == {"removed": 1, "restored": 1}
    assert list(Brand.objects.values_list("name", "name_translations")) == [("Clay & Co", {})]


def test_rows_of_new_orders_are_not_noted_one_by_one(small_shop):
    do_import(small_shop)

    noted = set(ImportChange.objects.values_list("table_name", flat=True))
    assert "catalog_order" in noted
    assert not noted & {"catalog_orderline", "catalog_orderevent", "catalog_payment", "catalog_refund"}


def test_what_a_second_import_changed_becomes_what_it_was(small_shop, write):
    do_import(small_shop)
    before = rows("catalog_stockmovement")
    second = write(
        {
            **SMALL_SHOP,
            "categories.csv": "id,parent,name\nmugs,pans,Cups\nkitchen,,Kitchen\npans,kitchen,Pans\npots,pans,Pots\n",
            "products.csv": (
                "id,name,category,brand,price,status\nP1,Scarlet mug,pots,New brand,15,hidden\nP9,Pot,pots,,3,live\n"
            ),
            "variants.csv": "sku,product,stock\nP1-S,P1,50\nP9-1,P9,4\n",
            "customers.csv": "id,email,name\nC1,other@example.com,Anna\nC3,,Bo\n",
            "orders.csv": (
                "number,customer,placed_at,status,currency,shipping\n"
                "N1,C3,2024-03-01T10:00:00Z,closed,CNY,9\nN4,C3,2024-05-01T10:00:00Z,paid,CNY,0\n"
            ),
            "order_lines.csv": (
                "order,line,sku,quantity,unit_price\nN1,1,P1-S,3,12.50\nN1,3,P9-1,1,3\nN3,3,P9-1,1,3\nN4,1,P9-1,2,3\n"
            ),
            "payments.csv": (
                "order,id,kind,amount,currency,paid_at,method\nN1,T1,payment,60.00,CNY,2024-03-01T10:05:00Z,cash\n"
                "N3,T9,payment,20.00,CNY,2024-04-05T10:00:00Z,card\nN1,T7,refund,2,CNY,2024-04-09T10:05:00Z,card\n"
            ),
            "interactions.csv": "event_id,kind,product,customer,visitor,occurred_at\nx1,view,P9,C3,v1,2024-05-01\n",
        },
        "second",
    )
    result = do_import(second)
    assert Product.objects.get(external_id="P1").price == 15

    tables, kept = taken_back(result)

    assert rows("catalog_stockmovement") == before
    assert kept == []
    assert tables["catalog_product"] == {"removed": 1, "restored": 1}
    assert tables["catalog_category"]["removed"] == 1
    stock = StockMovement.objects.filter(variant__sku="P1-S").order_by("id").values_list("delta", "balance", "note")
    assert list(stock) == [(5, 5, ""), (45, 50, ""), (-45, 5, f"Import #{result.batch.pk} undone")]
    price = LedgerEntry.objects.filter(
        kind="price", subject=f"catalog.product:{Product.objects.get(name='Red mug').pk}"
    )
    assert json.loads(price.latest("id").body) == {"before": {"price": "15"}, "after": {"price": "12.5"}}


def test_both_imports_can_be_taken_back_one_after_the_other(small_shop, write):
    before = rows()
    first = do_import(small_shop)
    second = do_import(write({**SMALL_SHOP, "products.csv": "id,name,price\nP1,Scarlet mug,15\n"}, "second"))

    assert taken_back(second)[1] == []
    assert taken_back(first)[1] == []

    assert rows() == before


def test_what_a_later_import_changed_stays_with_its_order_of_reasons(small_shop, write):
    first = do_import(small_shop)
    do_import(write({"products.csv": "id,name,price\nP3,Iron pan,52\n"}, "second"))

    tables, kept = taken_back(first)

    assert ("product", "P3", "import") in kept
    assert ("variant", "P3-1", "product") in kept
    assert tables["catalog_product"] == {"kept": 1, "removed": 2}
    assert Product.objects.get().name == "Iron pan"
    assert Category.objects.count() == 2  # pans and the kitchen above it
    assert ("category", "Pans", "in_use") in kept


def test_what_staff_changed_since_stays(small_shop):
    result = do_import(small_shop)
    Customer.objects.filter(external_id="C2").update(city="北京")
    Order.objects.filter(number="N3").update(status="shipped")

    _tables, kept = taken_back(result)

    assert ("order", "N3", "changed") in kept
    assert [reason for table, _name, reason in kept if table == "customer"] == ["changed"]
    assert Order.objects.get().number == "N3"
    assert OrderLine.objects.count() == 2
    assert Payment.objects.get().order.number == "N3"
    assert Interaction.objects.get(kind="purchase").product.external_id == "P3"
    assert Customer.objects.get().city == "北京"
    # The order was bought of P3: that product leaves the shop window and stays in the books.
    product = Product.objects.get()
    assert (product.external_id, product.deleted_at is not None) == ("P3", True)


def test_products_with_later_orders_are_archived(small_shop):
    result = do_import(small_shop)
    variant = Variant.objects.get(sku="P2-1")
    OrderLineFactory.create(order=OrderFactory.create(), product=variant.product, variant=variant)

    tables, kept = taken_back(result)

    assert tables["catalog_product"] == {"archived": 1, "removed": 2}
    assert tables["catalog_variant"] == {"archived": 1, "removed": 3}
    assert Product.objects.get().deleted_at is not None
    assert OrderLine.objects.get().variant == variant
    assert ("brand", "Clay & Co", "in_use") in kept


def test_stock_that_was_counted_since_keeps_its_variant(small_shop):
    result = do_import(small_shop)
    variant = Variant.objects.get(sku="P1-S")
    variant.stock = 4
    variant.save()

    _tables, kept = taken_back(result)

    assert ("variant", "P1-S", "changed") in kept
    assert ("product", "P1", "in_use") in kept
    assert ("variant", "P1-L", "product") in kept
    assert Variant.objects.count() == 2


def test_customers_who_came_back_stay(small_shop):
    result = do_import(small_shop)
    customer = Customer.objects.get(external_id="C1")
    InteractionFactory.create(kind="view", customer=customer, occurred_at=timezone.now())

    _tables, kept = taken_back(result)

    assert kept == [("customer", f"#{customer.pk}", "in_use")]
    assert Customer.objects.get() == customer


def test_a_payment_added_since_keeps_its_order_whole(small_shop):
    result = do_import(small_shop)
    order = Order.objects.get(number="N2")
    Payment.objects.create(order=order, amount=14, currency="CNY", paid_at=timezone.now())

    _tables, kept = taken_back(result)

    assert ("order", "N2", "order") in kept
    assert Order.objects.get() == order


def test_pictures_go_with_their_files_and_replaced_ones_come_back(write, media, django_capture_on_commit_callbacks):
    products = "id,name,price\nP1,Mug,1\n"
    images = "product,file,alt\nP1,a.png,A mug\n"
    do_import(write({"products.csv": products, "images.csv": images, "a.png": picture()}, "one"))
    before = rows()
    result = do_import(
        write(
            {
                "products.csv": products + "P2,Cup,2\n",
                "images.csv": images + "P2,b.png,A cup\n",
                "a.png": picture(colour="blue"),
                "b.png": picture(colour="green"),
            },
            "two",
        )
    )
    assert len(files_in(media)) == 3

    with django_capture_on_commit_callbacks(execute=True):
        _tables, kept = taken_back(result)

    assert kept == []
    assert rows() == before
    assert [str(path.relative_to(media)) for path in files_in(media)] == [ProductImage.objects.get().file.name]


def test_a_currency_that_the_file_brought_goes_with_it(write):
    rows_ = "invoice,stock_code,description,quantity,invoice_date,price,customer_id,country\n"
    result = do_import(
        write({"transactions.csv": rows_ + "1,10002,BALLOON,1,2010-01-04 08:00:00,0.85,1,France\n"}), "online-retail"
    )
    assert ShopProfile.current().base_currency == "GBP"

    taken_back(result)

    assert ShopProfile.current().base_currency == "CNY"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"is_dry_run": True, "state": "done"}, "This was a dry run: it wrote nothing."),
        ({"state": "running"}, "This import is not done yet. Stop it first, or wait."),
        ({"state": "undoing"}, "This import is being undone already."),
        ({"state": "undone"}, "This import was undone already."),
        ({"state": "done"}, "This import changed nothing."),
        (
            {"state": "done", "finished_at": timezone.now() - timedelta(days=31)},
            "What it changed is kept for 30 days; those are over.",
        ),
    ],
)
def test_what_cannot_be_undone_is_refused_with_one_sentence(fields, sentence):
    batch = ImportBatch.objects.create(format="native", source="/shop", **fields)

    with pytest.raises(ImportRefused) as refusal:
        undo.request(batch, None)

    assert str(refusal.value) == sentence


def test_undoing_twice_does_it_once(small_shop):
    result = do_import(small_shop)
    first = undo.perform(result.batch.pk)
    do_import(small_shop)

    assert undo.perform(result.batch.pk) == first
    assert Order.objects.count() == 3


def test_what_an_undo_will_do_is_known_before(small_shop):
    result = do_import(small_shop)

    expected = {row.table: (row.removed, row.restored) for row in undo.expect(result.batch)}

    assert expected["catalog_product"] == (3, 0)
    assert expected["catalog_orderline"] == (5, 0)
    assert expected["catalog_interaction"] == (4, 0)


def test_an_import_that_broke_off_can_be_undone_as_far_as_it_came(small_shop, monkeypatch):
    before = rows()

    def fail(self, load):
        raise RuntimeError("out of luck")

    with monkeypatch.context() as patch:
        patch.setattr("catalog.importing.native.Orders.apply", fail)
        with pytest.raises(RuntimeError):
            do_import(small_shop)
    batch = ImportBatch.objects.get()
    assert (batch.state, Customer.objects.count()) == ("failed", 2)

    undo.perform(batch.pk)

    assert rows() == before


def test_an_undo_that_breaks_off_has_done_nothing(small_shop, monkeypatch):
    result = do_import(small_shop)
    before = rows()
    with monkeypatch.context() as patch:
        patch.setattr("catalog.importing.undo.doing.catalogue.undo", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            undo.perform(result.batch.pk)

    assert rows() == before
    batch = ImportBatch.objects.get()
    assert batch.state == "done"
    assert batch.error.startswith("Undoing it broke off. Nothing was undone; start it again.")

    undo.perform(batch.pk)
    assert not Order.objects.exists()


def test_prices_are_numbers_of_the_same_worth_after_an_undo(small_shop, write):
    do_import(small_shop)
    result = do_import(write({"products.csv": "id,name,price\nP1,Red mug,99999999999999.9999\n"}, "second"))

    taken_back(result)

    assert Product.objects.get(external_id="P1").price == Decimal("12.5")
