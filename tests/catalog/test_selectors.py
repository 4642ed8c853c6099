import tracemalloc

import orjson
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from catalog.selectors import image_url, product_cards, sellable_among
from catalog.showcase import Card
from tests.factories import ProductFactory, ProductImageFactory, ShopProfileFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_cards_have_what_a_shelf_shows(django_assert_num_queries):
    ShopProfileFactory.create(base_currency="EUR")
    product = ProductFactory.create(name="Tee", name_translations={"zh-hans": "茶"}, external_id="T", price="3.5")
    second = ProductImageFactory.create(product=product, position=2)
    first = ProductImageFactory.create(product=product, position=1, alt="A cup")
    plain = ProductFactory.create(name="Plain")
    product_cards([product.pk])

    with django_assert_num_queries(1):
        cards = product_cards([product.pk, plain.pk, 0], language="zh-hans")

    assert set(cards) == {product.pk, plain.pk}
    assert second.file.name != first.file.name
    assert cards[product.pk] == {
        "id": product.public_id,
        "public_id": product.public_id,
        "external_id": "T",
        "name": "茶",
        "price": "3.50",
        "currency": "EUR",
        "image": f"/media/{first.file.name}",
        "image_alt": "A cup",
        "url": f"/api/v1/products/{product.public_id}",
    }
    assert (cards[plain.pk]["name"], cards[plain.pk]["image"]) == ("Plain", None)


def test_only_live_existing_products_in_stock_may_be_sold(django_assert_num_queries):
    good = ProductFactory.create()
    bad = [
        ProductFactory.create(status="hidden"),
        ProductFactory.create(status="draft"),
        ProductFactory.create(deleted_at=timezone.now()),
        ProductFactory.create(stock=0),
        ProductFactory.create(stock=-1),
    ]

    with django_assert_num_queries(1):
        assert sellable_among([good.pk, *(product.pk for product in bad), 10**15]) == {good.pk}


@pytest.mark.parametrize("base", ["/media/", "/media", "https://pictures.example/shop/"])
@pytest.mark.parametrize(
    "name",
    [
        "products/2026/a-b_c.1.jpg", "a.jpg", "a b.jpg", "茶.jpg", "../a.jpg", "a/../b.jpg", "a/./b.jpg", "a//b.jpg",
        "/a.jpg", "//elsewhere/a.jpg", "javascript:a.jpg", "https://elsewhere/a.jpg", "a.jpg?b#c", "%2e%2e/a.jpg",
        "a\\b.jpg", ".hidden", "a.jpg\n",
    ],
)  # fmt: skip
def test_the_address_of_a_picture_is_what_the_storage_says(settings, base, name):
    settings.MEDIA_URL = base

    assert image_url(name) == default_storage.url(name)
    assert image_url("") is None


def test_a_card_takes_little_more_than_its_words():
    row = {"id": "prd_1", "name": "Cup", "price": "7.00", "image": None, "url": "/api/v1/products/prd_1"}
    tracemalloc.start()
    try:
        before, _peak = tracemalloc.get_traced_memory()
        cards = [Card(row) for _number in range(500)]
        each = (tracemalloc.get_traced_memory()[0] - before) / len(cards)
    finally:
        tracemalloc.stop()

    assert orjson.loads(orjson.dumps(cards[0].json)) == row
    assert each < 1_000
