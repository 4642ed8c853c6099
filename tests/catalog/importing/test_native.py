"""The native format: a whole small shop, its links, totals and timeline."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from catalog.models import (
    Brand,
    Category,
    Customer,
    Interaction,
    Order,
    OrderEvent,
    Payment,
    Product,
    Refund,
    StockMovement,
    Variant,
    Visitor,
)
from catalog.services import purchase_event_id
from core.models import ShopProfile
from tests.catalog.importing.conftest import counts, do_import, table_hashes

pytestmark = pytest.mark.django_db


def test_every_section_of_a_small_shop_arrives(small_shop):
    result = do_import(small_shop)

    assert {name: counts(section) for name, section in result.sections.items()} == {
        "categories": (3, 3, 0, 0, 0),
        "products": (3, 3, 0, 0, 0),
        "variants": (4, 4, 0, 0, 0),
        "customers": (2, 2, 0, 0, 0),
        "orders": (3, 3, 0, 0, 0),
        "order_lines": (5, 5, 0, 0, 0),
        "payments": (2, 2, 0, 0, 0),
        "interactions": (4, 4, 0, 0, 0),
    }
    assert result.refused == []
    assert result.batch.state == "done"
    assert {code: rule["count"] for code, rule in result.rules.items()} == {
        "brands_new": 1,
        "lines_without_product": 1,
        "payments_assumed": 1,
        "purchases": 3,
        "visitors_new": 2,
    }


def test_the_same_folder_twice_changes_nothing(small_shop):
    do_import(small_shop)
    before = table_hashes()

    result = do_import(small_shop)

    assert table_hashes() == before
    assert all(s["new"] == s["changed"] == s["refused"] == 0 for s in result.sections.values())
    assert {name: s["same"] for name, s in result.sections.items()} == {
        "categories": 3, "products": 3, "variants": 4, "customers": 2, "orders": 3, "order_lines": 5, "payments": 2,
        "interactions": 4,
    }  # fmt: skip


def test_a_dry_run_counts_the_same_and_writes_nothing(small_shop):
    ShopProfile.current()
    before = table_hashes()

    rehearsal = do_import(small_shop, dry_run=True)
    after = table_hashes()
    real = do_import(small_shop)

    assert after == before
    assert {n: counts(s) for n, s in rehearsal.sections.items()} == {n: counts(s) for n, s in real.sections.items()}
    assert rehearsal.rules == real.rules


def test_parents_may_stand_after_their_children(small_shop):
    do_import(small_shop)

    kitchen = Category.objects.get(external_id="kitchen")
    assert [c.external_id for c in Category.objects.get_children(kitchen)] == ["mugs", "pans"]
    assert kitchen.depth == 1
    assert kitchen.numchild == 2
    assert Category.objects.get(external_id="mugs").name_translations == {"en": "Mugs", "zh-hans": "马克杯"}
    assert Category.objects.find_problems() == ([], [], [], [], [])


def test_a_moved_category_takes_its_branch_along(small_shop, write):
    do_import(small_shop)
    Category.objects.add_child(Category.objects.get(external_id="mugs"), {"name": "Made by staff"})

    folder = write({"categories.csv": "id,parent,name\nhome,,Home\nmugs,home,Mugs\ncups,mugs,Cups\n"}, "moved")
    result = do_import(folder)

    assert counts(result.sections["categories"]) == (3, 2, 1, 0, 0)
    mugs = Category.objects.get(external_id="mugs")
    assert Category.objects.get_parent(mugs).external_id == "home"
    assert [c.name for c in Category.objects.get_children(mugs)] == ["Made by staff", "Cups"]
    assert Category.objects.find_problems() == ([], [], [], [], [])


def test_products_get_brand_category_translations_and_publication(small_shop):
    do_import(small_shop)

    red = Product.objects.get(external_id="P1")
    assert (red.brand.name, red.category.external_id, red.price) == ("Clay & Co", "mugs", Decimal("12.5"))
    assert red.name_translations == {"en": "Red mug", "zh-hans": "红色马克杯"}
    assert red.attributes == {"colour": "red"}
    assert red.published_at == datetime(2024, 1, 2, 0, 0, tzinfo=UTC)
    assert red.is_in_stock
    pan = Product.objects.get(external_id="P3")
    assert (pan.status, pan.published_at) == ("hidden", None)


def test_brands_get_their_names_in_other_languages(small_shop, write):
    do_import(small_shop)
    folder = write({"brands.csv": "name,name_en,name_zh\nClay & Co,Clay & Co,陶社\nLanyu,,岚屿\n"}, "brands")

    first, second = do_import(folder), do_import(folder)

    assert counts(first.sections["brands"]) == (2, 1, 1, 0, 0)
    assert counts(second.sections["brands"]) == (2, 0, 0, 2, 0)
    clay = Brand.objects.get(name="Clay & Co")
    assert clay.name_translations == {"en": "Clay & Co", "zh-hans": "陶社"}
    assert Product.objects.get(external_id="P1").brand == clay
    assert Brand.objects.get(name="Lanyu").name_translations == {"zh-hans": "岚屿"}


def test_orders_name_the_browser_in_which_they_were_placed(small_shop, write):
    do_import(small_shop)
    Visitor.objects.create(key="v9", may_track=False)
    head = "number,customer,visitor,placed_at,status,currency"
    rows = "N1,C1,v8,2024-03-01T10:00:00Z,delivered,CNY\nN3,,v9,2024-04-05T09:30:00Z,paid,CNY\n"
    folder = write({"orders.csv": f"{head}\n{rows}"}, "orders")

    result, again = do_import(folder), do_import(folder)

    assert counts(result.sections["orders"])[:3] == (2, 0, 1)
    assert counts(again.sections["orders"])[:4] == (2, 0, 0, 2)
    assert Order.objects.get(number="N1").visitor == Visitor.objects.get(key="v8")
    assert Visitor.objects.get(key="v8").customer.external_id == "C1"
    assert Order.objects.get(number="N3").visitor is None
    bought = Interaction.objects.filter(kind="purchase", visitor__key="v8")
    assert sorted(one.product.external_id for one in bought) == ["P1", "P2"]


def test_what_a_browser_did_that_does_not_want_to_be_followed_is_left_out_and_counted(small_shop, write):
    do_import(small_shop)
    Visitor.objects.create(key="v9", may_track=False)
    head = "event_id,kind,product,customer,visitor,occurred_at"
    rows = "e91,view,P1,C1,v9,2024-05-01T10:00:00Z\ne92,view,P1,,v9,2024-05-01T10:01:00Z\n"
    wanted = "e93,view,P1,C1,v10,2024-05-01T10:02:00Z\n"

    result = do_import(write({"interactions.csv": f"{head}\n{rows}{wanted}"}, "events"))

    assert counts(result.sections["interactions"]) == (3, 1, 0, 0, 0)
    assert result.rules["left_out_unwanted"]["count"] == 2
    assert result.refused == []
    assert Interaction.objects.filter(visitor__key="v9").count() == 0
    assert Interaction.objects.filter(visitor__key="v10").count() == 1
    assert Visitor.objects.get(key="v9").customer is None
    assert Visitor.objects.get(key="v10").customer.external_id == "C1"


def test_options_of_variants_may_be_in_two_languages(small_shop, write):
    do_import(small_shop)
    head = "sku,product,options,options_zh"
    rows = 'P1-S,P1,"{""ink"": ""black""}","{""墨色"": ""黑色""}"\nP1-L,P1,"{""ink"": ""blue""}",\nP2-1,P2,,[1]\n'

    result = do_import(write({"variants.csv": f"{head}\n{rows}"}, "variants"))

    assert [row[2] for row in result.refused] == ["options_zh"]
    black, blue = Variant.objects.filter(sku__in=["P1-S", "P1-L"]).order_by("-sku")
    assert (black.options, black.options_translations) == ({"ink": "black"}, {"zh-hans": {"墨色": "黑色"}})
    assert (black.localised_options("zh-hans"), black.localised_options("en")) == ({"墨色": "黑色"}, {"ink": "black"})
    assert (blue.options_translations, blue.localised_options("zh-hans")) == ({}, {"ink": "blue"})


def test_a_column_that_the_file_lacks_is_left_as_it_is(small_shop, write):
    do_import(small_shop)

    folder = write({"products.csv": "id,name,price,name_en\nP1,Scarlet mug,15,Scarlet\n"}, "later")
    result = do_import(folder)

    assert counts(result.sections["products"]) == (1, 0, 1, 0, 0)
    red = Product.objects.get(external_id="P1")
    assert (red.name, red.price, red.brand.name) == ("Scarlet mug", Decimal(15), "Clay & Co")
    assert red.name_translations == {"en": "Scarlet", "zh-hans": "红色马克杯"}
    assert red.attributes == {"colour": "red"}


def test_stock_changes_are_entered_in_the_ledger(small_shop, write):
    do_import(small_shop)
    folder = write({"variants.csv": "sku,product,stock\nP1-S,P1,3\nP1-L,P1,0\n"}, "later")

    do_import(folder)

    moves = StockMovement.objects.filter(variant__sku="P1-S").order_by("id")
    assert [(m.delta, m.balance, m.reason) for m in moves] == [(5, 5, "import"), (-2, 3, "import")]
    assert not StockMovement.objects.filter(variant__sku="P1-L").exists()
    assert Variant.objects.get(sku="P1-S").options == {"size": "S"}


def test_an_empty_stock_is_not_counted(small_shop):
    do_import(small_shop)

    variant = Variant.objects.get(sku="P2-1")
    assert (variant.track_stock, variant.is_available, variant.product.is_in_stock) == (False, True, True)


def test_without_variants_file_every_product_can_be_bought_under_its_id(write):
    result = do_import(write({"products.csv": "id,name,price\nP9,Plate,3\n"}))

    variant = Variant.objects.get()
    assert (variant.sku, variant.track_stock, variant.product.external_id) == ("P9", False, "P9")
    assert variant.product.is_in_stock
    assert result.rules["variants_made"]["count"] == 1

    do_import(write({"variants.csv": "sku,product,stock\nP9-A,P9,0\n"}))

    assert not Product.objects.get(external_id="P9").is_in_stock


def test_customers_are_read_with_language_birthday_and_wish(small_shop):
    do_import(small_shop)

    ann, fang = Customer.objects.order_by("external_id")
    assert (ann.language, ann.birthday, ann.is_personalised) == ("en", date(1990, 5, 17), True)
    assert (fang.name, fang.language, fang.is_personalised) == ("王芳", "zh-hans", False)
    assert fang.joined_at == datetime(2024, 2, 1, 10, tzinfo=UTC)


def test_an_erased_customer_does_not_come_back(small_shop):
    do_import(small_shop)
    Customer.objects.filter(external_id="C1").update(erased_at=datetime(2024, 5, 1, tzinfo=UTC), name="", email="")

    result = do_import(small_shop)

    assert ("customers.csv", 2, "id", "this customer was erased and stays so") in result.refused
    assert Customer.objects.get(external_id="C1").email == ""


def test_totals_of_orders_add_up_with_lines_payments_and_refunds(small_shop):
    do_import(small_shop)

    first = Order.objects.get(number="N1")
    assert (first.lines_total, first.total) == (Decimal(37), Decimal(40))
    assert (first.paid_total, first.refunded_total) == (Decimal(40), Decimal("12.5"))
    assert first.paid_at == datetime(2024, 3, 1, 10, 5, tzinfo=UTC)
    assert [line.name for line in first.lines.all()] == ["Red mug S", "Blue mug"]
    assert Refund.objects.get().customer.external_id == "C1"
    second = Order.objects.get(number="N2")
    assert (second.paid_total, second.paid_at) == (Decimal(0), None)


def test_a_bought_order_without_payment_was_paid_when_placed_until_a_payment_comes(small_shop, write):
    do_import(small_shop)
    third = Order.objects.get(number="N3")
    assert (third.total, third.paid_total, third.paid_at) == (Decimal("55.9"), Decimal("55.9"), third.placed_at)

    text = "order,id,kind,amount,paid_at\nN3,T9,payment,55.90,2024-04-06T00:00:00Z\n"
    do_import(write({"payments.csv": text}, "later"))

    assert [p.external_id for p in Payment.objects.filter(order=third)] == ["T9"]
    third.refresh_from_db()
    assert third.paid_at == datetime(2024, 4, 6, tzinfo=UTC)
    assert Interaction.objects.get(kind="purchase", customer=None).occurred_at == third.paid_at


def test_the_timeline_says_what_is_known(small_shop):
    do_import(small_shop)

    events = OrderEvent.objects.filter(order__number="N1").order_by("occurred_at", "id")
    assert [(e.kind, e.occurred_at.isoformat(), e.details) for e in events] == [
        ("placed", "2024-03-01T10:00:00+00:00", {}),
        ("paid", "2024-03-01T10:05:00+00:00", {"amount": "40"}),
        ("delivered", "2024-03-01T10:05:00+00:00", {"time": "unknown"}),
        ("refunded", "2024-03-09T10:05:00+00:00", {"refund": "T2", "amount": "12.5"}),
    ]


def test_lines_of_bought_orders_become_purchases(small_shop):
    do_import(small_shop)

    bought = Interaction.objects.get(event_id=purchase_event_id("N1", 1))
    assert (bought.kind, bought.value, bought.customer_id) == (
        "purchase", 2.0, Customer.objects.get(external_id="C1").pk,
    )  # fmt: skip
    assert Interaction.objects.filter(kind="purchase").count() == 3  # N2 is not paid, a line of N3 has no product


def test_a_cancelled_order_takes_its_purchases_back(small_shop, write):
    do_import(small_shop)
    text = "number,customer,placed_at,status\nN3,,2024-04-05T09:30:00Z,cancelled\n"

    result = do_import(write({"orders.csv": text}, "later"))

    assert counts(result.sections["orders"]) == (1, 0, 1, 0, 0)
    assert Interaction.objects.filter(kind="purchase").count() == 2
    order = Order.objects.get(number="N3")
    assert (order.total, order.paid_total) == (Decimal("55.9"), Decimal(0))


def test_a_later_line_changes_the_total_of_an_order_that_is_there(small_shop, write):
    do_import(small_shop)
    text = "order,line,sku,quantity,unit_price\nN2,2,P1-S,2,12.50\n"

    do_import(write({"order_lines.csv": text}, "later"))

    order = Order.objects.get(number="N2")
    assert (order.lines_total, order.total) == (Decimal(39), Decimal(39))


def test_a_shop_without_orders_takes_the_currency_of_the_file(small_shop):
    text = (small_shop / "orders.csv").read_text().replace("CNY", "EUR")
    (small_shop / "orders.csv").write_text(text)
    (small_shop / "payments.csv").unlink()

    result = do_import(small_shop)

    assert ShopProfile.current().base_currency == "EUR"
    assert "The shop's base currency is now EUR." in result.notes


def test_an_order_in_another_currency_needs_its_rate(small_shop, write):
    do_import(small_shop)
    text = "number,placed_at,currency,base_rate\nX1,2024-05-01,EUR,7.8\nX2,2024-05-01,USD,\n"

    result = do_import(write({"orders.csv": text}, "later"))

    assert Order.objects.get(number="X1").base_rate == Decimal("7.8")
    assert result.refused == [
        (
            "orders.csv", 3, "currency",
            "the shop's currency is CNY; a column base_rate must say what one unit is worth",
        )
    ]  # fmt: skip


def test_events_are_joined_to_visitors_and_customers(small_shop):
    do_import(small_shop)

    first = Visitor.objects.get(key="v1")
    assert first.customer.external_id == "C1"
    assert first.first_seen_at == datetime(2024, 2, 27, 10, tzinfo=UTC)
    assert Interaction.objects.filter(visitor=first).count() == 2
    assert Interaction.objects.get(event_id="0f8fad5b-d9cb-469f-a165-70867728950e").kind == "cart"


def test_a_file_that_nobody_reads_is_named_and_left(small_shop):
    (small_shop / "wishes.csv").write_text("id\n1\n")

    result = do_import(small_shop)

    assert result.left == ["wishes.csv"]
    assert "wishes.csv: left, no part of this installation reads it." in result.notes


def test_packed_files_are_read(write):
    import gzip

    folder = write({"products.csv.gz": gzip.compress(b"id,name,price\nP1,Mug,1\n")})

    assert counts(do_import(folder).sections["products"]) == (1, 1, 0, 0, 0)
