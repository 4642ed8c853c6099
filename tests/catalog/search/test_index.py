import threading
from contextlib import closing

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from catalog.models import Brand, Category, Product, SearchChange, SearchDocument, SearchTerm, Variant
from catalog.search import index
from tests.factories import (
    BrandFactory,
    CategoryFactory,
    CustomerFactory,
    InteractionFactory,
    ProductFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db


def holds(product: Product, token: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tokens @@ quote_literal(%s)::tsquery FROM catalog_searchdocument WHERE product_id = %s",
            [token, product.pk],
        )
        return bool(cursor.fetchone()[0])


def waiting() -> set[int]:
    return set(SearchChange.objects.values_list("product_id", flat=True))


@pytest.fixture
def product(db) -> Product:
    made = ProductFactory.create(
        name="Lamp", brand=BrandFactory.create(name="Acre"), category=CategoryFactory.create(name="Lights")
    )
    index.refresh()
    return made


def test_a_new_product_is_noted_and_read(db):
    product = ProductFactory.create(name="Oak lamp")

    assert waiting() == {product.pk}
    index.refresh()
    assert waiting() == set()
    assert holds(product, "oak")
    assert holds(product, "!lamp")


@pytest.mark.parametrize(
    "change",
    [
        lambda p: Product.objects.filter(pk=p.pk).update(name="Chair"),
        lambda p: Product.objects.filter(pk=p.pk).update(name_translations={"en": "Chair"}),
        lambda p: Product.objects.filter(pk=p.pk).update(description="Beside a chair"),
        lambda p: Product.objects.filter(pk=p.pk).update(attributes={"for": ["chair"]}),
        lambda p: Product.objects.filter(pk=p.pk).update(external_id="chair"),
        lambda p: Brand.objects.filter(pk=p.brand_id).update(name="Chair"),
        lambda p: Category.objects.filter(pk=p.category_id).update(name_translations={"en": "Chair"}),
        lambda p: p.tags.create(kind="looks like", value="chair"),
        lambda p: Variant.objects.filter(product=p).update(sku="chair"),
        lambda p: Variant.objects.filter(product=p).update(options={"shape": "chair"}),
        lambda p: VariantFactory.create(product=p, sku="chair"),
    ],
)
def test_any_writer_is_noticed(product, change):
    change(product)

    assert waiting() == {product.pk}
    index.refresh()
    assert holds(product, "chair")


def test_what_changes_no_text_is_not_read_again(product):
    Product.objects.filter(pk=product.pk).update(price=5, status="hidden")
    Variant.objects.filter(product=product).update(stock=0)

    assert waiting() == set()
    document = SearchDocument.objects.get(pk=product.pk)
    assert (document.price, document.is_shown, document.is_in_stock) == (5, False, False)


def test_a_category_that_moves_takes_its_products_along(product):
    above = CategoryFactory.create(name="Household")
    Category.objects.move(Category.objects.get(pk=product.category_id), above, "last-child")
    index.refresh()

    assert holds(product, "household")


def test_rows_written_by_plain_sql_are_found(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_product (name, price, status, created_at, updated_at)"
            " SELECT 'Copied ' || n, n, 'live', now(), now() FROM generate_series(1, 3) n"
        )
    assert index.refresh() == 3
    assert SearchDocument.objects.filter(is_shown=True).count() == 3


def test_a_removed_product_leaves_no_document(product):
    product.tags.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM catalog_variant WHERE product_id = %s", [product.pk])
        cursor.execute("DELETE FROM catalog_product WHERE id = %s", [product.pk])

    index.refresh()
    assert not SearchDocument.objects.exists()
    assert waiting() == set()


def test_words_are_counted_and_forgotten(product):
    ProductFactory.create(name="Lamps")
    index.refresh()
    index.count_terms()
    assert SearchTerm.objects.get(term="lamp").products == 2

    Product.objects.update(name="Chair")
    index.refresh()
    index.count_terms()
    assert not SearchTerm.objects.filter(token="lamp").exists()


def test_popularity_counts_what_people_did_lately(product):
    other = ProductFactory.create()
    customer = CustomerFactory.create()
    for _time in range(3):
        InteractionFactory.create(product=product, customer=customer, kind="purchase")
    InteractionFactory.create(product=other, customer=customer, kind="view")

    assert index.measure_popularity() == 2
    first, second = (SearchDocument.objects.get(pk=pk).popularity for pk in (product.pk, other.pk))
    assert first == pytest.approx(1.0)
    assert second == pytest.approx(0.2702, abs=1e-3)  # ln 2 / ln 13
    assert index.measure_popularity() == 0


def test_the_command_reads_everything_again(product, capsys):
    SearchDocument.objects.all().delete()
    SearchTerm.objects.all().delete()

    call_command("rebuild_search")

    assert "1 products read." in capsys.readouterr().out
    assert holds(product, "lamp")
    assert SearchTerm.objects.get(term="lamp").products == 1


@pytest.mark.django_db(transaction=True)
def test_a_document_that_somebody_holds_comes_with_the_next_round(django_db_blocker):
    product = ProductFactory.create(name="Lamp")
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with closing(connection), transaction.atomic():
            Product.objects.filter(pk=product.pk).update(price=7)
            held.set()
            done.wait(20)

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(20)

    index.refresh()
    still_waiting = waiting()
    done.set()
    other.join()
    index.refresh()

    assert still_waiting == {product.pk}
    assert waiting() == set()
    assert holds(product, "lamp")
