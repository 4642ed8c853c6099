"""Writes that are asked for twice are done once."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError, connection, connections
from django.urls import get_resolver
from django.utils import timezone

from catalog import services
from catalog.models import Order, Product, Refund, StockMovement, Variant
from core import tasks
from core.api import idempotency
from core.api.views import ApiView
from core.models import IdempotencyKey, Job
from tests.factories import ApiKeyFactory, ProductFactory
from tests.plugins.api import Caller

pytestmark = pytest.mark.django_db
PRODUCT = {"name": "Tea", "price": "4.50", "variants": [{"sku": "TEA", "stock": 3}]}
ONE = {"lines": [{"sku": "TEA", "quantity": 1}]}


@pytest.fixture
def tea():
    product = ProductFactory.create(price="4.50", stock=-1)
    return product.variants.create(sku="TEA", stock=3)


def place(caller: Caller, key: str, body=None):
    return caller.post("/orders", body or ONE, **{"Idempotency-Key": key})


def test_the_same_request_with_the_same_key_is_done_once_and_gets_the_same_bytes(server, tea):
    first, again = place(server, "k1"), place(server, "k1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Content-Type"] == first["Content-Type"] == "application/json"
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Order.objects.count() == 1
    tea.refresh_from_db()
    assert tea.stock == 2


def test_without_the_header_nothing_is_asked_or_stored(server, tea, django_assert_max_num_queries):
    server.get("/categories")
    with django_assert_max_num_queries(40) as asked:
        assert server.post("/orders", ONE).status_code == 201

    assert not [query for query in asked.captured_queries if "idempotency" in query["sql"]]
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("other", ["body", "path", "method", "query"])
def test_the_key_of_another_request_is_refused_and_does_nothing(server, tea, other):
    server.put("/products/ext:A", PRODUCT | {"variants": []})
    place(server, "k1")
    send = {
        "body": lambda h: server.post("/orders", {"lines": [{"sku": "TEA", "quantity": 2}]}, **h),
        "path": lambda h: server.post("/stock", ONE, **h),
        "method": lambda h: put(server, "/products/ext:B", PRODUCT, h["Idempotency-Key"]),
        "query": lambda h: server.post("/orders?lang=en", ONE, **h),
    }[other]

    response = send({"Idempotency-Key": "k1"})

    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert response["Content-Type"] == "application/problem+json"
    assert (Order.objects.count(), Product.objects.filter(external_id="B").count()) == (1, 0)


def put(caller: Caller, path: str, body, key: str):
    headers = {"Authorization": f"Bearer {caller.credential}", "Idempotency-Key": key}
    return caller.client.put(f"/api/v1{path}", body, content_type="application/json", headers=headers)


def test_the_keys_of_two_callers_are_not_the_same(server, tea):
    other = Caller(ApiKeyFactory.create().value)

    assert place(server, "k1").json()["number"] != place(other, "k1").json()["number"]
    assert Order.objects.count() == 2


@pytest.mark.parametrize("key", ["", " ", "k" * 201, "schlüssel", "钥匙", "a\tb", "a\x00b", "a\x7f"])
def test_a_key_that_cannot_be_one_is_400(server, tea, key):
    response = place(server, key)

    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_bad")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "key", ["k", "k" * 200, "0b6f1f4e-4d0e-4a3c-9d36-0d7f3c1f6a55", "two words", "'; DROP TABLE--"]
)
def test_a_printable_key_works(server, tea, key):
    assert [place(server, key).status_code for _i in range(2)] == [201, 201]
    assert Order.objects.count() == 1


def test_a_refusal_by_a_rule_of_the_shop_is_repeated_though_the_shop_changed(server, tea):
    many = {"lines": [{"sku": "TEA", "quantity": 9}]}
    first = place(server, "k1", many)
    Variant.objects.filter(pk=tea.pk).update(stock=100)
    again = place(server, "k1", many)

    assert (first.status_code, first.json()["code"]) == (409, "out_of_stock")
    assert again.content == first.content
    assert again["Content-Type"] == "application/problem+json"
    assert again["Idempotent-Replayed"] == "true"
    assert place(server, "k2", many).status_code == 201


def test_a_request_that_was_not_understood_leaves_its_key_free(server, tea):
    assert place(server, "k1", {"lines": []}).status_code == 400
    assert not IdempotencyKey.objects.exists()

    assert place(server, "k1").status_code == 201


@pytest.mark.parametrize("caller", ["nobody", "without scope", "over the limit"])
def test_who_may_not_call_writes_nothing_under_the_key(server, with_scopes, tea, settings, caller):
    if caller == "over the limit":
        settings.API_RATE_SERVER = 0
    who = {"nobody": Caller("zg_sk_none"), "without scope": with_scopes("events"), "over the limit": server}[caller]

    response = place(who, "k1")

    assert response.status_code == {"nobody": 401, "without scope": 403, "over the limit": 429}[caller]
    assert not IdempotencyKey.objects.exists()


def test_an_error_here_undoes_the_effect_and_the_next_request_does_it(server, tea, monkeypatch):
    def fail(*_args, **_more):
        raise RuntimeError("after the order was written")

    with monkeypatch.context() as patch:
        patch.setattr("catalog.selectors.order_detail", fail)
        assert place(server, "k1").status_code == 500
    assert not Order.objects.exists()
    assert IdempotencyKey.objects.get().status is None

    response = place(server, "k1")

    assert (response.status_code, Order.objects.count()) == (201, 1)
    assert "Idempotent-Replayed" not in response
    assert place(server, "k1")["Idempotent-Replayed"] == "true"


def test_while_the_database_refuses_nothing_is_stored_under_the_key(server, tea, monkeypatch):
    def away(*_args, **_more):
        raise OperationalError("terminating connection")

    with monkeypatch.context() as patch:
        patch.setattr("catalog.services.place_order", away)
        assert place(server, "k1").status_code == 503

    assert place(server, "k1").status_code == 201
    assert Order.objects.count() == 1


def test_a_refund_asked_for_twice_is_paid_once(server, tea):
    number = server.post("/orders", {"lines": [{"sku": "TEA", "quantity": 2}]}).json()["number"]
    server.post(f"/orders/{number}/events", {"kind": "paid"})
    refund = {"kind": "refunded", "amount": "4.50"}

    answers = [server.post(f"/orders/{number}/events", refund, **{"Idempotency-Key": "r1"}) for _i in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert {answer.content for answer in answers} == {answers[0].content}
    assert Refund.objects.get().amount == Decimal("4.50")


def test_answers_that_hold_a_credential_are_made_anew(server, tea):
    server.put("/customers/ext:7", {"name": "Ana"})
    answers = [server.post("/customers/ext:7/tokens", {}, **{"Idempotency-Key": "k1"}) for _i in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert not IdempotencyKey.objects.exists()
    assert server.post("/customers/ext:7/tokens", {}, **{"Idempotency-Key": "k" * 201}).status_code == 400


def test_events_of_a_beacon_with_its_key_in_the_body_are_counted_once(anonymous, db):
    key = ApiKeyFactory.create(publishable=True).value
    body = {"key": key, "events": [{"kind": "search", "query": "tea", "visitor": "v1"}]}

    answers = [anonymous.post("/events", body, **{"Idempotency-Key": "k1"}) for _i in range(2)]

    assert [answer.json()["accepted"] for answer in answers] == [1, 1]
    assert answers[1]["Idempotent-Replayed"] == "true"


def test_a_replay_speaks_the_language_of_the_first_answer(server, tea):
    many = {"lines": [{"sku": "TEA", "quantity": 9}]}
    first = server.post("/orders", many, **{"Idempotency-Key": "k1", "Accept-Language": "zh-CN"})
    again = server.post("/orders", many, **{"Idempotency-Key": "k1", "Accept-Language": "en"})

    assert again.content == first.content
    assert (first["Content-Language"], again["Content-Language"]) == ("zh-hans", "zh-hans")


def test_claims_and_answers_are_removed_after_a_day(server, tea):
    place(server, "old")
    place(server, "new")
    IdempotencyKey.objects.filter(key="old").update(created_at=timezone.now() - timedelta(hours=24, seconds=1))

    assert tasks.forget_idempotency_keys() == {"removed": 1}
    assert IdempotencyKey.objects.get().key == "new"
    assert not Job.objects.filter(task__contains="idempotency").exists()


def test_every_address_of_the_api_takes_the_header():
    views = [
        one.callback.cls
        for resolver in get_resolver().url_patterns
        if str(resolver.pattern) == "api/v1/"
        for one in resolver.url_patterns
    ]

    assert views
    assert [view for view in views if not issubclass(view, ApiView)] == []


def test_the_description_of_the_api_names_the_header_at_every_write(client):
    paths = client.get("/api/schema", headers={"Accept": "application/json"}).json()["paths"]
    writes = [
        operation
        for path in paths.values()
        for method, operation in path.items()
        if method in ("post", "put", "patch", "delete")
    ]

    assert len(writes) >= 6
    for operation in writes:
        names = [one["name"] for one in operation["parameters"] if one["in"] == "header"]
        assert names == ["Idempotency-Key"], operation["operationId"]
        assert {"409", "422"} <= set(operation["responses"])


# --- at the same time ---------------------------------------------------------------------------------------------


def at_once(number: int, act) -> list:
    """What `number` threads got, all let go at the same moment."""
    start, got, guard = threading.Barrier(number), [], threading.Lock()

    def run() -> None:
        try:
            start.wait(10)
            answer = act()
            with guard:
                got.append(answer)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _i in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return got


def settled(caller: Caller, act, tries: int = 50):
    """Ask until the first is no longer at work."""
    answer = act(caller)
    while answer.status_code == 409 and answer.json()["code"] == "in_flight" and tries:
        assert answer["Retry-After"] == "1"
        threading.Event().wait(0.05)
        answer, tries = act(caller), tries - 1
    return answer


@pytest.mark.django_db(transaction=True)
def test_eight_threads_with_one_key_place_one_order(server, tea):
    Variant.objects.filter(pk=tea.pk).update(stock=100)

    got = at_once(8, lambda: settled(Caller(server.credential), lambda caller: place(caller, "k1")))

    assert [answer.status_code for answer in got] == [201] * 8
    assert len({answer.content for answer in got}) == 1
    assert sum("Idempotent-Replayed" not in answer for answer in got) == 1
    assert Order.objects.count() == 1
    assert Variant.objects.get(pk=tea.pk).stock == 99
    assert StockMovement.objects.filter(variant=tea, delta=-1).count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_threads_with_one_key_refund_once(server, tea):
    number = server.post("/orders", {"lines": [{"sku": "TEA", "quantity": 3}]}).json()["number"]
    server.post(f"/orders/{number}/events", {"kind": "paid"})

    def refund(caller: Caller):
        body = {"kind": "refunded", "amount": "1.00"}
        return caller.post(f"/orders/{number}/events", body, **{"Idempotency-Key": "r1"})

    got = at_once(8, lambda: settled(Caller(server.credential), refund))

    assert [answer.status_code for answer in got] == [200] * 8
    assert [refund.amount for refund in Refund.objects.all()] == [Decimal("1")]


@pytest.mark.django_db(transaction=True)
def test_while_the_first_works_the_second_is_409_and_told_to_come_back(server, tea, monkeypatch):
    begun, go_on, got = threading.Event(), threading.Event(), []
    real = services.place_order

    def slow(order):
        begun.set()
        assert go_on.wait(20)
        return real(order)

    monkeypatch.setattr("catalog.services.place_order", slow)

    def first() -> None:
        got.append(place(Caller(server.credential), "k1"))
        connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    assert begun.wait(20)
    second = place(server, "k1")
    other = place(server, "k1", {"lines": [{"sku": "TEA", "quantity": 2}]})
    go_on.set()
    thread.join(20)

    assert (second.status_code, second.json()["code"], second["Retry-After"]) == (409, "in_flight", "1")
    assert other.json()["code"] == "idempotency_key_reused"
    assert got[0].status_code == 201
    assert Order.objects.count() == 1
    assert place(server, "k1").content == got[0].content


@pytest.mark.django_db(transaction=True)
def test_a_first_that_died_in_the_middle_had_no_effect_and_the_second_takes_over(server, tea, monkeypatch):
    """The connection is cut by the server after the order was written and before the commit."""
    real = services.place_order

    def die(order):
        placed = real(order)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend = cursor.fetchone()[0]
        killer = connections.create_connection("default")
        with killer.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
        killer.close()
        return placed

    with monkeypatch.context() as patch:
        patch.setattr("catalog.services.place_order", die)
        cut = place(server, "k1")
    assert (cut.status_code, cut.json()["code"]) == (503, "database_away")
    connection.close()
    assert not Order.objects.exists()
    assert Variant.objects.get(pk=tea.pk).stock == 3

    assert place(server, "k1").status_code == 201
    assert (Order.objects.count(), Variant.objects.get(pk=tea.pk).stock) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_a_claim_whose_row_a_twin_locked_first_does_nothing(server, server_key, tea, monkeypatch):
    """Between the claim and its lock a twin may come first; the slower one is told that the first is at work."""
    row = IdempotencyKey.objects.create(caller=f"key{server_key.pk}", key="k1", fingerprint="f" * 64)
    monkeypatch.setattr(idempotency, "fingerprint_of", lambda request: "f" * 64)
    twin = connections.create_connection("default")
    twin.set_autocommit(False)
    with twin.cursor() as cursor:
        cursor.execute("SELECT 1 FROM core_idempotencykey WHERE id = %s FOR UPDATE", [row.pk])

    response = place(server, "k1")
    twin.rollback()
    twin.close()

    assert response.json()["code"] == "in_flight"
    assert not Order.objects.exists()
    assert place(server, "k1").status_code == 201
