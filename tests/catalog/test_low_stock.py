"""Whether a product is low is kept by the database: whatever happens, it is what its variants and its limit say."""

import io
import time
from collections.abc import Callable
from functools import partial
from random import Random

import pytest
from django.db import connection, transaction
from django.db.models import F

from catalog import services
from catalog.bulk.operations import LowStockOperation
from catalog.models import LOW_STOCK, Product, StockMovement, Variant
from catalog.services import StockChange, staff
from tests.catalog.test_services import at_once
from tests.factories import ProductFactory, StaffUserFactory, VariantFactory
from tests.factories.catalog import NO_VARIANT


def truth(product: Product) -> tuple[bool, bool]:
    """In stock, low: by the definition, from the rows."""
    variants = list(product.variants.all())
    limit = LOW_STOCK if product.low_stock_at is None else product.low_stock_at
    is_counted = bool(variants) and all(variant.track_stock for variant in variants)
    return (
        any(not variant.track_stock or variant.stock > 0 for variant in variants),
        is_counted and 1 <= sum(variant.stock for variant in variants) <= limit,
    )


def kept() -> dict[int, tuple[bool, bool]]:
    rows = Product.objects.order_by("pk").values_list("pk", "is_in_stock", "is_low")
    return {pk: (is_in_stock, is_low) for pk, is_in_stock, is_low in rows}


def expected() -> dict[int, tuple[bool, bool]]:
    return {product.pk: truth(product) for product in Product.objects.prefetch_related("variants").order_by("pk")}


class Deeds:
    """What happens in a shop, drawn at random: by staff, by the API, by an import, by an operator."""

    def __init__(self, seed: int) -> None:
        self.chance, self.made = Random(seed), 0
        self.by = StaffUserFactory.create()

    def product(self) -> Product:
        return self.chance.choice(list(Product.objects.order_by("pk")))

    def variant(self) -> Variant | None:
        found = list(Variant.objects.order_by("pk"))
        return self.chance.choice(found) if found else None

    def pieces(self) -> int:
        return self.chance.choice([0, 1, 2, 3, 5, 6, 9])

    def add(self) -> None:
        self.made += 1
        Variant.objects.create(
            product=self.product(), sku=f"V{self.made}", stock=self.pieces(), track_stock=self.chance.random() < 0.9
        )

    def copy(self) -> None:
        self.made += 1
        owner = self.product().pk
        lines = "".join(f"{owner}\tC{self.made}-{n}\t{self.pieces()}\tnow\tnow\n" for n in range(2))
        with connection.cursor() as cursor:
            cursor.copy_expert(
                "COPY catalog_variant (product_id, sku, stock, created_at, updated_at) FROM STDIN", io.StringIO(lines)
            )

    def remove(self) -> None:
        if found := self.variant():
            Variant.objects.filter(pk=found.pk, movements=None).delete()

    def count(self) -> None:
        if found := self.variant():
            services.change_stock(
                [StockChange(found.sku, set_to=self.pieces())], reason=StockMovement.Reason.COUNT
            )  # fmt: skip

    def count_many(self) -> None:
        Variant.objects.filter(pk__gt=self.chance.randrange(50)).update(stock=F("stock") + 1)

    def stop_counting(self) -> None:
        if found := self.variant():
            Variant.objects.filter(pk=found.pk).update(track_stock=~F("track_stock"))

    def move(self) -> None:
        if found := self.variant():
            Variant.objects.filter(pk=found.pk).update(product=self.product())

    def limit(self) -> None:
        limit = self.chance.choice([None, 0, 2, 5, 8])
        chosen = [self.product().pk, self.product().pk]
        LowStockOperation({"value": limit}).write(dict.fromkeys(chosen, limit), self.by)

    def save_what_was_read_long_ago(self) -> None:
        stale = self.product()
        self.count_many()
        stale.is_low = not stale.is_low
        stale.is_in_stock = Product.objects.get(pk=stale.pk).is_in_stock
        stale.save()

    def delete(self) -> None:
        staff.delete_products(products=Product.objects.filter(pk=self.product().pk), by=self.by)

    def restore(self) -> None:
        staff.restore_products(products=Product.objects.filter(pk=self.product().pk), by=self.by)

    def one(self) -> Callable[[], None]:
        every = (
            self.add, self.copy, self.remove, self.count, self.count, self.count_many, self.stop_counting, self.move,
            self.limit, self.save_what_was_read_long_ago, self.delete, self.restore,
        )  # fmt: skip
        return self.chance.choice(every)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_what_is_kept_is_what_the_rows_say(seed):
    for _n in range(4):
        ProductFactory.create(stock=NO_VARIANT)
    deeds = Deeds(seed)
    seen = set()

    for number in range(80):
        deed = deeds.one()
        deed()
        assert kept() == expected(), (number, deed.__name__)
        seen |= set(kept().values())

    assert seen == {(False, False), (True, False), (True, True)}


@pytest.mark.django_db
def test_the_shops_limit_is_the_same_in_the_database():
    at, above = ProductFactory.create(stock=LOW_STOCK), ProductFactory.create(stock=LOW_STOCK + 1)

    assert (at.is_low, above.is_low) == (True, False)


@pytest.mark.django_db
def test_low_products_are_live_ones():
    shown = ProductFactory.create(stock=1)
    ProductFactory.create(stock=1, status=Product.Status.HIDDEN)
    by = StaffUserFactory.create()
    staff.delete_products(products=Product.objects.filter(pk=ProductFactory.create(stock=1).pk), by=by)

    assert list(Product.objects.low()) == [shown]


@pytest.mark.django_db
def test_a_change_of_stock_that_changes_no_state_does_not_write_the_product():
    product = ProductFactory.create(stock=40)

    def version() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT ctid::text FROM catalog_product WHERE id = %s", [product.pk])
            return str(cursor.fetchone()[0])

    before = version()
    product.variants.update(stock=30)
    assert version() == before
    product.variants.update(stock=3)
    assert version() != before


def wait_and(action: Callable[[], object]) -> None:
    """Do it and keep the transaction open for a moment."""
    with transaction.atomic():
        action()
        time.sleep(0.05)


@pytest.mark.usefixtures("transactional_db")
def test_pieces_of_two_variants_and_the_limit_changed_at_the_same_moment_are_all_seen():
    for wanted in (6, 7, 8):
        product = ProductFactory.create(stock=NO_VARIANT)
        first, second = (VariantFactory.create(product=product, stock=9) for _n in range(2))
        rows = Product.objects.filter(pk=product.pk)

        ends = at_once(
            [
                partial(wait_and, partial(Variant.objects.filter(pk=first.pk).update, stock=3)),
                partial(wait_and, partial(Variant.objects.filter(pk=second.pk).update, stock=4)),
                partial(wait_and, partial(rows.update, low_stock_at=wanted)),
            ]
        )

        assert ends == {"done": 3}
        assert rows.get().is_low is (wanted >= 7)
