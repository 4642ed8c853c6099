"""What the pages of the demo storefront show and do, without scripts."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError
from django.utils import timezone

from catalog.models import Customer, Order, Variant
from core.models import OutgoingMail
from crm import services as loyalty
from crm.models import LoyaltyProgramme, LoyaltyTier, Reward
from marketing.models import Consent, ConsentEvent, MessageEvent, Offer, StockRequest
from storefront.views import browse
from tests.factories import (
    CampaignFactory,
    CampaignStepFactory,
    CategoryFactory,
    CouponCodeFactory,
    LoyaltyProgrammeFactory,
    OfferFactory,
    OrderFactory,
    ProductFactory,
    ProductImageFactory,
    RecipientFactory,
    RewardFactory,
    TemplateVersionFactory,
)

pytestmark = pytest.mark.django_db


def put_in(visit, product, quantity="1"):
    sku = product.variants.first().sku
    return visit.post("/shop/basket/add", {"product": product.public_id, "sku": sku, "quantity": quantity})


def place(visit, **changed):
    page = visit.get("/shop/checkout/").content.decode()
    attempt = re.search(r'name="attempt" value="([^"]+)"', page)
    assert attempt is not None
    form = {"country": "GB", "delivery": "standard", "payment": "card", "attempt": attempt[1], **changed}
    return visit.post("/shop/checkout/", form)


def test_the_shop_is_closed_unless_it_is_the_demo_shop_or_opened_by_the_setting(shop, visit, settings):
    assert visit.get("/shop/").status_code == 200

    settings.PRODUCTION = True
    assert visit.get("/shop/").status_code == 404
    settings.STOREFRONT = True
    assert visit.get("/shop/").status_code == 200
    settings.PRODUCTION, settings.STOREFRONT = False, False
    assert visit.get("/shop/").status_code == 404


def test_a_shop_without_keys_is_closed(shop, visit):
    shop.file.unlink()

    assert visit.get("/shop/").status_code == 404


def test_home_shows_departments_and_what_is_new(shop, visit):
    page = visit.get("/shop/").content.decode()

    assert "Blue mug" in page
    assert "¥20.00" in page
    assert f"/shop/c/{shop.category.public_id}/" in page
    assert "Red mug" not in page  # nothing of it is left


def test_the_picture_of_a_department_that_home_shows_large_is_the_same_file(shop, visit, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    shown = []
    for number in range(4):
        product = ProductFactory.create(category=CategoryFactory.create(name=f"Department {number}"))
        shown.append(ProductImageFactory.create(product=product).file.name)

    page = visit.get("/shop/").content.decode()

    departments = page[page.index('class="departments"') :].split("</nav>")[0]
    sizes = dict(re.findall(r'/pictures/160/(\S+) 160w.*?sizes="([^"]+)"', departments))
    assert [sizes[name] for name in shown] == [*[browse.HERO_SIZES] * 3, "48px"]


def test_a_product_page_says_price_and_what_is_left_and_marks_the_view(shop, visit):
    page = visit.get(f"/shop/p/{shop.blue.public_id}/").content.decode()

    assert "<h1>Blue mug</h1>" in page
    assert f'data-zg-view="{shop.blue.public_id}"' in page
    assert f'data-zg-similar="{shop.blue.public_id}"' in page
    gone = visit.get(f"/shop/p/{shop.red.public_id}/").content.decode()
    assert "Sold out at the moment" in gone
    assert "Add to basket" not in gone


def test_a_hidden_product_and_a_strange_id_get_a_page_that_says_so(shop, visit):
    hidden = ProductFactory.create(status="hidden")

    for ident in (hidden.public_id, "nothing", "ext:none", "f" * 32):
        answer = visit.get(f"/shop/p/{ident}/")
        assert (answer.status_code, "Not here" in answer.content.decode()) == (404, True)


def test_the_whole_page_speaks_chinese_when_the_browser_or_the_switch_says_so(shop, visit):
    page = visit.get("/shop/", headers={"Accept-Language": "zh-CN"})
    assert (page["Content-Language"], "蓝色杯子" in page.content.decode()) == ("zh-hans", True)

    moved = visit.post("/shop/look", {"language": "zh-hans", "next": f"/shop/p/{shop.blue.public_id}/"})

    assert moved["Location"] == f"/shop/p/{shop.blue.public_id}/"
    page = visit.get(moved["Location"]).content.decode()
    assert '<html lang="zh-hans"' in page
    assert "加入购物车" in page


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "/admin/", "/shop/\\evil", ""])
def test_the_switch_leads_nowhere_but_into_the_shop(visit, address):
    moved = visit.post("/shop/look", {"look": "dark", "next": address})

    assert moved["Location"] in ("/shop/", "/shop/%5Cevil")
    assert 'data-look="dark"' in visit.get("/shop/").content.decode()


def test_a_basket_is_filled_changed_and_emptied_without_scripts(shop, visit):
    assert put_in(visit, shop.blue, "2")["Location"] == f"/shop/p/{shop.blue.public_id}/?added=1"
    put_in(visit, shop.blue)
    page = visit.get("/shop/basket/").content.decode()
    assert 'value="3"' in page
    assert "¥60.00" in page

    visit.post("/shop/basket/change", {f"quantity:{shop.blue.variants.first().sku}": "1"})
    assert "¥20.00" in visit.get("/shop/basket/").content.decode()

    visit.post("/shop/basket/change", {"remove": shop.blue.variants.first().sku})
    assert "Nothing in it yet" in visit.get("/shop/basket/").content.decode()


def test_what_is_sold_out_or_of_another_product_cannot_be_put_in(shop, visit):
    put_in(visit, shop.red)
    visit.post("/shop/basket/add", {"product": shop.blue.public_id, "sku": shop.red.variants.first().sku})

    assert "Nothing in it yet" in visit.get("/shop/basket/").content.decode()


def test_a_basket_has_at_most_twenty_lines_of_twenty_pieces(shop, visit):
    others = [ProductFactory.create(stock=100) for _number in range(22)]
    for product in others:
        put_in(visit, product, "9999")

    page = visit.get("/shop/basket/").content.decode()

    assert page.count('class="line"') == 20
    assert '<span class="badge"><span class="unseen">,</span> 400</span>' in page


def test_a_forged_basket_is_an_empty_one(shop, visit):
    visit.cookies["shop_basket"] = "W1siYSIsImIiLDFdXQ:1:forged"

    assert "Nothing in it yet" in visit.get("/shop/basket/").content.decode()


def test_a_guest_orders_pays_and_sees_the_order_and_nobody_else_does(shop, visit, client):
    put_in(visit, shop.blue, "2")

    answer = place(visit)

    order = Order.objects.exclude(number="A-1").get()
    assert answer["Location"] == f"/shop/orders/{order.number}/?new=1"
    assert (order.status, order.channel, order.country, str(order.total)) == ("paid", "web", "GB", "52.0000")
    assert Variant.objects.get(product=shop.blue).stock == 3
    page = visit.get(answer["Location"]).content.decode()
    assert "Thank you. Your order is placed." in page
    assert "¥52.00" in page
    assert "Nothing in it yet" in visit.get("/shop/basket/").content.decode()
    assert client.get(f"/shop/orders/{order.number}/").status_code == 404


def test_the_checkout_says_what_the_order_will_cost(shop, visit):
    put_in(visit, shop.blue, "2")

    page = visit.get("/shop/checkout/").content.decode()

    assert "<span data-shipping>¥12.00</span>" in page
    assert "<span data-sum>¥52.00</span>" in page
    assert 'data-total="¥68.00"' in page  # by express


def test_an_order_names_its_products_in_the_readers_language_while_they_are_there(shop, visit):
    put_in(visit, shop.blue)
    address = place(visit)["Location"]

    assert "蓝色杯子" in visit.get(address, headers={"Accept-Language": "zh-CN"}).content.decode()
    shop.blue.status = "hidden"
    shop.blue.save()
    assert "Blue mug" in visit.get(address, headers={"Accept-Language": "zh-CN"}).content.decode()


def test_pay_later_leaves_the_order_unpaid(shop, visit):
    put_in(visit, shop.blue)

    place(visit, payment="later", delivery="express")

    order = Order.objects.exclude(number="A-1").get()
    assert (order.status, str(order.shipping)) == ("placed", "28.0000")


def test_the_same_form_sent_twice_is_one_order(shop, visit):
    put_in(visit, shop.blue)
    basket = visit.cookies["shop_basket"].value
    page = visit.get("/shop/checkout/").content.decode()
    attempt = re.search(r'name="attempt" value="([^"]+)"', page)[1]

    first = place(visit, attempt=attempt)
    visit.cookies["shop_basket"] = basket
    second = place(visit, attempt=attempt)

    assert first["Location"] == second["Location"]
    assert Order.objects.exclude(number="A-1").count() == 1


def test_an_order_that_the_stock_refuses_says_why_and_keeps_the_basket(shop, visit):
    put_in(visit, shop.blue, "4")
    Variant.objects.filter(product=shop.blue).update(stock=2)

    answer = place(visit)

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "4 wanted, 2 in stock" in page
    assert "<title>Error:" in page
    assert not Order.objects.exclude(number="A-1").exists()
    assert 'value="4"' in visit.get("/shop/basket/").content.decode()


def test_standard_delivery_is_free_from_the_amount_that_the_basket_names(shop, visit):
    ProductFactory.create(name="Pot", price="299.00", stock=3)
    pot = ProductFactory.create(name="Kettle", price="299.00", stock=3)
    put_in(visit, pot)

    assert "Standard delivery is free." in visit.get("/shop/basket/").content.decode()
    place(visit)
    assert str(Order.objects.exclude(number="A-1").get().shipping) == "0.0000"


def test_who_tries_the_shop_as_somebody_sees_their_orders_and_orders_as_them(shop, signed_in):
    page = signed_in.get("/shop/account/")
    assert page["Cache-Control"] == "no-store"
    assert "A-1" in page.content.decode()
    assert signed_in.get("/shop/orders/A-1/").status_code == 200

    put_in(signed_in, shop.blue)
    place(signed_in)

    assert Order.objects.exclude(number="A-1").get().customer == shop.lin


def test_points_are_written_like_other_large_figures(shop, signed_in):
    LoyaltyProgramme.current()
    LoyaltyProgramme.objects.update(is_on=True, started_at=timezone.now(), tier_basis="points")
    LoyaltyTier.objects.create(name_en="Gold", threshold=40_000)
    Reward.objects.create(name_en="Off", kind="amount", cost=1_500, amount="20")
    loyalty.adjust(customer_id=shop.lin.pk, points=10_096, reason="start", key="start")

    page = signed_in.get("/shop/account/").content.decode()

    assert "10,096" in page
    assert "10096" not in page
    assert "Off for 1,500 points" in page
    assert re.search(r"\d\d,\d{3} points to go", page)


def test_five_orders_stand_open_and_earlier_ones_below_a_fold(shop, signed_in):
    assert "<details" not in signed_in.get("/shop/account/").content.decode()
    for number in range(2, 9):
        OrderFactory.create(number=f"A-{number}", customer=shop.lin)

    before, _fold, after = signed_in.get("/shop/account/").content.decode().partition('<details class="earlier">')

    assert (before.count("/shop/orders/"), after.count("/shop/orders/")) == (5, 3)
    assert "3 orders before that" in after


def test_an_order_of_somebody_else_does_not_exist(shop, signed_in):
    OrderFactory.create(number="B-1")

    assert signed_in.get("/shop/orders/B-1/").status_code == 404


def test_nobody_is_tried_who_is_not_on_the_list_and_in_a_real_shop_nobody_at_all(shop, visit):
    from tests.factories import CustomerFactory, ShopProfileFactory

    CustomerFactory.create(external_id="C9")
    visit.post("/shop/account/sign-in", {"who": "C9"})
    assert "shop_account" not in visit.cookies

    ShopProfileFactory.create(is_demo=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.STOREFRONT", True)
        visit.post("/shop/account/sign-in", {"who": "C1"})
        page = visit.get("/shop/account/").content.decode()
    assert "shop_account" not in visit.cookies
    assert "Lin" not in page


def test_personal_suggestions_are_switched_off_and_on(shop, signed_in):
    signed_in.post("/shop/account/personalisation", {"personalised": "0"})
    shop.lin.refresh_from_db()
    assert shop.lin.is_personalised is False
    page = signed_in.get("/shop/account/").content.decode()
    assert "you see what everybody sees" in page
    assert 'data-zg-title="What others like"' in page

    signed_in.post("/shop/account/personalisation", {"personalised": "1"})
    shop.lin.refresh_from_db()
    assert shop.lin.is_personalised is True


def test_what_was_learned_is_forgotten_from_the_account_page(shop, signed_in):
    assert shop.lin.profile_since is None

    answer = signed_in.post("/shop/account/forget")

    shop.lin.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (302, "/shop/account/?said=forgotten")
    assert timezone.now() - shop.lin.profile_since < timedelta(minutes=1)


def test_a_copy_of_the_data_is_asked_for_and_an_account_is_deleted_only_with_the_tick(shop, signed_in):
    from core.models import DataRequest

    signed_in.post("/shop/account/copy")
    assert DataRequest.objects.get().kind == "export"

    signed_in.post("/shop/account/erase")
    assert DataRequest.objects.filter(kind="erase").count() == 0
    answer = signed_in.post("/shop/account/erase", {"sure": "1"})
    assert "Your account will be deleted" in answer.content.decode()
    assert DataRequest.objects.filter(kind="erase", subject_id=shop.lin.pk).count() == 1


def test_an_ended_session_is_told_so_and_the_basket_stays(shop, signed_in, stored):
    from core.api.keys import forget_keys
    from core.models import ApiKey
    from core.services import revoke_api_key

    put_in(signed_in, shop.blue)
    key = ApiKey.objects.get(key_hash=ApiKey.hash_of(stored()["server"]))
    revoke_api_key(key)
    forget_keys()

    answer = signed_in.get("/shop/account/")

    assert (answer.status_code, "You were signed out" in answer.content.decode()) == (401, True)
    assert "Blue mug" in signed_in.get("/shop/basket/").content.decode()


def test_forms_are_protected_against_pages_of_others(shop):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)

    for path in ("basket/add", "basket/change", "account/sign-in", "account/erase", "look", "checkout/"):
        assert strict.post(f"/shop/{path}", {"who": "C1"}).status_code == 403


def test_neither_the_server_key_nor_an_address_of_a_person_stands_in_a_page(shop, signed_in, stored):
    put_in(signed_in, shop.blue)
    for path in ("", "account/", "basket/", "checkout/", f"p/{shop.blue.public_id}/", "privacy/"):
        page = signed_in.get(f"/shop/{path}").content.decode()
        assert stored()["server"] not in page
        assert "@" not in re.sub(r"@media|@supports", "", page)


def test_the_policy_of_the_pages_allows_only_own_files_and_nothing_inline(shop, visit):
    answer = visit.get("/shop/")

    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    page = answer.content.decode()
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*src=)", page)
    assert not re.search(r"\son[a-z]+=", page)


def test_pages_cost_a_bounded_number_of_queries(shop, visit, django_assert_max_num_queries):
    for _number in range(4):
        CategoryFactory.create()
    visit.get("/shop/")

    with django_assert_max_num_queries(1):
        visit.get("/shop/")
    with django_assert_max_num_queries(4):
        visit.get(f"/shop/p/{shop.blue.public_id}/")
    put_in(visit, shop.blue)
    with django_assert_max_num_queries(3):
        visit.get("/shop/basket/")


def test_while_the_database_is_away_the_page_says_so_and_when_to_come_again(shop, visit, monkeypatch):
    def away(*_arguments, **_more):
        raise OperationalError("server closed the connection unexpectedly")

    put_in(visit, shop.blue)
    monkeypatch.setattr("catalog.selectors.product_detail", away)

    answer = visit.get(f"/shop/p/{shop.blue.public_id}/")

    assert answer.status_code == 503
    assert int(answer["Retry-After"]) >= 1
    assert "That did not work" in answer.content.decode()
    monkeypatch.undo()
    assert "Blue mug" in visit.get("/shop/basket/").content.decode()


@pytest.fixture
def shown(shop):
    """An offer that a campaign shows Lin in the shop."""
    offer = OfferFactory.create(title={"en": "A tenth off"}, value=10)
    campaign = CampaignFactory.create(state="running", channel="in_site", offer=offer)
    version = TemplateVersionFactory.create(channel="in_site", text={"en": "Mugs for {{name}}"}, subject={"en": "Mugs"})
    step = CampaignStepFactory.create(campaign=campaign, template_version=version)
    code = CouponCodeFactory.create(offer=offer, customer=shop.lin, campaign=campaign, code="ABCDEFGH2345")
    RecipientFactory.create(
        campaign=campaign, step=step, customer=shop.lin, channel="in_site", state="sent", message_id="<m1@shop>"
    )
    return code


def test_what_a_campaign_shows_stands_on_the_first_page_and_is_counted_when_seen_and_followed(shown, signed_in, shop):
    assert "Mugs for Lin" in signed_in.get("/shop/").content.decode()
    assert list(MessageEvent.objects.values_list("kind", flat=True)) == ["opened"]

    answer = signed_in.post(f"/shop/account/offers/{shown.offer.public_id}")

    assert (answer.status_code, answer.url) == (302, "/shop/search")
    assert sorted(MessageEvent.objects.values_list("kind", flat=True)) == ["clicked", "opened"]
    assert "Mugs for Lin" in signed_in.get("/shop/account/").content.decode()
    signed_in.post("/shop/account/offers", {"wanted": "0"})
    assert "Mugs for Lin" not in signed_in.get("/shop/account/").content.decode()
    assert "Mugs for Lin" not in signed_in.get("/shop/").content.decode()


def test_what_the_shop_may_write_is_chosen_in_the_account_and_counts_when_the_mailbox_answered(shop, signed_in):
    Customer.objects.filter(pk=shop.lin.pk).update(email="lin@shop.test")
    page = signed_in.get("/shop/account/").content.decode()
    assert "What we may write to you" in page
    assert "checked" not in page.partition('id="written"')[2].partition("</section>")[0]

    answer = signed_in.post("/shop/account/messages", {"wanted": ["offers", "foreign"]})

    assert answer.url == "/shop/account/?said=mailed#written"
    page = signed_in.get("/shop/account/?said=mailed").content.decode()
    assert "It counts when you follow the link in it." in page
    assert "Waits for the link in our mail." in page
    event = ConsentEvent.objects.get()
    assert (event.purpose, event.channel, event.state, event.source) == ("offers", "email", "pending", "api")
    assert event.wording_version == "account-2026-11"
    assert set(event.proof) == {"page", "ip_hash"}

    signed_in.post("/shop/account/messages", {"wanted": "news"})  # what waits goes on waiting
    assert dict(Consent.objects.values_list("purpose", "state")) == {"offers": "pending", "news": "pending"}
    Consent.objects.update(state="given")
    page = signed_in.get("/shop/account/").content.decode()
    assert page.partition('id="written"')[2].partition("</section>")[0].count("checked") == 2
    answer = signed_in.post("/shop/account/messages", {"wanted": "news"})
    assert answer.url == "/shop/account/?said=kept#written"
    assert dict(Consent.objects.values_list("purpose", "state")) == {"offers": "withdrawn", "news": "given"}
    assert signed_in.post("/shop/account/messages", {"wanted": "news"}).url == "/shop/account/?said=kept#written"
    assert ConsentEvent.objects.count() == 3


def test_all_choices_are_a_link_away_in_the_language_of_the_page(shop, signed_in):
    page = signed_in.get("/shop/account/").content.decode()

    address = re.search(r'href="[^"]*(/preferences/[^"]+)"', page)[1]
    assert address.endswith("?language=en")
    assert "What you hear from us" in signed_in.get(address).content.decode()


def test_nobody_who_is_not_signed_in_says_what_the_shop_may_write(shop, visit):
    assert visit.post("/shop/account/messages", {"wanted": "offers"}).url == "/shop/account/"
    assert not ConsentEvent.objects.exists()


def test_a_code_is_chosen_at_the_checkout_and_taken_off_the_order(shown, signed_in, shop):
    put_in(signed_in, shop.blue)

    answer = place(signed_in, coupon="ABCD-EFGH-2345")

    order = Order.objects.get(discount__gt=0)
    assert (order.discount, answer.url) == (2, f"/shop/orders/{order.number}/?new=1")
    assert "−" in signed_in.get(answer.url).content.decode()
    put_in(signed_in, shop.blue)
    assert place(signed_in, coupon="ABCD-EFGH-2345").status_code == 409


def test_points_become_a_code_that_is_typed_or_chosen_at_the_checkout_and_taken_off_once(signed_in, shop):
    LoyaltyProgrammeFactory.create()
    LoyaltyProgramme.objects.update(is_on=True, started_at=timezone.now(), point_value=Decimal("0.01"))
    loyalty.adjust(customer_id=shop.lin.pk, points=900, reason="x", key="a")
    cheap = loyalty.redeem(customer_id=shop.lin.pk, points=500)
    post = loyalty.redeem(
        customer_id=shop.lin.pk, reward_id=RewardFactory.create(kind="shipping", amount=None, cost=150).public_id
    )
    put_in(signed_in, shop.blue)

    page = signed_in.get("/shop/checkout/").content.decode()
    for code, off in ((cheap.code, ["−¥5.00", "¥27.00", "−¥5.00", "¥43.00"]), (post.code, ["−¥12.00", "¥20.00"])):
        (option,) = re.findall(rf'<option value="{code}"[^>]*>', page)
        assert re.findall(r'data-(?:off|total)-\w+="([^"]+)"', option)[: len(off)] == off
    typed = f"{cheap.code[:4]}-{cheap.code[4:].lower()}"
    counted = signed_in.post("/shop/checkout/", {"typed": typed, "recount": "1"}).content.decode()
    assert re.search(r"data-sum[^>]*>([^<]+)<", counted)[1] == "¥27.00"
    unknown = signed_in.post("/shop/checkout/", {"typed": "NOSUCH", "recount": "1"}).content.decode()
    assert "No open code of yours is like this." in unknown

    order = Order.objects.get(number=place(signed_in, typed=typed).url.split("/")[3])

    assert (order.discount, order.total) == (5, 27)
    cheap.refresh_from_db()
    assert (cheap.state, cheap.order) == ("used", order)
    put_in(signed_in, shop.blue)
    assert place(signed_in, coupon=cheap.code).status_code == 409


def test_the_total_at_the_checkout_says_what_a_code_takes_off_by_each_delivery(shown, signed_in, shop):
    put_in(signed_in, shop.blue)

    page = signed_in.get("/shop/checkout/").content.decode()

    (option,) = re.findall(r'<option value="ABCD-EFGH-2345"[^>]*>', page)
    assert re.findall(r'data-(?:off|total)-\w+="([^"]+)"', option) == ["−¥2.00", "¥30.00", "−¥2.00", "¥46.00"]
    # Without scripts a button shows it, and nothing is ordered.
    counted = signed_in.post(
        "/shop/checkout/", {"delivery": "express", "coupon": "ABCD-EFGH-2345", "recount": "1"}
    ).content.decode()
    assert re.search(r"data-off>([^<]+)<", counted)[1] == "−¥2.00"
    assert re.search(r"data-sum[^>]*>([^<]+)<", counted)[1] == "¥46.00"
    assert not Order.objects.filter(discount__gt=0).exists()


def test_a_code_that_does_not_count_yet_says_from_when(shown, signed_in, shop):
    Offer.objects.update(least_order=100)
    put_in(signed_in, shop.blue)

    page = signed_in.get("/shop/checkout/").content.decode()

    assert re.search(r'<option value="ABCD-EFGH-2345"\s+disabled', page)
    assert "from ¥100.00" in page


def test_a_sold_out_product_lets_visitors_and_customers_ask_to_be_told(visit, shop):
    path, sku = f"/shop/p/{shop.red.public_id}/", shop.red.variants.get().sku
    page = visit.get(path).content.decode()
    assert 'type="email"' in page
    assert "Tell me when it is back" not in visit.get(f"/shop/p/{shop.blue.public_id}/").content.decode()

    asked = visit.post(f"{path}tell-me", {"sku": sku, "email": "new@shop.test"})

    assert asked.headers["Location"] == f"{path}?asked=mail#tell-me"
    assert OutgoingMail.objects.get().kind == "stock_confirmation"
    assert (
        visit.post(f"{path}tell-me", {"sku": sku, "email": "no address"})
        .headers["Location"]
        .endswith("?asked=not#tell-me")
    )
    assert "That was not possible" in visit.get(f"{path}?asked=not").content.decode()


def test_who_is_signed_in_asks_and_takes_it_back_on_the_page(signed_in, shop):
    path, sku = f"/shop/p/{shop.red.public_id}/", shop.red.variants.get().sku
    Customer.objects.filter(pk=shop.lin.pk).update(email="lin@shop.test")

    asked = signed_in.post(f"{path}tell-me", {"sku": sku})

    assert asked.headers["Location"] == f"{path}?asked=mail#tell-me"
    assert StockRequest.objects.get().customer == shop.lin
    page = signed_in.get(f"{path}?asked=mail").content.decode()
    assert "Look into your mail" in page
    assert "Do not tell me any more" in page
    again = signed_in.post(f"{path}tell-me", {"sku": sku, "stop": "1"})
    assert again.headers["Location"] == f"{path}?asked=no#tell-me"
    assert not StockRequest.objects.exists()
