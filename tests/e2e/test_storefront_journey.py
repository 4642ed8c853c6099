"""What a shopper does in the demo storefront, on a telephone, with the snippet and without scripts."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from rest_framework.exceptions import Throttled
from rest_framework.response import Response

from catalog.api.views import EventsView
from catalog.models import Interaction, Order, Product, Visitor
from catalog.partitions import ensure_partitions
from catalog.search import index, vocabulary
from core import model_registry as registry
from core.models import ShopProfile
from core.models.access import PUBLISHABLE_SCOPES
from core.shop import current_shop
from crm.models import Message, SatisfactionScore
from recommender.pipelines import train_recommender
from storefront.views import browse
from tests.e2e.staff import fill_in, make_lin
from tests.factories import (
    ApiKeyFactory,
    CategoryFactory,
    CustomerFactory,
    ProductFactory,
    ProductImageFactory,
    ShopProfileFactory,
)

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
AGENT = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
)


@pytest.fixture
def shop(db: None, settings: Any, tmp_path: Any) -> Iterator[list[Product]]:
    """Four mugs that the same people look at, and four bowls that others do; a model learned it."""
    settings.MODEL_ROOT = tmp_path
    registry.forget_loaded()
    now = datetime.now(UTC)
    ensure_partitions(now.date() - timedelta(days=31), now.date() + timedelta(days=31))
    ShopProfileFactory.create()
    ShopProfile.objects.update(is_demo=True)
    make_lin()
    products = []
    for name, zh in (("Mug", "杯子"), ("Bowl", "碗")):
        category = CategoryFactory.create(name=f"{name}s", name_translations={"zh-hans": zh})
        products += [
            ProductFactory.create(
                name=f"{name} {n}", name_translations={"zh-hans": f"{zh} {n}"}, category=category, price=20 + n, stock=9
            )
            for n in range(6)
        ]
    Interaction.objects.bulk_create(
        Interaction(
            customer=customer, kind="view", product=products[n % 2 * 6 + (n // 2 + step) % 6],
            occurred_at=now - timedelta(days=2, hours=step, minutes=n),
        )
        for n, customer in enumerate(CustomerFactory.create_batch(48))
        for step in range(4)
    )  # fmt: skip
    train_recommender(until=now, time_budget=2)
    vocabulary.synonyms.forget()
    index.refresh()
    index.count_terms()
    settings.STOREFRONT_KEY = ApiKeyFactory.create(publishable=True, scopes=list(PUBLISHABLE_SCOPES)).value
    settings.STOREFRONT_SERVER_KEY = ApiKeyFactory.create(scopes=["orders", "tokens"]).value
    browse._shelves.clear()
    yield products
    registry.forget_loaded()


@pytest.fixture
def phone(browser: Browser, live_server: Any, quiet_end: None, shop: list[Product]) -> Iterator[Callable[..., Page]]:
    """`phone(java_script_enabled=False)`: a telephone's page; its script errors and refused requests fail the test."""
    contexts, problems = [], []

    def opened(**more: Any) -> Page:
        given = {"base_url": live_server.url, "viewport": {"width": 390, "height": 844}, "locale": "en-US"}
        context = browser.new_context(**{**given, "user_agent": AGENT, "has_touch": True, "is_mobile": True, **more})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(f"script: {error}"))
        page.on("console", lambda message: is_trouble(message) and problems.append(f"console: {message.text}"))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def is_trouble(message: ConsoleMessage) -> bool:
    """An error in the console, but for those that a test asks for: a busy server, and one that is away."""
    return message.type == "error" and not re.search("status of (429|503)", message.text)


def accept(page: Page) -> None:
    page.get_by_role("button", name="Yes, remember").click()
    expect(page.locator(".ask")).to_be_hidden()


def eventually(found: Callable[[], Any], seconds: float = 10) -> Any:
    """What is there at last: events are sent a moment after they happened."""
    until = time.monotonic() + seconds
    while not (value := found()) and time.monotonic() < until:
        time.sleep(0.1)
    return value


def views(product: Product) -> Any:
    return Interaction.objects.filter(kind="view", product=product, visitor__isnull=False)


def test_from_home_over_a_reason_to_an_order_that_staff_see(shop, phone, page):
    shopper = phone()
    shopper.goto("/shop/")
    accept(shopper)
    expect(shopper.get_by_role("heading", name="For you")).to_be_visible()

    box = shopper.get_by_role("combobox", name="Search the shop")
    box.press_sequentially("mug")
    offered = shopper.get_by_role("option")
    expect(offered.first).to_be_visible()
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", re.compile("zg-list"))
    box.press("Escape")
    expect(offered.first).to_be_hidden()
    box.press("Enter")
    expect(shopper.get_by_role("heading", level=1)).to_have_text("Results for “mug”")
    answer = shopper.locator("[data-zg-search]").get_attribute("data-zg-search")
    shopper.locator("[data-zg-search] a", has_text="Mug 0").click()
    found = eventually(lambda: views(shop[0]))
    assert found[0].context["search"] == answer
    why = shopper.locator(".zg-why").first
    expect(why.locator("summary")).to_have_accessible_name(re.compile(r"^Why this\? Mug \d$"))
    why.locator("summary").press("Enter")
    expect(why.locator(".zg-reason")).to_contain_text("Mug 0")
    place = shopper.get_by_role("button", name="Add to basket").bounding_box()
    assert place is not None
    assert place["y"] + place["height"] <= 844
    shopper.get_by_role("button", name="Add to basket").click()
    shopper.get_by_role("link", name="Go to the basket").click()
    shopper.get_by_role("link", name="Go to checkout").click()
    shopper.get_by_role("button", name="Place the order").click()
    expect(shopper.get_by_text("Thank you. Your order is placed.")).to_be_visible()
    order = Order.objects.get()
    expect(shopper.get_by_role("heading", level=1)).to_have_text(f"Order {order.number}")
    assert (order.customer, order.visitor) == (None, found[0].visitor)  # experiments credit what this guest was shown

    page.goto(f"/admin/catalog/order/{order.pk}/change/")
    fill_in(page)
    expect(page.locator("main")).to_contain_text("Mug 0")
    expect(page.locator("h1")).to_contain_text(order.number)


def test_what_is_looked_at_arrives_and_changes_the_very_next_recommendation(shop, phone):
    shopper = phone()
    shopper.goto("/shop/")
    accept(shopper)
    expect(shopper.locator(".zg-item .zg-reason").first).to_have_text("Popular with our customers")

    shopper.goto(f"/shop/p/{shop[8].public_id}/")
    assert eventually(lambda: views(shop[8]).exists())
    shopper.goto("/shop/")

    first = shopper.locator("[data-zg-recommendation] .zg-item").first
    expect(first.locator(".zg-name")).to_contain_text("Bowl")
    expect(first.locator(".zg-reason")).to_have_text(re.compile("Bowl 2"))


def test_a_view_and_a_cart_carry_the_recommendation_that_led_there(shop, phone):
    shopper = phone()
    shopper.goto("/shop/privacy/")
    shopper.get_by_role("main").get_by_role("button", name="Yes, remember").click()
    shopper.goto(f"/shop/p/{shop[0].public_id}/")
    led = shopper.locator("[data-zg-recommendation] .zg-item").first
    led.scroll_into_view_if_needed()
    shopper.wait_for_timeout(1_500)
    wanted = Product.objects.get(public_id=led.get_attribute("data-zg-product"))
    answer = shopper.locator("[data-zg-recommendation]").first.get_attribute("data-zg-recommendation")

    led.locator("a.zg-link").click()
    shopper.get_by_role("button", name="Add to basket").click()
    expect(shopper.get_by_text("Added to the basket.")).to_be_visible()

    seen = eventually(lambda: Interaction.objects.filter(kind="impression", context__recommendation=answer))
    assert (seen[0].product_id, seen[0].value) == (None, 4)
    for kind in ("view", "cart"):
        found = eventually(
            lambda kind=kind: Interaction.objects.filter(kind=kind, product=wanted, visitor__isnull=False)
        )
        assert found[0].context == {"recommendation": answer, "position": 0, "device": "computer"}


def test_events_survive_the_end_of_the_page_and_a_server_that_is_busy_and_count_once(shop, phone):
    def busy(view: EventsView, request: Any) -> Response:
        raise Throttled(wait=1)

    shopper = phone()
    shopper.goto("/shop/")
    accept(shopper)
    open_again = pytest.MonkeyPatch()
    open_again.setattr(EventsView, "post", busy)
    shopper.goto(f"/shop/p/{shop[3].public_id}/")
    shopper.evaluate("() => zhanggui.favourite(document.querySelector('[data-zg-view]').dataset.zgView)")
    shopper.wait_for_timeout(2_000)
    shopper.goto("/shop/privacy/")
    assert not views(shop[3]).exists()

    open_again.undo()
    shopper.goto("/shop/basket/")
    assert eventually(lambda: views(shop[3]).count() == 1)
    shopper.goto("/shop/")
    shopper.wait_for_timeout(2_500)

    assert views(shop[3]).count() == 1
    assert Interaction.objects.filter(kind="favourite", product=shop[3]).count() == 1
    left = "() => Object.keys(localStorage).filter(name => name.startsWith('zg.e.')).length"
    assert eventually(lambda: shopper.evaluate(left) == 0)


@pytest.mark.parametrize("answer", ["No, thanks", None, "signal"])
def test_who_refuses_or_does_not_answer_or_whose_browser_says_no_leaves_no_trace(shop, phone, answer):
    shopper = phone()
    if answer == "signal":
        shopper.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    shopper.goto("/shop/")
    if answer == "No, thanks":
        shopper.get_by_role("button", name=answer).click()
    sent: list[str] = []
    shopper.on("request", lambda request: "/events" in request.url and sent.append(request.url))
    shopper.goto(f"/shop/p/{shop[0].public_id}/")
    expect(shopper.locator(".zg-item").first).to_be_visible()
    shopper.get_by_role("button", name="Add to basket").click()
    shopper.wait_for_timeout(2_500)

    assert sent == []
    assert not Visitor.objects.exists()
    stored = shopper.evaluate("() => Object.keys(localStorage)")
    assert [name for name in stored if name != "zg.consent"] == []
    assert "shop_visitor" not in shopper.evaluate("() => document.cookie")


def test_consent_withdrawn_forgets_the_visitor_and_what_was_not_sent(shop, phone):
    shopper = phone()
    shopper.goto(f"/shop/p/{shop[0].public_id}/")
    accept(shopper)
    assert eventually(lambda: views(shop[0]).exists())
    cookie = next(one for one in shopper.context.cookies() if one["name"] == "shop_visitor")
    assert (cookie["value"], cookie["sameSite"]) == (Visitor.objects.get().key, "Lax")

    shopper.goto("/shop/privacy/")
    expect(shopper.locator("[data-consent-state]")).to_have_text("Now: yes, this browser remembers.")
    shopper.get_by_role("main").get_by_role("button", name="No, thanks").click()

    expect(shopper.locator("[data-consent-state]")).to_have_text("Now: no, nothing is noted.")
    assert shopper.evaluate("() => localStorage.getItem('zg.visitor')") is None
    assert "shop_visitor" not in shopper.evaluate("() => document.cookie")
    assert eventually(lambda: not Visitor.objects.get().may_track)
    assert not views(shop[0]).exists()  # what was done without a name is forgotten
    shopper.goto(f"/shop/p/{shop[5].public_id}/")
    shopper.wait_for_timeout(2_000)
    assert not views(shop[5]).exists()


def test_the_language_is_switched_for_pages_and_snippet_alike(shop, phone):
    shopper = phone()
    shopper.goto(f"/shop/p/{shop[0].public_id}/")
    shopper.get_by_role("button", name="简体中文").click()

    expect(shopper.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(shopper.get_by_role("heading", level=1)).to_have_text("杯子 0")
    expect(shopper.locator(".zg-why summary").first).to_have_text("为什么推荐？")
    expect(shopper.locator(".zg-item .zg-name").first).to_contain_text("杯子")


def test_without_scripts_one_can_look_choose_and_order(shop, phone):
    shopper = phone(java_script_enabled=False)
    shopper.goto("/shop/")
    shopper.get_by_role("link", name="Mug 5").first.click()
    shopper.get_by_role("button", name="Add to basket").click()
    shopper.get_by_role("link", name="Go to the basket").click()
    expect(shopper.get_by_role("main")).to_contain_text("Mug 5")
    shopper.get_by_label("Pieces").fill("2")
    shopper.get_by_role("button", name="Update the basket").click()
    expect(shopper.locator(".line-price")).to_have_text("¥50.00")
    shopper.get_by_role("link", name="Go to checkout").click()
    shopper.get_by_role("button", name="Place the order").click()

    order = Order.objects.get()
    assert (order.lines.get().quantity, order.visitor) == (2, None)
    assert shopper.locator(".shelf").count() == 1
    expect(shopper.locator(".shelf")).to_be_hidden()


def test_a_snippet_whose_api_is_away_leaves_the_page_as_it_was(shop, phone, live_server):
    shopper = phone()
    shopper.route("**/api/v1/**", lambda route: route.fulfill(status=503, body="{}"))
    shopper.goto("/shop/privacy/")

    expect(shopper.get_by_role("heading", level=1)).to_have_text("Privacy choice")
    shopper.get_by_role("main").get_by_role("button", name="Yes, remember").click()
    expect(shopper.locator("[data-consent-state]")).to_have_text("Now: yes, this browser remembers.")


def test_pictures_of_a_placement_are_fetched_when_they_come_near_and_nothing_moves(shop, phone, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    for product in shop:
        ProductImageFactory.create(product=product)
    shopper = phone()
    pictures = "[...document.querySelectorAll('.shelf img')]"
    tops = f"{pictures}.map(image => image.getBoundingClientRect().top + scrollY)"

    shopper.goto("/shop/", wait_until="networkidle")

    places = shopper.evaluate(tops)
    assert len(places) == 8
    fetched = shopper.evaluate(f"{pictures}.map(image => image.currentSrc !== '')")
    assert fetched == [top < 844 * 1.5 for top in places]
    assert {True, False} == set(fetched)
    shopper.evaluate("scrollTo(0, document.body.scrollHeight)")
    shopper.evaluate("scrollTo(0, 900)")
    loaded = f"{pictures}.filter(image => image.complete && image.naturalWidth).length"
    assert eventually(lambda: shopper.evaluate(loaded) == 8)
    assert shopper.evaluate(tops) == places


def test_by_keyboard_alone_a_reason_is_opened_and_a_product_bought(shop, phone):
    shopper = phone(is_mobile=False, has_touch=False, viewport={"width": 1440, "height": 900})
    shopper.goto(f"/shop/p/{shop[0].public_id}/")
    expect(shopper.locator(".zg-why").first).to_be_visible()
    shopper.keyboard.press("Tab")
    expect(shopper.locator(":focus")).to_have_text("Skip to the content")
    shopper.keyboard.press("Enter")
    for _step in range(12):
        shopper.keyboard.press("Tab")
        if "primary" in (shopper.locator(":focus").get_attribute("class") or ""):
            break
    shopper.keyboard.press("Enter")
    expect(shopper.get_by_text("Added to the basket.")).to_be_visible()
    expect(shopper.locator(".zg-why summary").first).to_be_visible()
    shopper.locator(".zg-why summary").first.focus()
    shopper.keyboard.press("Enter")
    expect(shopper.locator(".zg-why .zg-reason").first).to_be_visible()


def open_chat(shopper: Page, name: str) -> None:
    """The chat comes with the first sign of somebody."""
    shopper.keyboard.press("Shift")
    shopper.get_by_role("button", name=name, exact=True).click()


def test_a_chat_goes_to_a_person_whose_answer_is_told_on_the_next_page(shop, phone, page):
    shopper = phone()
    shopper.goto("/shop/privacy/")
    open_chat(shopper, "Ask us")
    chat = shopper.get_by_role("dialog", name="Assistant")
    expect(chat).to_contain_text("a machine")
    chat.get_by_label("Your message").fill("I want to talk to a human")
    chat.get_by_role("button", name="Send").click()
    expect(chat.locator(".zg-chat-state")).to_have_text("Waiting for a person: number 1 in the queue.")
    chat.get_by_role("button", name="Close").click()

    page.goto("/admin/crm/inbox/")
    fill_in(page)
    page.locator("[data-inbox-row]").click()
    expect(page.locator("#inbox-text")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.type("Ask @lin first")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".inb-message.is-note")).to_contain_text("Ask @lin first")
    page.keyboard.type("Yes, I am here.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".inb-message.is-ours")).to_contain_text("Yes, I am here.")

    shopper.goto("/shop/privacy/")
    open_chat(shopper, "New answer")
    chat = shopper.get_by_role("dialog", name="Assistant")
    expect(chat.locator(".zg-chat-staff")).to_contain_text("Yes, I am here.")
    expect(chat.locator(".zg-chat-state")).to_have_text("A person answers here.")
    assert "Ask @lin first" not in chat.inner_text()
    chat.get_by_label("Your message").fill("Thanks")
    chat.get_by_role("button", name="Send").click()
    expect(page.locator(".inb-message.is-theirs").last).to_contain_text("Thanks")
    page.locator(".inb-title").click()
    page.keyboard.press("c")
    expect(page.locator(".zg-toast")).to_contain_text("Resolved")
    chat.get_by_role("button", name="5 of 5").click()
    expect(chat.locator(".zg-chat-rate")).to_have_text("Thank you for the rating.")

    assert list(Message.objects.order_by("pk").filter(staff__isnull=False).values_list("text", "is_internal")) == [
        ("Ask @lin first", True), ("Yes, I am here.", False),
    ]  # fmt: skip
    assert SatisfactionScore.objects.get().score == 5


def test_the_chat_speaks_chinese_to_whoever_reads_the_shop_in_it(shop, phone):
    shopper = phone(locale="zh-CN")
    shopper.goto("/shop/privacy/")
    shopper.get_by_role("button", name="简体中文").click()
    expect(shopper.locator("html")).to_have_attribute("lang", "zh-hans")
    open_chat(shopper, "咨询")

    chat = shopper.get_by_role("dialog", name="智能助手")
    chat.get_by_role("button", name="转人工").click()
    expect(chat.locator(".zg-chat-state")).to_have_text("正在等待人工客服：排在第 1 位。")
    expect(chat.locator(".zg-chat-said").last).to_contain_text("1")
    assert not re.search("[A-Za-z]{4,}", chat.locator(".zg-chat-log").inner_text().replace(current_shop().name, ""))
