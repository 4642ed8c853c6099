"""How well offers fit customers: by hand, and who has no preferences."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from catalog.models import Customer
from marketing.offers.fitting import fits
from tests.factories import (
    CategoryFactory,
    CustomerFactory,
    InteractionFactory,
    OfferFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree():
    """Shoes › Boots, and bags."""
    shoes = CategoryFactory.create(name="Shoes")
    return {
        "shoes": shoes, "boots": CategoryFactory.create(parent=shoes, name="Boots"),
        "bags": CategoryFactory.create(name="Bags"),
    }  # fmt: skip


def about(*categories):
    found = OfferFactory.create()
    found.categories.set(categories)
    return found


def bought(customer, *categories, days_ago=9, **more):
    order = OrderFactory.create(
        customer=customer, status="paid", paid_at=timezone.now() - timedelta(days=days_ago), **more
    )  # fmt: skip
    for category in categories:
        OrderLineFactory.create(order=order, product=ProductFactory.create(category=category))


def asked(people, offers):
    return fits(np.array([one.pk for one in people]), offers, timezone.now())


def test_the_formula_by_hand_over_a_branch(tree):
    ana, bo = CustomerFactory.create_batch(2)
    bought(ana, tree["boots"], tree["boots"], tree["bags"])
    InteractionFactory.create(
        customer=ana, kind="favourite", product=ProductFactory.create(category=tree["shoes"]),
        occurred_at=timezone.now() - timedelta(days=3),
    )  # fmt: skip
    offers = [about(tree["shoes"]), about(tree["bags"]), OfferFactory.create()]

    found = asked([ana, bo], offers)

    r = np.log1p([1, 2, 1])  # shoes, boots, bags
    sims = [(r[0] + r[1]) / (np.sqrt(2) * np.linalg.norm(r)), r[2] / np.linalg.norm(r)]
    assert found[0].tolist() == pytest.approx([s * s / (1 + s) for s in sims] + [0.0])
    assert found[1].tolist() == [0, 0, 0]


def test_who_does_not_want_to_be_followed_and_what_was_forgotten_or_is_old_does_not_count(tree):
    private, forgotten, old, back = CustomerFactory.create_batch(4)
    for one in (private, forgotten):
        bought(one, tree["bags"])
    bought(old, tree["bags"], days_ago=400)
    bought(back, tree["bags"])
    OrderFactory._meta.model.objects.filter(customer=back).update(status="cancelled")
    Customer.objects.filter(pk=private.pk).update(is_personalised=False)
    Customer.objects.filter(pk=forgotten.pk).update(profile_since=timezone.now())

    assert not asked([private, forgotten, old, back], [about(tree["bags"])]).any()


def test_nothing_is_read_where_no_offer_is_about_anything(tree, django_assert_num_queries):
    people, offers = CustomerFactory.create_batch(3), [OfferFactory.create()]

    with django_assert_num_queries(1):
        assert asked(people, offers).tolist() == [[0.0]] * 3
