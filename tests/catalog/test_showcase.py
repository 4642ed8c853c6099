"""What may be sold, remembered by a web process: never more than a second old, whoever writes and however late."""

import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import showcase as showcases
from catalog.models import Product, ProductImage, Variant
from catalog.showcase import Showcase, tidy
from core.shop import current_shop
from tests.factories import ShopProfileFactory, VariantFactory

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def show(settings, monkeypatch):
    """A showcase that looks whenever it is asked."""
    settings.WEB_PROCESS = True
    monkeypatch.setattr(showcases, "LOOK_SECONDS", 0.0)
    return Showcase()


@pytest.fixture
def product():
    return VariantFactory.create(stock=3, product__status="live").product


def execute(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


CHANGES = {
    "hidden": "UPDATE catalog_product SET status = 'hidden' WHERE id = %s",
    "deleted": "UPDATE catalog_product SET deleted_at = now() WHERE id = %s",
    "sold out": "UPDATE catalog_variant SET stock = 0 WHERE product_id = %s",
}


@pytest.mark.parametrize("how", CHANGES)
def test_what_may_no_longer_be_sold_is_out_and_comes_back(show, product, how):
    assert show.sellable_among([product.pk, 10**9]) == {product.pk}

    execute(CHANGES[how], product.pk)
    assert show.sellable_among([product.pk]) == set()
    assert show.newest(5) == []

    Variant.objects.filter(product=product).update(stock=1)
    Product.objects.filter(pk=product.pk).update(status="live", deleted_at=None)
    assert show.sellable_among([product.pk]) == {product.pk}
    assert show.newest(5) == [product.pk]


def test_new_products_come_in_and_removed_ones_go(show, product):
    show.sellable_among([])
    other = VariantFactory.create(stock=1, product__status="live").product
    assert show.sellable_among([product.pk, other.pk]) == {product.pk, other.pk}

    pk = other.pk
    other.delete()

    assert show.sellable_among([product.pk, pk]) == {product.pk}


def test_a_card_follows_price_name_and_picture(show, product):
    before = show.cards([product.pk], "en")[product.pk]
    Product.objects.filter(pk=product.pk).update(price=77, name="Another")
    after = show.cards([product.pk], "en")[product.pk]
    image = ProductImage(product=product, alt="x")
    image.__dict__["file"] = "products/x.webp"
    ProductImage.objects.bulk_create([image])
    pictured = show.cards([product.pk], "en")[product.pk]

    assert before["price"] != "77.00"
    assert (after["price"], after["name"], after["image"]) == ("77.00", "Another", None)
    assert pictured["image"].endswith("products/x.webp")
    assert b'"price":"77.00"' in showcases.orjson.dumps(pictured.json)


def test_a_card_follows_the_currency_of_the_shop(show, product):
    ShopProfileFactory.create(base_currency="CNY")
    assert show.cards([product.pk], "en")[product.pk]["currency"] == "CNY"

    ShopProfileFactory.create(base_currency="EUR")

    assert show.cards([product.pk], "en")[product.pk]["currency"] == "EUR"


def test_known_cards_and_products_cost_one_small_query(show, product, django_assert_num_queries):
    for _look in range(3):  # a transaction that is open elsewhere on the server has the notes read once more
        show.cards([product.pk], "en")
    current_shop()  # remembered for a moment of its own

    with django_assert_num_queries(1):
        assert show.cards([product.pk], "en")
    show._looked_at = showcases.time.monotonic() + 60
    with django_assert_num_queries(0):
        assert show.cards([product.pk], "en")
        assert show.sellable_among([product.pk])


def test_a_transaction_that_ends_late_is_not_missed(show, product):
    """Its number is older than that of a change that was seen before it ended."""
    other = VariantFactory.create(stock=1, product__status="live").product
    show.sellable_among([])
    begun, go_on = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            Product.objects.filter(pk=product.pk).update(status="hidden")
            begun.set()
            go_on.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert begun.wait(10)
    Product.objects.filter(pk=other.pk).update(status="hidden")
    assert show.sellable_among([product.pk, other.pk]) == {product.pk}
    go_on.set()
    thread.join()

    assert show.sellable_among([product.pk, other.pk]) == set()


def test_inside_a_transaction_the_tables_are_asked_and_nothing_is_remembered(show, product):
    show.sellable_among([])
    with transaction.atomic():
        Product.objects.filter(pk=product.pk).update(status="hidden")
        assert show.sellable_among([product.pk]) == set()
        transaction.set_rollback(True)

    assert show.sellable_among([product.pk]) == {product.pk}


def test_a_look_that_failed_is_made_again(show, product, monkeypatch):
    show.sellable_among([])
    Product.objects.filter(pk=product.pk).update(status="hidden")
    with monkeypatch.context() as patch:
        patch.setattr(showcases, "CHANGES", "SELECT 1 / 0, NULL WHERE %s IS NOT NULL")
        with pytest.raises(Exception, match="division by zero"):
            show.sellable_among([product.pk])

    assert show.sellable_among([product.pk]) == set()


def test_nobody_uses_what_is_older_than_a_second():
    assert showcases.MOST_SECONDS < 1.0


def test_notes_are_removed_once_every_process_has_read_them(show, product):
    execute("UPDATE catalog_productchange SET at = at - interval '16 minutes'")
    Product.objects.filter(pk=product.pk).update(price=5)

    assert tidy() > 0
    assert tidy() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM catalog_productchange")
        assert cursor.fetchone() == (1,)


def test_another_database_in_its_place_is_read_anew(show, product):
    show.sellable_among([])
    show._xmin = 2**60

    Product.objects.filter(pk=product.pk).update(status="hidden")

    assert show.sellable_among([product.pk]) == set()


STEPS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["hide", "show", "delete", "restore", "sell", "fill", "price"])),
    min_size=1, max_size=12,
)  # fmt: skip


@given(steps=STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_memory_and_tables_say_the_same(show, steps):
    products = list(Product.objects.order_by("pk")[:5])
    while len(products) < 5:
        products.append(VariantFactory.create(stock=2, product__status="live").product)
    ids = [product.pk for product in products]
    for place, what in steps:
        one = Product.objects.filter(pk=ids[place])
        match what:
            case "hide":
                one.update(status="hidden")
            case "show":
                one.update(status="live")
            case "delete":
                one.update(deleted_at=timezone.now())
            case "restore":
                one.update(deleted_at=None)
            case "sell":
                Variant.objects.filter(product_id=ids[place]).update(stock=0)
            case "fill":
                Variant.objects.filter(product_id=ids[place]).update(stock=4)
            case "price":
                one.update(price=place + 1)

        sellable = set(Product.objects.sellable().values_list("pk", flat=True))
        assert show.sellable_among(ids) == sellable & set(ids)
        assert set(show.newest(50)) == sellable
        for pk, card in show.cards(ids, "en").items():
            assert card["price"] == f"{Product.objects.get(pk=pk).price:.2f}"


def test_what_a_filter_lets_through_is_gone_through_once_until_something_changes(
    show, product, django_assert_num_queries
):
    cheap = VariantFactory.create(stock=1, product__status="live", product__price=5).product
    Product.objects.filter(pk=product.pk).update(price=50)
    looked: list[float] = []

    def fits(wares):
        looked.extend(wares.price.tolist())
        return wares.price <= 10

    for _look in range(2):  # the second one reads again what was noted while a transaction elsewhere was open
        show.newest(1)
    assert show.fitting(("most", 10), fits) == [cheap.pk]
    assert sorted(looked) == [5.0, 50.0]
    with django_assert_num_queries(1):  # the look for what changed
        assert show.fitting(("most", 10), fits) == [cheap.pk]
    assert len(looked) == 2

    Product.objects.filter(pk=product.pk).update(price=9)
    assert sorted(show.fitting(("most", 10), fits)) == sorted([cheap.pk, product.pk])
    execute(CHANGES["hidden"], cheap.pk)
    assert show.fitting(("most", 10), fits) == [product.pk]


def test_filters_that_nobody_asks_for_any_more_are_forgotten(show, product):
    for number in range(3 * showcases.MOST_SIEVES):
        assert show.fitting(number, lambda wares: wares.price > 0) == [product.pk]

    assert len(show._fitting) <= showcases.MOST_SIEVES


def test_inside_a_transaction_and_outside_web_processes_the_tables_are_to_be_asked(show, product, settings):
    with transaction.atomic():
        assert show.fitting("all", lambda wares: wares.price > 0) is None
    settings.WEB_PROCESS = False

    assert show.fitting("all", lambda wares: wares.price > 0) is None
