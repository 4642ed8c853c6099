"""An editor works off the queue of reviews by keys, and takes decisions back."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from core.models import StaffUser
from reviews.models import Review
from tests.factories import ReviewFactory, ShopProfileFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
PASSWORD = "a-long-one-7"


@pytest.fixture
def shop(db):
    ShopProfileFactory.create(name="Shop", base_currency="CNY", time_zone="Asia/Shanghai")
    StaffUser.objects.create_superuser("lin", "lin@example.com", PASSWORD)
    for day in range(1, 5):
        ReviewFactory.create(text=f"Words {day}", written_at=datetime(2026, 1, day, tzinfo=UTC))


def open_queue(page: Page) -> None:
    page.goto("/admin/")
    page.fill("input[name=username]", "lin")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    expect(page.locator("h1")).to_contain_text("lin")
    page.goto("/admin/reviews/queue/")


def states() -> list[tuple[str, str]]:
    return list(Review.objects.order_by("written_at").values_list("status", "reason"))


def test_keys_publish_reject_skip_and_undo(shop, page):
    open_queue(page)
    now, summary = page.locator(".rev-card.is-now"), page.locator("[data-queue-summary]")
    expect(now).to_contain_text("Words 1")

    page.keyboard.press("a")
    expect(summary).to_contain_text("3 to check · 1 done today")
    expect(now).to_contain_text("Words 2")
    page.keyboard.press("r")
    page.keyboard.press("2")
    expect(summary).to_contain_text("2 to check · 2 done today")
    expect(now).to_contain_text("Words 3")
    assert states() == [("published", ""), ("rejected", "advertising"), ("pending", ""), ("pending", "")]

    page.keyboard.press("z")
    expect(summary).to_contain_text("3 to check · 1 done today")
    expect(now).to_contain_text("Words 2")
    page.keyboard.press("s")
    expect(now).to_contain_text("Words 3")
    page.keyboard.press("j")
    expect(now).to_contain_text("Words 4")
    page.keyboard.press("?")
    expect(page.locator("#zg-keys")).to_contain_text("Undo the last decision")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+A")

    expect(page.locator(".rev-card")).to_have_count(1)
    expect(page.locator(".rev-card")).to_contain_text("Words 2")
    assert states() == [("published", ""), ("pending", ""), ("published", ""), ("published", "")]

    page.keyboard.press("a")
    expect(page.locator("main")).to_contain_text("Nothing to review")
    assert states()[1] == ("published", "")
    page.locator(".zg-toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".rev-card")).to_contain_text("Words 2")


def test_another_reason_waits_for_its_note_and_the_toast_undoes(shop, page):
    open_queue(page)
    page.keyboard.press("r")
    page.keyboard.press("7")
    page.keyboard.type("About the courier")
    page.locator(".rev-card.is-now").get_by_role("button", name="Another reason").click()

    toast = page.locator(".zg-toast", has_text="1 review rejected")
    expect(toast).to_be_visible()
    assert Review.objects.get(reason="other").reason_note == "About the courier"
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".rev-card.is-now")).to_contain_text("Words 1")
    assert {state for state, _reason in states()} == {"pending"}


def test_on_a_small_screen_one_review_stands_alone(shop, page):
    page.set_viewport_size({"width": 390, "height": 844})
    open_queue(page)

    expect(page.locator(".rev-card:visible")).to_have_count(1)
    page.locator(".rev-card.is-now").get_by_role("button", name="Publish").click()

    expect(page.locator(".rev-card.is-now")).to_contain_text("Words 2")
    assert states()[0] == ("published", "")
