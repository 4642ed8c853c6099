from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from catalog.models import Brand, Product, StockMovement, Variant
from core.models import Scope
from tests.factories import (
    BrandFactory,
    CategoryFactory,
    OrderLineFactory,
    ProductFactory,
    ProductImageFactory,
    ShopProfileFactory,
    StockMovementFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


# --- lists --------------------------------------------------------------------------------------------------------


def names(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["name"] for row in response.json()["results"]]


def test_a_list_shows_live_products_newest_first(browser):
    for name in "ABC":
        ProductFactory.create(name=name)
    ProductFactory.create(name="hidden", status="hidden")
    ProductFactory.create(name="draft", status="draft")
    ProductFactory.create(name="gone", deleted_at=timezone.now())
    ProductFactory.create(name="sold out", stock=0)

    assert names(browser.get("/products")) == ["sold out", "C", "B", "A"]


def test_a_row_has_what_a_shelf_shows(browser):
    ShopProfileFactory.create(base_currency="EUR")
    category, brand = CategoryFactory.create(name="Shirts", external_id="shirts"), BrandFactory.create(name="Acre")
    product = ProductFactory.create(name="Linen", external_id="L1", price="19.9", category=category, brand=brand)
    image = ProductImageFactory.create(product=product)
    ProductImageFactory.create(product=product)

    assert browser.get("/products").json()["results"] == [
        {
            "id": product.public_id,
            "external_id": "L1",
            "name": "Linen",
            "price": "19.90",
            "currency": "EUR",
            "in_stock": True,
            "category": {"id": category.public_id, "external_id": "shirts", "name": "Shirts"},
            "brand": {"id": brand.public_id, "external_id": None, "name": "Acre"},
            "image": f"/media/{image.file.name}",
            "updated_at": product.updated_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "url": f"/api/v1/products/{product.public_id}",
        }
    ]


def test_pages_follow_each_other_without_a_gap_while_products_are_added(browser):
    for number in range(5):
        ProductFactory.create(name=str(number))
    first = browser.get("/products", limit=2)
    ProductFactory.create(name="new")

    second = browser.client.get(first.json()["next"], headers=browser._headers())
    third = browser.client.get(second.json()["next"], headers=browser._headers())

    assert [names(page) for page in (first, second, third)] == [["4", "3"], ["2", "1"], ["0"]]
    assert third.json()["next"] is None


def test_a_cursor_stays_good_when_its_product_is_hidden(browser):
    rows = [ProductFactory.create(name=str(number)) for number in range(3)]
    Product.objects.filter(pk=rows[1].pk).update(status="hidden")

    assert names(browser.get("/products", cursor=rows[1].public_id)) == ["0"]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", "99999999999999999999", "٣"])
def test_a_page_size_out_of_range_is_400(browser, limit):
    response = browser.get("/products", limit=limit)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "limit"


def test_a_page_may_have_a_hundred_rows(browser):
    ProductFactory.create_batch(3)

    assert len(names(browser.get("/products", limit="100"))) == 3


@pytest.mark.parametrize("cursor", ["x", "0" * 32, "1", "'; DROP TABLE"])
def test_an_unknown_cursor_is_400(browser, cursor):
    response = browser.get("/products", cursor=cursor)

    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "cursor_unknown")


def test_a_category_holds_what_is_below_it(browser):
    clothes = CategoryFactory.create(name="Clothes", external_id="clothes")
    shirts = CategoryFactory.create(name="Shirts", parent=clothes)
    other = CategoryFactory.create(name="Tea")
    ProductFactory.create(name="shirt", category=shirts)
    ProductFactory.create(name="scarf", category=clothes)
    ProductFactory.create(name="oolong", category=other)
    ProductFactory.create(name="nowhere")

    assert names(browser.get("/products", category="ext:clothes")) == ["scarf", "shirt"]
    assert names(browser.get("/products", category=shirts.public_id)) == ["shirt"]


def test_lists_can_be_narrowed(browser):
    brand = BrandFactory.create()
    cheap = ProductFactory.create(name="cheap", price="5", brand=brand)
    ProductFactory.create(name="dear", price="50", stock=0)
    Product.objects.filter(pk=cheap.pk).update(updated_at=datetime(2026, 1, 1, tzinfo=UTC))

    assert names(browser.get("/products", price_min="5.01")) == ["dear"]
    assert names(browser.get("/products", price_max="5")) == ["cheap"]
    assert names(browser.get("/products", in_stock="false")) == ["dear"]
    assert names(browser.get("/products", in_stock="true", brand=brand.public_id)) == ["cheap"]
    assert names(browser.get("/products", updated_since="2026-01-02T00:00:00Z")) == ["dear"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"category": "ext:none"}, "category"),
        ({"brand": "0" * 32}, "brand"),
        ({"brand": "1"}, "brand"),
        ({"price_min": "cheap"}, "price_min"),
        ({"price_min": "NaN"}, "price_min"),
        ({"price_max": "1e30"}, "price_max"),
        ({"price_min": "2", "price_max": "1"}, "price_min"),
        ({"in_stock": "maybe"}, "in_stock"),
        ({"updated_since": "yesterday"}, "updated_since"),
        ({"updated_since": "0001-01-01T00:00:00+14:00"}, "updated_since"),
        ({"category__path__startswith": "0"}, "category__path__startswith"),
        ({"order_lines__order__customer__email": "a@example.com"}, "order_lines__order__customer__email"),
        ({"ordering": "price"}, "ordering"),
    ],
)
def test_a_filter_that_cannot_be_used_is_400_and_named(browser, query, field):
    response = browser.get("/products", **query)

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize("rows", [1, 30])
def test_a_page_costs_the_same_queries_however_long_it_is(browser, django_assert_num_queries, rows):
    category, brand = CategoryFactory.create(), BrandFactory.create()
    for _number in range(rows):
        ProductImageFactory.create(product=ProductFactory.create(category=category, brand=brand))
    browser.get("/products")

    with django_assert_num_queries(1):  # products with category, brand and first picture
        browser.get("/products", limit=100)


# --- one product --------------------------------------------------------------------------------------------------


def test_a_product_has_its_variants_and_pictures(browser):
    product = ProductFactory.create(name="Shirt", price="10", attributes={"colour": "red"}, external_id="S 1")
    large = VariantFactory.create(product=product, sku="S-L", options={"size": "L"}, price="12.5", stock=0)
    image = ProductImageFactory.create(product=product, alt="A red shirt")

    found = browser.get("/products/ext:S 1").json()

    assert found["attributes"] == {"colour": "red"}
    assert found["images"] == [{"url": f"/media/{image.file.name}", "alt": "A red shirt", "width": 8, "height": 6}]
    assert [(v["sku"], v["price"], v["in_stock"]) for v in found["variants"]] == [
        (product.variants.first().sku, "10.00", True),
        ("S-L", "12.50", False),
    ]
    assert found["variants"][1]["id"] == large.public_id
    assert found["variants"][1]["options"] == {"size": "L"}


def test_options_are_told_in_the_language_of_the_request(browser, server):
    variant = {"sku": "PEN-B", "options": {"ink": "black"}, "options_translations": {"zh-hans": {"墨色": "黑色"}}}
    assert server.put("/products/ext:PEN", {"name": "Pen", "price": "5", "variants": [variant]}).status_code == 201

    english, chinese = (browser.get("/products/ext:PEN", lang=lang).json()["variants"][0] for lang in ("en", "zh-hans"))

    assert english["options"] == chinese["options"] == {"ink": "black"}
    assert english["selected_options"] == [{"name": "ink", "value": "black"}]
    assert chinese["selected_options"] == [{"name": "墨色", "value": "黑色"}]


def test_options_in_an_unknown_language_are_refused(server):
    variant = {"sku": "PEN-B", "options": {"ink": "black"}, "options_translations": {"Klingon!": {"a": "b"}}}

    response = server.put("/products/ext:PEN", {"name": "Pen", "price": "5", "variants": [variant]})

    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "language"
    assert not Product.objects.exists()


def test_an_answer_tells_a_storefront_nothing_it_should_not_know(browser):
    product = ProductFactory.create()
    text = browser.get(f"/products/{product.public_id}").content.decode()

    for word in ("pk", "email", "phone", '"stock"', "deleted_at", "customer"):
        assert word not in text
    assert f'"{product.pk}"' not in text


def test_names_are_in_the_language_asked_for(browser):
    product = ProductFactory.create(
        name="Hemd", name_translations={"en": "Shirt", "zh-hans": "衬衫"}, description_translations={"zh-hans": "亚麻"}
    )
    path = f"/products/{product.public_id}"
    headers = {**browser._headers(), "Accept-Language": "zh-CN,zh;q=0.9"}

    assert browser.get(path).json()["name"] == "Shirt"
    assert browser.get(path, lang="zh").json()["name"] == "衬衫"
    assert browser.client.get(f"/api/v1{path}", headers=headers).json()["description"] == "亚麻"


@pytest.mark.parametrize("ident", ["ext:none", "0" * 32, "1", "ext:", "ext:" + "长" * 200])
def test_an_unknown_product_is_404(browser, ident):
    response = browser.get(f"/products/{ident}")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("state", [{"status": "hidden"}, {"status": "draft"}, {"deleted_at": timezone.now()}])
def test_what_is_not_live_does_not_exist_for_storefronts(browser, state):
    product = ProductFactory.create(**state)

    assert browser.get(f"/products/{product.public_id}").status_code == 404


def test_a_back_end_that_writes_products_sees_hidden_ones(server, with_scopes):
    product = ProductFactory.create(status="hidden")

    assert server.get(f"/products/{product.public_id}").json()["status"] == "hidden"
    assert with_scopes(Scope.CATALOGUE_READ).get(f"/products/{product.public_id}").status_code == 404


def test_a_product_costs_one_query(browser, django_assert_num_queries):
    product = ProductFactory.create()
    VariantFactory.create_batch(5, product=product)
    ProductImageFactory.create_batch(3, product=product)
    browser.get("/products")

    with django_assert_num_queries(1):
        browser.get(f"/products/{product.public_id}")


# --- categories ---------------------------------------------------------------------------------------------------


def test_categories_are_a_tree_in_the_order_of_the_shop(browser, django_assert_num_queries):
    tea = CategoryFactory.create(name="Tea", position=2)
    clothes = CategoryFactory.create(name="Clothes", name_translations={"zh-hans": "服装"}, position=1)
    shirts = CategoryFactory.create(name="Shirts", parent=clothes, external_id="shirts")
    browser.get("/categories")

    with django_assert_num_queries(1):
        found = browser.get("/categories", lang="zh").json()

    assert found == [
        {
            "id": clothes.public_id,
            "external_id": None,
            "name": "服装",
            "children": [{"id": shirts.public_id, "external_id": "shirts", "name": "Shirts", "children": []}],
        },
        {"id": tea.public_id, "external_id": None, "name": "Tea", "children": []},
    ]


# --- writing ------------------------------------------------------------------------------------------------------


def test_a_product_is_created_under_the_shops_own_id(server):
    category = CategoryFactory.create(external_id="shirts")
    response = server.put(
        "/products/ext:LS",
        {
            "name": "Linen shirt",
            "name_translations": {"zh-hans": "亚麻衬衫"},
            "category": "ext:shirts",
            "brand": "Acre",
            "price": "59",
            "attributes": {"colour": "white"},
            "variants": [
                {"sku": "LS-M", "options": {"size": "M"}, "stock": 4},
                {"sku": "LS-L", "price": "62.0000", "stock": 0},
            ],
        },
    )

    assert response.status_code == 201
    product = Product.objects.get(external_id="LS")
    assert response.json()["id"] == product.public_id
    assert response.json()["in_stock"] is True
    assert (product.category, product.brand, product.price) == (category, Brand.objects.get(name="Acre"), Decimal(59))
    assert product.published_at is not None
    assert [(v.sku, v.stock, v.price) for v in product.variants.all()] == [
        ("LS-M", 4, None),
        ("LS-L", 0, Decimal("62.0000")),
    ]
    movement = StockMovement.objects.get()
    assert (movement.variant.sku, movement.delta, movement.balance, movement.reason) == ("LS-M", 4, 4, "count")


def test_a_product_without_variants_gets_one_with_its_own_id_as_sku(server):
    server.put("/products/ext:P1", {"name": "Pot", "price": "5"})

    assert [(v.sku, v.stock) for v in Product.objects.get(external_id="P1").variants.all()] == [("P1", 0)]


def test_putting_the_same_again_changes_nothing(server):
    body = {"name": "Pot", "price": "5", "brand": "Acre", "variants": [{"sku": "P1", "stock": 3}]}
    first = server.put("/products/ext:P1", body)

    again = server.put("/products/ext:P1", body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert {**first.json(), "updated_at": 0} == {**again.json(), "updated_at": 0}
    assert (Product.objects.count(), Variant.objects.count(), StockMovement.objects.count()) == (1, 1, 1)


def test_replacing_empties_what_is_left_out_and_keeps_variants_and_pictures(server):
    product = ProductFactory.create(
        external_id="P1", description="long", brand=BrandFactory.create(), attributes={"a": 1}, stock=7
    )
    ProductImageFactory.create(product=product)

    response = server.put(f"/products/{product.public_id}", {"name": "New", "price": "1.5"})

    product.refresh_from_db()
    assert response.status_code == 200
    assert (product.name, product.description, product.brand, product.attributes) == ("New", "", None, {})
    assert product.external_id == "P1"
    assert product.variants.get().stock == 7
    assert product.images.count() == 1


def test_variants_left_out_go_and_those_with_a_history_stay_empty(server):
    product = ProductFactory.create(external_id="P1", stock=3)
    unused = product.variants.get()
    moved = VariantFactory.create(product=product, sku="moved", stock=5)
    StockMovementFactory.create(variant=moved)
    sold = OrderLineFactory.create(
        variant=VariantFactory.create(product=product, sku="sold", track_stock=False)
    ).variant

    response = server.put("/products/ext:P1", {"name": "P", "price": "1", "variants": [{"sku": "new"}]})

    assert response.status_code == 200
    assert not Variant.objects.filter(pk=unused.pk).exists()
    assert (
        list(Variant.objects.filter(pk__in=[moved.pk, sold.pk]).values_list("stock", "track_stock")) == [(0, True)] * 2
    )
    assert moved.movements.first().balance == 0
    product.refresh_from_db()
    assert not product.is_in_stock


def test_an_own_id_of_ours_that_does_not_exist_creates_nothing(server):
    response = server.put(f"/products/{'0' * 32}", {"name": "P", "price": "1"})

    assert response.status_code == 404
    assert Product.objects.count() == 0


def test_an_unknown_category_changes_nothing(server):
    response = server.put("/products/ext:P1", {"name": "P", "price": "1", "category": "ext:none", "brand": "New"})

    assert (response.status_code, response.json()["code"]) == (422, "unknown_category")
    assert response.json()["errors"][0]["field"] == "category"
    assert (Product.objects.count(), Brand.objects.count()) == (0, 0)


def test_a_sku_of_another_product_changes_nothing(server):
    other = VariantFactory.create(sku="taken")

    response = server.put(
        "/products/ext:P1", {"name": "P", "price": "1", "variants": [{"sku": "mine"}, {"sku": "taken"}]}
    )

    assert (response.status_code, response.json()["code"]) == (409, "sku_taken")
    assert response.json()["errors"][0]["field"] == "variants.1.sku"
    assert list(Product.objects.all()) == [other.product]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price": None}, "price"),
        ({"price": "1e20"}, "price"),
        ({"price": "Infinity"}, "price"),
        ({"name": "x" * 301}, "name"),
        ({"status": "sold"}, "status"),
        ({"name_translations": {"<b>": "x"}}, "name_translations"),
        ({"attributes": ["a"]}, "attributes"),
        ({"attributes": {"a": "x" * 20_000}}, "attributes"),
        ({"variants": []}, "variants"),
        ({"variants": [{"sku": "a"}, {"sku": "a"}]}, "variants"),
        ({"variants": [{"sku": "a", "stock": -1}]}, "variants.0.stock"),
        ({"variants": [{"sku": "a", "stock": 10**12}]}, "variants.0.stock"),
    ],
)
def test_a_product_that_cannot_be_is_400_and_nothing_is_written(server, change, field):
    response = server.put("/products/ext:P1", {"name": "P", "price": "1", **change})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert Product.objects.count() == 0


def test_putting_a_deleted_product_brings_it_back(server):
    product = ProductFactory.create(external_id="P1", deleted_at=timezone.now() - timedelta(days=1))

    assert server.put("/products/ext:P1", {"name": "P", "price": "1"}).status_code == 200

    product.refresh_from_db()
    assert product.deleted_at is None


def test_an_own_id_of_another_variant_is_409_and_changes_nothing(server):
    VariantFactory.create(external_id="taken")

    response = server.put(
        "/products/ext:P1", {"name": "P", "price": "1", "variants": [{"sku": "new", "external_id": "taken"}]}
    )

    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert not Product.objects.filter(external_id="P1").exists()
