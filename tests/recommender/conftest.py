from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from catalog.models import Brand, Category, Customer, Interaction, Product, Variant, Visitor
from catalog.partitions import ensure_partitions
from core import model_registry as registry
from recommender import lists
from recommender.models import ListCount, ServedList

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@dataclass
class Shop:
    """Ten green and ten blue products; odd customers like blue ones, even customers green ones."""

    green: list[Product]
    blue: list[Product]
    customers: list[Customer]
    visitor: Visitor

    def act(self, who: Customer | Visitor, product: Product, kind: str = "view", at: datetime = NOW) -> Interaction:
        side = {"customer": who} if isinstance(who, Customer) else {"visitor": who}
        return Interaction.objects.create(product=product, kind=kind, occurred_at=at, **side)


def make_product(name: str, category: Category, brand: Brand) -> Product:
    product = Product.objects.create(
        name=name, category=category, brand=brand, price=10, status="live", published_at=NOW
    )
    Variant.objects.create(product=product, sku=name, stock=5)
    return product


@pytest.fixture
def shop(db, settings, tmp_path) -> Shop:
    settings.MODEL_ROOT = tmp_path
    registry.forget_loaded()
    ensure_partitions((NOW - timedelta(days=60)).date(), NOW.date())
    category, brand = Category.objects.add_root({"name": "Things"}), Brand.objects.create(name="Anything")
    green = [make_product(f"green-{n}", category, brand) for n in range(10)]
    blue = [make_product(f"blue-{n}", category, brand) for n in range(10)]
    customers = [Customer.objects.create(name=f"customer {n}", joined_at=NOW - timedelta(days=90)) for n in range(40)]
    shop = Shop(green, blue, customers, Visitor.objects.create(key="somebody"))
    rows = []
    for number, customer in enumerate(customers):
        own, other = (blue, green) if number % 2 else (green, blue)
        for step in range(8):
            product = own[(number // 2 + step * 3) % 10] if step < 7 else other[number % 10]
            at = NOW - timedelta(days=50 - 6 * step, minutes=number)
            rows.append(Interaction(customer=customer, product=product, kind="view", occurred_at=at))
    Interaction.objects.bulk_create(rows)
    yield shop
    registry.forget_loaded()


@pytest.fixture
def trained(shop) -> Shop:
    from recommender.pipelines import train_recommender

    train_recommender(until=NOW, time_budget=5)
    return shop


@pytest.fixture
def listed(shop):
    """Puts lists there as if they had been counted."""
    count = ListCount.objects.create(pk=1, counted_until=NOW, whole_at=NOW)

    def put(kind: str, products: list[Product], key: object = "", lifts: tuple[float, ...] = ()) -> None:
        count.version += 1
        count.save()
        ServedList.objects.update_or_create(
            kind=kind, key=str(key),
            defaults={"product_ids": [p.pk for p in products], "lifts": list(lifts), "version": count.version},
        )  # fmt: skip
        lists.forget()

    return put
