"""What the demo shop has of marketing: consents that an import takes, and drafts that could be checked as they are."""

from collections import Counter
from datetime import date

import pytest
from django.contrib import admin
from django.utils import translation

from catalog.demo.shop import make_shop
from catalog.demo.sizes import SIZES
from core.models import ShopProfile
from marketing import demo
from marketing.admin import campaign_page
from marketing.campaigns import audiences, lifecycle
from marketing.models import Campaign, Template


@pytest.fixture(scope="module")
def rows():
    shop = make_shop(seed=1, size=SIZES["small"], until=date(2026, 11, 1))
    [(name, head, found)] = demo.files(shop)
    assert name == "consents"
    return shop, [dict(zip(head, row, strict=True)) for row in found]


def test_two_of_three_customers_agreed_to_offers_and_few_took_it_back(rows):
    shop, found = rows
    offers = [one for one in found if one["purpose"] == "offers"]
    given = [one for one in offers if one["state"] == "given"]
    withdrawn = [one for one in offers if one["state"] == "withdrawn"]

    assert 0.58 < len(given) / len(shop.customers) < 0.66
    assert 0 < len(withdrawn) / len(given) < 0.08
    assert all(one["source"] and one["wording_version"] and one["confirmed_at"] >= one["at"] for one in given)
    assert max(one["at"] for one in found) < "2026-11-01"
    # Visitors of the demo storefront are those who order most: a campaign reaches them.
    orders = Counter(one.customer.id for one in shop.orders)
    tried = {ident for ident, _count in orders.most_common(20)}
    assert tried <= {one["customer"] for one in given}
    assert not tried & {one["customer"] for one in withdrawn}


@pytest.mark.django_db
def test_the_demo_shop_has_two_drafts_without_faults_and_a_shop_of_ones_own_none():
    profile = ShopProfile.objects.get_or_create(pk=1)[0]
    demo.first()
    assert not Campaign.objects.exists()

    profile.is_demo = True
    profile.save()
    demo.first()
    demo.first()

    best, cart = Campaign.objects.order_by("pk")
    assert (best.state, best.audience, best.trigger) == ("draft", audiences.Audience.objects.get(), "")
    assert (cart.state, cart.audience, cart.trigger) == ("draft", None, "abandoned_cart")
    for campaign in (best, cart):
        said, _ready = lifecycle.findings(campaign)
        assert [one.text for one in said if one.level == "stop"] == []


@pytest.mark.django_db
def test_what_came_with_the_demo_shop_is_called_in_the_language_of_the_reader():
    ShopProfile.objects.update_or_create(pk=1, defaults={"is_demo": True})
    demo.first()
    Campaign.objects.filter(trigger="abandoned_cart").update(name="Carts, our way")
    page = admin.site.get_model_admin(Campaign)
    best, cart = Campaign.objects.order_by("pk")
    message = Template.objects.order_by("pk")[0]

    for language, name in (("en", "For our best customers"), ("zh-hans", "致最好的顾客")):
        with translation.override(language):
            assert (str(best), str(message), str(cart)) == (name, name, "Carts, our way")
            assert name in page.name_cell(best)
            assert name in dict(campaign_page.library()).values()
