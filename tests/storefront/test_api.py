"""The pages reach the API as every other caller does."""

import pytest
from django.test import RequestFactory

from core.api.keys import forget_keys
from core.models import LedgerEntry
from storefront.api import Refused, ShopApi
from tests.factories import ApiKeyFactory, ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def page():
    return RequestFactory().get("/shop/", REMOTE_ADDR="203.0.113.9")


def test_an_answer_is_the_json_that_every_caller_gets(page, browser):
    product = ProductFactory.create(name_translations={"zh-hans": "茶"})

    answer = ShopApi(page, browser.credential, "zh-hans").get(f"products/{product.public_id}")

    assert answer == browser.get(f"/products/{product.public_id}", lang="zh-hans").json()
    assert answer["name"] == "茶"


def test_scopes_checks_and_unknown_keys_count_as_for_every_caller(page, browser):
    api = ShopApi(page, browser.credential, "en")
    with pytest.raises(Refused) as refused:
        api.post("orders", {"lines": []})
    assert refused.value.status == 403
    with pytest.raises(Refused) as refused:
        api.get("products", price_min="dear")
    assert (refused.value.status, refused.value.code) == (400, "bad_input")
    with pytest.raises(Refused) as refused:
        ShopApi(page, "zg_pk_unknown", "en").get("products")
    assert refused.value.status == 401


def test_limits_count_for_the_person_who_asked_for_the_page(page, browser, settings):
    settings.API_RATE_PUBLISHABLE = 2
    api = ShopApi(page, browser.credential, "en")
    api.get("categories")
    api.get("categories")
    with pytest.raises(Refused) as refused:
        api.get("categories")
    assert refused.value.status == 429

    elsewhere = RequestFactory().get("/shop/", REMOTE_ADDR="203.0.113.10")
    assert ShopApi(elsewhere, browser.credential, "en").get("categories") == []


def test_what_a_call_changes_is_done_by_its_key(page):
    product = ProductFactory.create(price="1", stock=5)
    key = ApiKeyFactory.create()
    forget_keys()
    sku = product.variants.first().sku

    ShopApi(page, key.value, "en").post("orders", {"lines": [{"sku": sku, "quantity": 2}]})

    assert LedgerEntry.objects.filter(actor=f"key:{key.pk}").exists()


def test_the_same_idempotency_key_is_one_effect(page):
    product = ProductFactory.create(price="1", stock=5)
    api = ShopApi(page, ApiKeyFactory.create().value, "en")
    body = {"lines": [{"sku": product.variants.first().sku, "quantity": 1}]}

    first, second = (api.post("orders", body, idempotency_key="k1") for _time in range(2))

    assert first == second
    assert product.variants.get().stock == 4
