"""The palette: what it finds, and that it shows nobody more than their lists do."""

import pytest
from django.test import Client

from core.extensions import palette_sources
from tests.factories import CustomerFactory, OrderFactory, ProductFactory, ShopProfileFactory, VariantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def things(db):
    ShopProfileFactory.create(name="Shop")
    product = ProductFactory.create(name="Zebra mug", name_translations={"zh-hans": "斑马杯"}, stock=-1)
    VariantFactory.create(product=product, sku="ZEB-77")
    customer = CustomerFactory.create(name="Zebra Li", email="li@zqx.example")
    OrderFactory.create(number="ZEB-1001", customer=customer)


def titles(client: Client, term: str) -> list[str]:
    found = client.get("/admin/search/", {"s": term}).context["found"]
    return [one.title for one in found]


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("zeb", ["Zebra mug", "ZEB-1001", "Zebra Li"]),
        ("ZEB-77", ["Zebra mug"]),
        ("斑马", ["Zebra mug"]),
        ("1001", ["ZEB-1001"]),
        ("li@zqx", ["Zebra Li"]),
        ("orders", ["Orders"]),
        ("z", []),
        ("", []),
        ("nobody'; --", []),
    ],
)
def test_pages_products_orders_and_customers_are_found(term, expected, client, things):
    assert titles(client, term) == expected


@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        (["catalog.view_product"], ["Zebra mug"]),
        (["catalog.view_order"], ["ZEB-1001"]),
        (["catalog.view_customer"], ["Zebra Li"]),
        ([], []),
    ],
)
def test_each_person_finds_what_their_lists_show(rights, expected, client_with, things):
    assert titles(client_with(*rights), "zeb") == expected


def test_an_email_finds_nobody_for_those_who_may_not_see_it(client_with, things):
    assert titles(client_with("catalog.view_customer"), "li@zqx") == []


def test_rights_that_are_taken_show_at_once(client_with, things):
    browser = client_with("catalog.view_product")
    assert titles(browser, "zeb") == ["Zebra mug"]
    from core.models import StaffUser

    StaffUser.objects.get(pk=browser.session["_auth_user_id"]).user_permissions.clear()

    assert titles(browser, "zeb") == []


def test_a_source_that_fails_leaves_the_others(client, things, monkeypatch):
    monkeypatch.setitem(palette_sources._entries, "orders", palette_sources.get("pages"))
    monkeypatch.setattr("core.palette.pages", None)

    assert titles(client, "zebra mug") == ["Zebra mug"]


def test_few_queries_find_it_all(client, things, django_assert_max_num_queries):
    titles(client, "zeb")

    with django_assert_max_num_queries(16):  # four look-ups, each in a transaction of its own
        titles(client, "zeb")
