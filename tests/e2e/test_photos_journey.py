"""An editor works off suggested tags by keys, and takes decisions back."""

import pytest
from playwright.sync_api import Page, expect

from catalog.models import ProductTag
from tests.e2e.staff import make_lin, sign_in
from tests.factories import LabelFactory, LabelSetFactory, ProductFactory, ShopProfileFactory, TagSuggestionFactory
from vision.models import Label, LabelSet, TagSuggestion

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def striped(db) -> Label:
    """Six products wait under the label, the most urgent first; the set knows one more label."""
    ShopProfileFactory.create(name="Shop", base_currency="CNY", time_zone="Asia/Shanghai")
    make_lin()
    LabelSet.objects.all().delete()  # those that are shipped, where no earlier test emptied the tables
    pattern = LabelSetFactory.create(key="pattern", name_en="Pattern")
    label = LabelFactory.create(label_set=pattern, key="striped", name_en="Striped")
    LabelFactory.create(label_set=pattern, key="plain", name_en="Plain")
    for number in range(6):
        product = ProductFactory.create(name=f"Shirt {number}")
        TagSuggestionFactory.create(label=label, image=None, product=product, priority=1 - number / 10)
    return label


def open_queue(page: Page) -> None:
    sign_in(page)
    page.goto("/admin/vision/queue/")


def states() -> list[str]:
    return list(TagSuggestion.objects.order_by("-priority").values_list("state", flat=True))


def tags() -> list[tuple[str, str]]:
    return list(ProductTag.objects.order_by("product__name").values_list("product__name", "value"))


def test_keys_accept_reject_change_skip_tick_and_undo(striped, page):
    open_queue(page)
    now, summary = page.locator(".tag-card.is-now"), page.locator("[data-tags-summary]")
    expect(now).to_contain_text("Shirt 0")

    page.keyboard.press("a")
    expect(summary).to_contain_text("5 to review · 1 done today")
    expect(now).to_contain_text("Shirt 1")
    page.keyboard.press("r")
    expect(summary).to_contain_text("4 to review · 2 done today")
    expect(now).to_contain_text("Shirt 2")
    page.keyboard.press("e")
    page.keyboard.type("Plain")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(summary).to_contain_text("3 to review · 3 done today")
    expect(now).to_contain_text("Shirt 3")
    assert states() == ["accepted", "rejected", "rejected", "pending", "pending", "pending"]
    assert tags() == [("Shirt 0", "Striped"), ("Shirt 2", "Plain")]

    page.keyboard.press("z")
    expect(summary).to_contain_text("4 to review · 2 done today")
    expect(now).to_contain_text("Shirt 2")
    assert tags() == [("Shirt 0", "Striped")]
    page.keyboard.press("s")
    expect(now).to_contain_text("Shirt 3")
    page.keyboard.press("z")  # takes back the skip, not the decision before it
    expect(now).to_contain_text("Shirt 2")
    page.keyboard.press("s")
    expect(now).to_contain_text("Shirt 3")
    assert states() == ["accepted", "rejected", "pending", "pending", "pending", "pending"]

    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.keyboard.press("Shift+A")
    expect(summary).to_contain_text("2 to review · 4 done today")
    expect(now).to_contain_text("Shirt 5")
    assert tags() == [("Shirt 0", "Striped"), ("Shirt 3", "Striped"), ("Shirt 4", "Striped")]
    page.get_by_role("button", name="Undo").click()
    expect(summary).to_contain_text("4 to review · 2 done today")
    assert tags() == [("Shirt 0", "Striped")]

    page.keyboard.press("?")
    expect(page.locator("#zg-keys")).to_contain_text("Another label of the same set")
    page.keyboard.press("Escape")
