"""Run in a process of the product: sixty products, forty people with a taste, keys, a trained recommender.

Prints what the tests need to know as one line of JSON.
"""

import json
import sys
from datetime import timedelta
from typing import Any


def fill() -> dict[str, Any]:
    from django.utils import timezone

    from catalog.models import Interaction
    from catalog.partitions import ensure_partitions
    from core.choices import Role
    from core.models import ShopProfile
    from recommender.pipelines import train_recommender
    from tests.factories import (
        ApiKeyFactory,
        CategoryFactory,
        CustomerFactory,
        ProductFactory,
        StaffUserFactory,
        VisitorFactory,
    )

    now = timezone.now()
    ensure_partitions((now - timedelta(days=70)).date(), (now + timedelta(days=40)).date())
    ShopProfile.objects.get_or_create(pk=1)
    root = CategoryFactory.create(name="Everything")
    rooms = [CategoryFactory.create(name=f"Room {n}", parent=root) for n in range(3)]
    products = [
        ProductFactory.create(name=f"Product {n}", external_id=f"p{n}", category=rooms[n % 3], stock=100_000)
        for n in range(60)
    ]
    customers = [CustomerFactory.create(name=f"Customer {n}", external_id=f"c{n}") for n in range(40)]
    visitor = VisitorFactory.create(key="somebody")
    rows = []
    for number, customer in enumerate(customers):
        for step in range(12):
            product = products[(number % 3) + 3 * ((number + step * 2) % 20)]
            at = now - timedelta(days=60 - 5 * step, minutes=number)
            rows.append(Interaction(customer=customer, product=product, kind="view", occurred_at=at))
    rows.append(Interaction(visitor=visitor, product=products[0], kind="view", occurred_at=now - timedelta(hours=1)))
    Interaction.objects.bulk_create(rows)
    version = train_recommender(until=now, time_budget=1)
    return {
        "server_key": ApiKeyFactory.create().value,
        "browser_key": ApiKeyFactory.create(publishable=True, allowed_origins=["https://shop.example"]).value,
        "products": [product.public_id for product in products],
        "product_pks": [product.pk for product in products],
        "skus": [product.variants.get().sku for product in products],
        "variant_pks": [product.variants.get().pk for product in products],
        "customers": [customer.public_id for customer in customers],
        "owner": StaffUserFactory.create(
            username="owner", is_superuser=True, role=Role.OWNER, password="correct horse"
        ).username,
        "model": version.name,
    }


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(json.dumps(fill()) + "\n")
