"""What a merchandiser does on an ordinary morning, in the browser."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from catalog.models import Brand, Category, Customer, Interaction, Order, OrderEvent, OrderLine, Product, Variant
from catalog.partitions import ensure_partitions
from core import model_registry as registry
from marketing.models import Campaign
from recommender.pipelines import train_recommender
from tests.e2e.staff import fill_in, make_lin, sign_in
from tests.factories import CampaignFactory, PlacementFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def shop(db, settings, tmp_path):
    settings.MODEL_ROOT = tmp_path
    registry.forget_loaded()
    ensure_partitions(NOW.date(), NOW.date())
    make_lin()
    category, brand = Category.objects.add_root({"name": "Mugs"}), Brand.objects.create(name="Mossbrook")
    products = []
    for number in range(8):
        product = Product.objects.create(
            name=f"Mug {number}", name_translations={"zh-hans": f"杯子 {number}"}, category=category, brand=brand,
            price=20 + number, status="live", published_at=NOW,
        )  # fmt: skip
        Variant.objects.create(product=product, sku=f"MUG-{number}", stock=10)
        products.append(product)
    customers = [Customer.objects.create(name=f"Customer {n}", joined_at=NOW) for n in range(40)]
    views = [  # even customers like the first four mugs, odd ones the others; each has seen three of four
        Interaction(
            customer=customer, kind="view", product=products[n % 2 * 4 + (n // 2 + step) % 4],
            occurred_at=NOW + timedelta(hours=step - 4, minutes=n),
        )
        for n, customer in enumerate(customers)
        for step in range(3)
    ]  # fmt: skip
    Interaction.objects.bulk_create(views)
    order = Order.objects.create(
        number="A-1", customer=customers[0], status="paid", currency="CNY", lines_total=20, total=20, paid_total=20,
        placed_at=NOW, paid_at=NOW,
    )  # fmt: skip
    OrderLine.objects.create(
        order=order, line=1, product=products[0], sku="MUG-0", name="Mug 0", quantity=1, unit_price=20
    )
    OrderEvent.objects.create(order=order, kind="placed", occurred_at=NOW)
    train_recommender(until=NOW + timedelta(days=1), time_budget=2)
    yield products
    registry.forget_loaded()


def test_staff_sign_in_find_a_product_and_change_its_price(shop, page):
    sign_in(page)
    page.get_by_role("link", name="Products", exact=True).first.click()
    page.fill("input[name=q]", "Mug 3")
    page.press("input[name=q]", "Enter")
    page.get_by_role("link", name="Mug 3").first.click()
    page.fill("input[name=price]", "31.50")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page).to_have_url(re.compile(r"/admin/catalog/product/(\?.*)?$"))
    assert Product.objects.get(name="Mug 3").price == 31.5


def test_a_preview_as_a_customer_says_why(shop, page):
    sign_in(page)
    page.goto("/admin/recommender/preview/?customer=Customer+0")

    expect(page.get_by_role("heading", name="What Customer 0 would see right now")).to_be_visible()
    expect(page.locator(".rec-grid .rec-reason").first).to_contain_text("Because you looked at Mug")


def test_a_rule_is_added_by_the_keyboard_and_tried_as_soon_as_its_product_is_chosen(shop, page):
    sign_in(page)
    placement = PlacementFactory.create(key="shelf")
    page.goto(f"/admin/recommender/placement/{placement.pk}/change/")
    tried = page.locator("#rec-tried")
    expect(tried).to_contain_text("Nothing would change")

    page.locator(".add-row").press("Enter")
    expect(page.locator("[name=rules-0-kind]")).to_be_focused()
    page.locator("[name=rules-0-slot]").fill("1")
    page.locator("#id_rules-0-product + .select2 .select2-selection").press("Enter")
    page.keyboard.type("Mug 7")
    expect(page.locator(".select2-results__option", has_text="Mug 7")).to_be_visible()
    page.keyboard.press("Enter")

    expect(tried.locator("section").last.locator("li").first).to_contain_text("Chosen for you by the shop")
    expect(tried.locator("section").last.locator("li").first).to_contain_text("Mug 7")


def test_an_order_shows_its_timeline(shop, page):
    sign_in(page)
    page.get_by_role("link", name="Orders", exact=True).first.click()
    page.get_by_role("link", name="A-1").first.click()

    expect(page.locator("main")).to_contain_text("Mug 0")
    expect(page.locator("main")).to_contain_text(re.compile("placed", re.IGNORECASE))


FOCUSED = """() => {
    const one = document.activeElement, box = one.getBoundingClientRect();
    const across = box.width > 0 && box.left >= 0 && box.right <= innerWidth;
    const seen = across && box.bottom > 0 && box.top < innerHeight;
    const word = one.name && one.name !== "shape_act" ? one.name : one.textContent.trim();
    return seen ? word : `out of sight: ${word}`;
}"""


def focused(page: Page) -> str:
    """The name of what has the focus, or the words on it, once it is all in sight."""
    return str(page.evaluate(FOCUSED))


def tabbed(page: Page, until: str) -> list[str]:
    """What the Tab key stops at, each once, up to this."""
    stops = [focused(page)]
    while stops[-1] != until and len(stops) < 60:
        page.keyboard.press("Tab")
        if focused(page) != stops[-1]:
            stops.append(focused(page))
    return stops


def test_a_campaign_is_written_on_a_phone_by_the_keyboard_alone(db, page):
    make_lin()
    sign_in(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/admin/marketing/campaign/add/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#id_name").focus()
    page.keyboard.type("Autumn tea")

    stops = tabbed(page, "Add a step")

    assert stops[:10] == [
        "name", "audience", "trigger", "purpose", "channel", "holdout", "starts", "within", "shift", "cost",
    ]  # fmt: skip
    assert stops[10:-1] == [
        "offer", "use_1", "Begin with this message", "Words", "subject_en", "preheader_en", "body_en",
        "subject_zh_hans", "preheader_zh_hans", "body_zh_hans", "Add a version to compare",
    ]  # fmt: skip
    page.keyboard.press("Enter")
    expect(page.locator("#id_wait_2")).to_have_value("72")
    expect(page.locator("#id_name")).to_have_value("Autumn tea")
    expect(page.locator("#id_shift_hours")).to_be_hidden()
    for choice, is_asked in (("clicked", True), ("", False)):
        with page.expect_response("**/reach/"):
            page.locator("#id_shift").select_option(choice)
        expect(page.locator("#id_shift_hours")).to_be_visible(visible=is_asked)
    page.locator("#id_subject_en").focus()
    page.keyboard.type("Tea")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Autumn tea")
    made = Campaign.objects.get()
    assert (made.name, made.steps.count(), made.send_within) == ("Autumn tea", 2, None)
    assert made.steps.get(position=1).template.subject == {"en": "Tea"}
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_form_that_is_sent_by_a_double_click_goes_once(db, page):
    make_lin()
    sign_in(page)
    page.goto("/admin/analytics/segment/add/")
    # Runs after the listeners of the document, and keeps the page: what each click would have sent.
    page.evaluate(
        "window.stopped = []; addEventListener('submit', (event) => {"
        "  window.stopped.push(event.defaultPrevented); event.preventDefault(); })"
    )

    page.get_by_role("button", name="Save segment").first.dblclick()

    assert page.evaluate("window.stopped") == [False, True]


def test_an_approval_is_asked_for_with_the_plain_button_and_a_cancellation_with_the_red_one(db, page):
    make_lin()
    sign_in(page)
    campaign = CampaignFactory.create(state="checked", counts={"all": 12, "reachable": 10})
    page.goto(f"/admin/marketing/campaign/{campaign.pk}/change/")
    go = page.locator("[data-confirm-go]")

    page.get_by_role("button", name="Cancel campaign").click()
    expect(go).to_have_text("Cancel campaign")
    expect(go).to_have_class("zg-button zg-primary zg-danger")
    page.locator("[data-confirm-cancel]").click()
    page.get_by_role("button", name="Approve campaign").click()
    expect(page.locator("#zg-confirm-title")).to_have_text("Approve for 10 people?")
    expect(go).to_have_class("zg-button zg-primary")
    go.click()

    expect(page.get_by_role("button", name="Plan campaign")).to_be_visible()
    campaign.refresh_from_db()
    assert campaign.state == "approved"


def test_the_whole_site_speaks_chinese_when_asked(shop, browser, live_server, quiet_end):
    context = browser.new_context(base_url=live_server.url, locale="zh-CN")
    page = context.new_page()
    page.goto("/admin/")

    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.get_by_role("button", name="登录")).to_be_visible()
    fill_in(page)
    page.goto("/admin/recommender/preview/?customer=Customer+0")
    expect(page.locator(".rec-grid .rec-name").first).to_contain_text("杯子")
    context.close()
