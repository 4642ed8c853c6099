import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from core.api import keys, tokens
from core.models import ApiKey, Scope
from tests.factories import ApiKeyFactory, CustomerFactory, StaffUserFactory
from tests.plugins.api import Caller

pytestmark = pytest.mark.django_db


def test_a_call_without_a_key_is_401_and_says_how_to_sign_in(anonymous):
    response = anonymous.get("/products")

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("credential", ["zg_sk_nothing", "zg_ct_nothing", "nonsense", "x" * 5000, "钥匙"])
def test_an_unknown_credential_is_401(db, credential):
    assert Caller(credential).get("/products").status_code == 401


def test_a_key_works_until_it_is_revoked(server, server_key):
    assert server.get("/categories").status_code == 200

    ApiKey.objects.filter(pk=server_key.pk).update(revoked_at=timezone.now())
    keys.forget_keys()

    assert server.get("/categories").status_code == 401


def test_an_expired_key_is_401(db):
    key = ApiKeyFactory.create(expires_at=timezone.now() - timedelta(seconds=1))

    assert Caller(key.value).get("/categories").status_code == 401


def test_a_revoked_key_is_remembered_for_three_seconds_at_most(server, server_key, monkeypatch):
    server.get("/categories")
    ApiKey.objects.filter(pk=server_key.pk).update(revoked_at=timezone.now())
    later = keys.time.monotonic() + 3.1
    monkeypatch.setattr(keys.time, "monotonic", lambda: later)

    assert server.get("/categories").status_code == 401


def test_the_secret_of_a_server_key_is_not_in_the_database(server_key):
    row = ApiKey.objects.filter(pk=server_key.pk).values().get()

    assert server_key.value not in str(row)


def test_use_of_a_key_is_noted(server, server_key):
    server.get("/categories")

    server_key.refresh_from_db()
    assert server_key.last_used_at is not None


def test_a_key_that_lacks_a_scope_is_told_which(db):
    """Keys keep what they were made with: one from before `search` existed does not have it."""
    older = [scope.value for scope in Scope if scope != Scope.SEARCH]
    for key in (ApiKeyFactory.create(scopes=older), ApiKeyFactory.create(publishable=True, scopes=["catalogue:read"])):
        answer = Caller(key.value).get("/search", q="mug", lang="en")

        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
        assert answer.json()["detail"] == "This key lacks the scope search. Make a new key that has it."


def test_a_publishable_key_never_has_a_secret_scope_whatever_its_row_says(db):
    key = ApiKeyFactory.create(publishable=True, scopes=list(Scope.values))

    assert Caller(key.value).post("/orders", {}).status_code == 403
    assert Caller(key.value).get("/categories").status_code == 200


def test_a_publishable_key_works_only_for_pages_it_names(db):
    key = ApiKeyFactory.create(publishable=True, allowed_origins=["https://shop.example"])

    assert Caller(key.value, Origin="https://shop.example").get("/categories").status_code == 200
    assert Caller(key.value, Origin="https://SHOP.example").get("/categories").status_code == 200
    assert Caller(key.value, Origin="http://testserver").get("/categories").status_code == 200
    refused = Caller(key.value, Origin="https://other.example").get("/categories")
    assert refused.status_code == 403
    assert refused.json()["code"] == "origin_not_allowed"


def test_a_server_key_is_not_bound_to_web_addresses(server_key):
    assert Caller(server_key.value, Origin="https://any.example").get("/categories").status_code == 200


def test_a_beacon_carries_its_publishable_key_in_the_body(db):
    key = ApiKeyFactory.create(publishable=True, allowed_origins=["https://shop.example"])
    body = json.dumps({"key": key.value, "events": [{"kind": "search", "query": "tea", "visitor": "v1"}]})

    response = Client().post(
        "/api/v1/events", body, content_type="text/plain;charset=UTF-8", headers={"Origin": "https://shop.example"}
    )

    assert (response.status_code, response.json()["accepted"]) == (200, 1)


def test_a_server_key_in_the_body_is_refused(server_key, anonymous):
    response = anonymous.post("/events", {"key": server_key.value, "events": []})

    assert response.status_code == 401


def test_only_the_events_address_takes_a_key_in_the_body(db, anonymous):
    key = ApiKeyFactory.create(publishable=True)

    assert anonymous.post("/stock", {"key": key.value, "rows": []}).status_code == 401


def test_a_customer_token_ends_with_its_time(server_key):
    customer = CustomerFactory.create()
    token, _expires = tokens.mint(customer=customer.public_id, key_id=server_key.pk, lifetime=timedelta(seconds=-1))

    response = Caller(token).get("/me")

    assert (response.status_code, response.json()["code"]) == (401, "token_expired")


def test_a_customer_token_ends_with_the_key_that_issued_it(as_customer, server_key):
    caller = as_customer()
    assert caller.get("/me").status_code == 200

    ApiKey.objects.filter(pk=server_key.pk).update(revoked_at=timezone.now())
    keys.forget_keys()

    assert caller.get("/me").json()["code"] == "token_revoked"


def test_a_changed_customer_token_is_refused(server_key):
    token, _expires = tokens.mint(customer=CustomerFactory.create().public_id, key_id=server_key.pk)
    body, dot, signature = token.partition(":")

    assert Caller(f"{body}x{dot}{signature}").get("/me").status_code == 401


def test_a_signed_in_member_of_staff_may_not_use_storefront_endpoints(client):
    client.force_login(StaffUserFactory.create(is_superuser=True))

    assert client.get("/api/v1/products").status_code == 403


def test_a_remembered_key_costs_no_query(server, django_assert_num_queries):
    server.get("/categories")

    with django_assert_num_queries(1):
        server.get("/categories")
