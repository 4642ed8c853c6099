"""The policies for scripts and styles break no page: browsers report nothing."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.staff import fill_in, make_lin
from tests.factories import (
    ApiKeyFactory,
    CategoryFactory,
    CustomerFactory,
    JobFactory,
    ModelVersionFactory,
    OrderFactory,
    ProductFactory,
    ShopProfileFactory,
)

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
LISTS = [
    "catalog/product", "catalog/category", "catalog/brand", "catalog/customer", "catalog/order", "catalog/importbatch",
    "catalog/stockmovement", "core/job", "core/modelversion", "core/apikey", "core/staffuser", "core/staffrole",
]  # fmt: skip


@pytest.fixture
def watched(page: Page) -> Page:
    """The page, told of violations by the browser itself; `page` fails on what stands in its console."""
    page.add_init_script(
        "window.violations = []; document.addEventListener('securitypolicyviolation', "
        "event => window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`))"
    )
    return page


def violations(page: Page) -> list[str]:
    page.wait_for_load_state("networkidle")
    return [f"{page.url}: {one}" for one in page.evaluate("window.violations")]


@pytest.fixture
def shop(db):
    ShopProfileFactory.create()
    make_lin()
    CategoryFactory.create()
    ApiKeyFactory.create()
    JobFactory.create()
    ModelVersionFactory.create()
    return ProductFactory.create(), CustomerFactory.create(), OrderFactory.create()


def test_no_page_of_the_staff_site_breaks_its_policy(shop, watched):
    product, customer, order = shop
    watched.goto("/admin/")
    found = violations(watched)
    fill_in(watched)
    expect(watched.locator("h1")).to_contain_text("lin")
    found += violations(watched)
    own = [f"catalog/product/{product.pk}/change", f"catalog/customer/{customer.pk}/change"]
    for path in [*LISTS, *own, f"catalog/order/{order.pk}/change", "catalog/product/add", "core/apikey/add",
                 "recommender/preview", "profile", "password_change"]:  # fmt: skip
        answer = watched.goto(f"/admin/{path}/")
        assert answer is not None
        assert answer.status == 200, path
        found += violations(watched)

    watched.goto("/admin/catalog/importbatch/add/")
    watched.set_input_files("[type=file]", {"name": "customers.csv", "mimeType": "text/csv", "buffer": b"id\n1\n"})
    found += violations(watched)

    assert found == []


def test_the_page_of_the_api_shows_its_operations_without_breaking_its_policy(db, watched):
    watched.goto("/api/")
    expect(watched.locator("#swagger-ui")).to_contain_text("Place an order")
    watched.get_by_text("Place an order").first.click()
    expect(watched.locator(".opblock.is-open")).to_contain_text("Idempotency-Key")

    assert violations(watched) == []
