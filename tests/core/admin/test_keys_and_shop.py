"""API keys are shown once; the shop profile is one form."""

import pytest
from django.test import Client

from core.models import ApiKey, ShopProfile
from core.shop import current_shop
from tests.factories import ApiKeyFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/core/apikey/"
SHOP = "/admin/core/shopprofile/1/change/"


def make(client: Client, **fields):
    return client.post(f"{LIST}add/", {"name": "Back end", "kind": "server", "scopes": ["orders", "events"], **fields})


def test_the_value_of_a_server_key_is_shown_once_and_stored_as_a_fingerprint(client, boss):
    page = make(client)

    value = page.context["value"]
    key = ApiKey.objects.get()
    assert value.startswith("zg_sk_")
    assert value in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert (key.key_hash, key.publishable_value, key.created_by) == (ApiKey.hash_of(value), "", boss)
    assert sorted(key.scopes) == ["events", "orders"]
    for path in (LIST, f"{LIST}{key.pk}/change/"):
        assert value not in client.get(path).content.decode()


def test_a_publishable_key_needs_an_address_and_may_not_write(client):
    without = make(client, kind="publishable", scopes=["events"])
    writing = make(client, kind="publishable", scopes=["orders"], allowed_origins="https://shop.example")
    odd = make(client, kind="publishable", scopes=["events"], allowed_origins="shop.example")

    assert "allowed_origins" in without.context["errors"]
    assert "scopes" in writing.context["errors"]
    assert "allowed_origins" in odd.context["errors"]
    assert not ApiKey.objects.exists()


def test_addresses_are_kept_one_by_one_and_the_key_can_be_read_again(client):
    page = make(
        client, kind="publishable", scopes=["events"], allowed_origins="https://Shop.example\nhttp://localhost:3000/\n"
    )

    key = ApiKey.objects.get()
    assert key.allowed_origins == ["https://shop.example", "http://localhost:3000"]
    assert page.context["value"] == key.publishable_value
    assert key.publishable_value in client.get(f"{LIST}{key.pk}/change/").content.decode()


def test_a_revoked_key_stays_revoked(client):
    key = ApiKeyFactory.create()

    client.post(f"{LIST}{key.pk}/revoke/")
    key.refresh_from_db()
    first = key.revoked_at
    client.post(f"{LIST}{key.pk}/revoke/")

    key.refresh_from_db()
    assert first is not None
    assert key.revoked_at == first
    assert "Revoked" in client.get(f"{LIST}{key.pk}/change/").content.decode()


def test_who_may_only_read_keys_makes_and_ends_none(person_with):
    key = ApiKeyFactory.create()
    reader = Client()
    reader.force_login(person_with("core.view_apikey"))

    assert reader.get(LIST).status_code == 200
    assert b"Revoke" not in reader.get(f"{LIST}{key.pk}/change/").content
    assert make(reader).status_code == 403
    assert reader.post(f"{LIST}{key.pk}/revoke/").status_code == 403
    key.refresh_from_db()
    assert (key.revoked_at, ApiKey.objects.count()) == (None, 1)


def test_the_list_of_the_shop_is_its_form_and_saving_takes_effect_at_once(client, shop):
    assert client.get("/admin/core/shopprofile/")["Location"] == SHOP
    current_shop()

    answer = client.post(
        SHOP,
        {"name": "Lantern House", "base_currency": "EUR", "time_zone": "Europe/Paris", "week_start": 1,
         "languages": ["en", "zh-hans"], "return_window_days": 14, "holdout_percent": 5, "credit_hours": 72},
    )  # fmt: skip

    assert answer["Location"] == SHOP
    profile = ShopProfile.objects.get()
    assert (profile.base_currency, profile.languages) == ("EUR", ["en", "zh-hans"])
    assert profile.credit_hours == 72
    assert current_shop().name == "Lantern House"
    assert "Lantern House" in client.get("/admin/").content.decode()


def test_a_time_zone_that_does_not_exist_is_refused_and_nothing_changes(client, shop):
    answer = client.post(
        SHOP,
        {"name": "X", "base_currency": "EUR", "time_zone": "Mars/Base", "week_start": 1, "languages": ["en"],
         "return_window_days": 14},
    )  # fmt: skip

    assert answer.status_code == 200
    assert "time_zone" in answer.context["adminform"].form.errors
    assert ShopProfile.objects.get().name == "Shop"
