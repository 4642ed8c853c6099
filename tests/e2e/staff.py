"""Lin, who may do everything: whom the journeys through the staff site sign in as."""

from playwright.sync_api import Page, expect

from core.models import StaffUser

PASSWORD = "a-long-one-7"


def make_lin() -> StaffUser:
    return StaffUser.objects.create_superuser("lin", "lin@example.com", PASSWORD)


def fill_in(page: Page) -> None:
    """On the page that asks who somebody is."""
    page.fill("input[name=username]", "lin")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")


def sign_in(page: Page) -> None:
    page.goto("/admin/")
    fill_in(page)
    expect(page.locator("h1")).to_contain_text("lin")
