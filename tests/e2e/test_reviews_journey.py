"""An editor works off the queue of reviews by keys, and takes decisions back. A customer reads what reviews come to,
follows a sentence to its review, judges it and writes one, with a thumb and with keys alone."""

import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from reviews import summarising
from reviews.models import Review, ReviewReport
from reviews.models.readings import text_read
from storefront import keys
from storefront.views import browse
from tests.e2e.staff import make_lin, sign_in
from tests.factories import (
    AspectFactory,
    CustomerFactory,
    OrderFactory,
    ProductFactory,
    ReviewAspectFactory,
    ReviewFactory,
    ReviewReadingFactory,
    ReviewSummaryFactory,
    ShopProfileFactory,
)

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(db):
    ShopProfileFactory.create(name="Shop", base_currency="CNY", time_zone="Asia/Shanghai")
    make_lin()
    for day in range(1, 5):
        ReviewFactory.create(text=f"Words {day}", written_at=datetime(2026, 1, day, tzinfo=UTC))


def open_queue(page: Page) -> None:
    sign_in(page)
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


# --- in the demo storefront -------------------------------------------------------------------------------------------

SAID = {
    "positive": [
        "The lid closes tightly and never leaks.", "The lid is tight and never leaks.", "A lid that never leaks.",
        "Lid closes tightly, never leaks.", "The lid shuts well and nothing leaks.",
    ],
    "negative": ["The lid scratches easily at the rim.", "Lid scratches at the rim.", "The lid scratches easily."],
}  # fmt: skip


@pytest.fixture
def counter(db, settings):
    """A flask whose eight reviews praise and blame its lid, summed up; Lin may sign in, and has written none."""
    ShopProfileFactory.create(is_demo=True, name="Flasks & Co")
    flask = ProductFactory.create(name="Flask", name_translations={"zh-hans": "保温杯"}, price="20.00", stock=5)
    lid = AspectFactory.create(key="lid", title_en="Lid", title_zh="盖子")
    for polarity, texts in SAID.items():
        for text in texts:
            review = ReviewFactory.create(
                product=flask, text=text, rating=5 if polarity == "positive" else 2, published=True
            )
            start = text_read(review).lower().index("lid")
            ReviewAspectFactory.create(
                review=review, aspect=lid, term="lid", start=start, end=start + 3, quote=text, polarity=polarity,
                score=0.9 if polarity == "positive" else 0.1,
            )  # fmt: skip
            ReviewReadingFactory.create(review=review, predicted=polarity)
    ReviewSummaryFactory.create(product=flask, changed_at=datetime(2026, 1, 1, tzinfo=UTC))
    summarising.make_all()
    lin = CustomerFactory.create(name="Lin", language="en", external_id="C1")
    OrderFactory.create(number="A-1", customer=lin)
    # In the folder of the tests' servers: the threads of the live server look for their database there.
    call_command("ensure_storefront")
    keys.forget_keys()
    browse._shelves.clear()
    yield SimpleNamespace(flask=flask, lin=lin, path=f"/shop/p/{flask.public_id}/")
    (Path(settings.VAR_DIR) / "storefront.json").unlink()
    keys.forget_keys()


def is_as_wide_as_its_screen(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_on_a_phone_a_sentence_of_the_summary_leads_to_its_review_which_is_judged_there(counter, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/shop/account/")
    page.get_by_role("button", name="Lin").click()
    page.goto(counter.path)
    widget = page.locator("[data-zg-reviews]")
    expect(widget.locator(".zg-share")).to_have_text("63% of 8 reviews praise it")
    expect(widget.locator(".zg-aspects li")).to_have_text(["Lid5 praise, 3 complain"])
    expect(widget.get_by_role("heading")).to_have_text(["What customers praise", "What customers complain about"])
    assert is_as_wide_as_its_screen(page)

    sentence = widget.locator(".zg-quote", has_text="leaks").first
    quoted = Review.objects.get(public_id=sentence.get_attribute("data-zg-review"))
    words = sentence.locator("q").inner_text()
    assert words in text_read(quoted)
    sentence.get_by_role("link").click()

    found = page.locator(".review")
    expect(found).to_have_count(1)
    expect(found).to_contain_text(words)
    found.get_by_role("button", name="Helpful").click()
    expect(found.get_by_role("status")).to_have_text("Your vote is counted.")
    expect(found).to_contain_text("1 person found this helpful")
    expect(found).to_be_in_viewport()
    found.get_by_text("Something is wrong").click()
    found.get_by_role("button", name="It is not genuine").click()
    expect(found.get_by_role("status")).to_have_text("Thank you, we look at it.")
    assert is_as_wide_as_its_screen(page)
    quoted.refresh_from_db()
    assert (quoted.helpful_votes, quoted.open_reports, quoted.status) == (1, 1, "published")
    assert ReviewReport.objects.get().reason == "not_genuine"

    page.get_by_role("link", name="Show all reviews").click()
    expect(page.locator(".review")).to_have_count(8)


def test_by_keyboard_alone_a_review_is_written_and_waits_for_staff(counter, page):
    page.goto("/shop/account/")
    page.get_by_role("button", name="Lin").press("Enter")
    page.goto(counter.path)
    page.locator("summary", has_text="Write a review").press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.locator(":focus")).to_have_attribute("value", "4")
    page.keyboard.press("Tab")
    page.keyboard.type("Keeps warm")
    page.keyboard.press("Tab")
    page.keyboard.type("Tea stays hot <b>for hours</b>.")
    page.get_by_role("button", name="Send the review").press("Enter")

    expect(page.get_by_text("We look at it before others can read it.")).to_be_visible()
    written = Review.objects.get(customer=counter.lin)
    assert (written.rating, written.title, written.status) == (4, "Keeps warm", "pending")
    expect(page.locator(".review", has_text="Keeps warm")).to_have_count(0)


def test_in_chinese_and_without_scripts_the_summary_is_there_with_its_links(counter, browser, live_server):
    context = browser.new_context(base_url=live_server.url, locale="zh-CN", java_script_enabled=False)
    reader = context.new_page()
    reader.goto(counter.path)

    expect(reader.locator(".zg-share")).to_have_text("8 条评价中 63% 表示满意")
    link = reader.locator(".zg-quote a").first
    expect(link).to_have_attribute("href", re.compile(r"/reviews/\?review=\w+#reviews$"))
    context.close()
