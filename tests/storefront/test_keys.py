"""The keys that an installation makes for its storefront."""

import stat

import pytest
from django.core.management import call_command

from core.models import ApiKey, Scope
from core.models.access import PUBLISHABLE_SCOPES
from storefront.keys import ShopKeys, forget_keys, shop_keys

pytestmark = pytest.mark.django_db


def test_they_are_made_once_for_nobody_elses_eyes_and_may_do_no_more_than_needed(shop, stored):
    before = stored()

    call_command("ensure_storefront")

    assert stored() == before
    assert stat.S_IMODE(shop.file.stat().st_mode) == 0o600
    rights = {key.kind: set(key.scopes) for key in ApiKey.objects.all()}
    assert rights == {"publishable": set(PUBLISHABLE_SCOPES), "server": {Scope.ORDERS, Scope.TOKENS}}
    assert before["accounts"] == ["C1"]


def test_a_restored_database_that_does_not_know_them_gets_new_ones(shop, stored):
    before = stored()
    ApiKey.objects.all().delete()

    call_command("ensure_storefront")

    assert stored()["server"] != before["server"]
    forget_keys()
    assert shop_keys().server == stored()["server"]


def test_settings_come_before_the_file(shop, settings):
    settings.STOREFRONT_KEY, settings.STOREFRONT_SERVER_KEY = "zg_pk_1", "zg_sk_1"

    assert shop_keys() == ShopKeys("zg_pk_1", "zg_sk_1")


def test_a_key_of_an_older_version_learns_what_it_may_do_by_now(shop, stored):
    before = stored()
    ApiKey.objects.filter(kind="publishable").update(scopes=["events"])

    call_command("ensure_storefront")

    assert stored() == before
    assert set(ApiKey.objects.get(kind="publishable").scopes) == set(PUBLISHABLE_SCOPES)
