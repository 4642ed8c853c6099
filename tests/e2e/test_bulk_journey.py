"""A merchandiser lowers the prices of what a search finds, sees it, and takes it back."""

import pytest
from playwright.sync_api import expect

from catalog.models import BulkChange, Product, Variant
from tests.e2e.staff import make_lin, sign_in
from tests.factories import ShopProfileFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(db):
    ShopProfileFactory.create(name="Shop", base_currency="CNY", time_zone="Asia/Shanghai")
    make_lin()
    for number in range(60):
        product = Product.objects.create(name=f"{'Mug' if number % 2 else 'Bowl'} {number}", price=20, status="live")
        Variant.objects.create(product=product, sku=f"SKU-{number}", stock=10)


def lowered() -> int:
    return Product.objects.filter(price=18).count()


def test_prices_of_all_that_match_are_lowered_and_put_back(shop, page):
    sign_in(page)
    page.goto("/admin/catalog/product/?q=mug")
    page.locator("input.action-select").first.check()
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").last.select_option("change_many")
    page.get_by_role("button", name="Run").click()

    expect(page.locator("#bulk-preview")).to_contain_text("30 products chosen")
    page.select_option("#id_price_way", "percent_down")
    page.fill("#id_price_value", "10")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#bulk-preview")).to_contain_text("30 of 30 products change")
    expect(page.locator("#bulk-preview")).to_contain_text("¥18.00")
    assert lowered() == 0
    page.get_by_role("button", name="Change 30 products").click()

    toast = page.locator(".zg-toast")
    expect(toast).to_contain_text("30 products changed")
    assert lowered() == 30
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".zg-toast")).to_contain_text("30 products put back")
    expect(page.locator("main")).to_contain_text("Put back")
    assert lowered() == 0
    assert BulkChange.objects.get().state == "undone"


def test_the_palette_leads_to_a_product_and_the_list_to_its_neighbours(shop, page):
    sign_in(page)
    page.keyboard.press("Control+k")
    page.locator("#zg-palette-input").press_sequentially("SKU-59")
    expect(page.locator("#zg-palette [role=option]").first).to_contain_text("Mug 59")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Mug 59")

    page.goto("/admin/catalog/product/")
    page.get_by_role("link", name="Bowl 58").click()
    page.locator("[data-neighbours] [rel=next]").click()
    expect(page.locator("h1")).to_contain_text("Mug 57")
    page.locator("[data-neighbours] [rel=prev]").click()
    expect(page.locator("h1")).to_contain_text("Bowl 58")
    page.goto("/admin/catalog/product/")
    page.locator("#result_list a", has_text="Bowl 10").click()
    page.locator("[data-neighbours] [rel=next]").click()
    expect(page.locator("h1")).to_contain_text("Mug 9")


def test_a_view_is_saved_and_opened_again(shop, page):
    sign_in(page)
    page.goto("/admin/catalog/product/?q=bowl")
    page.locator("summary", has_text="Save view").click()
    page.locator(".zg-view-form input[name=name]").last.fill("Bowls")
    page.locator(".zg-view-form").get_by_role("button", name="Save view").click()
    expect(page.locator(".zg-views a[aria-current]")).to_contain_text("Bowls")

    page.goto("/admin/catalog/product/")
    tab = page.locator(".zg-views a", has_text="Bowls")
    expect(tab).to_contain_text("30")
    tab.click()
    expect(page.locator("#result_list")).to_contain_text("Bowl 58")
    expect(page.locator("#result_list")).not_to_contain_text("Mug")
