import pytest
from django.db import OperationalError
from django.test import Client

from catalog.models import Product
from core.api.parsers import DEEPEST
from tests.plugins.api import Caller

pytestmark = pytest.mark.django_db


def send(server: Caller, body: bytes | str, content_type: str = "application/json"):
    return server.client.put(
        "/api/v1/products/ext:A",
        body,
        content_type=content_type,
        headers={"Authorization": f"Bearer {server.credential}"},
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_input"),
        (b"{", "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),
        ("名".encode("gbk"), "not_json"),
        (b'{"name": "\\ud800", "price": 1}', "not_json"),
        (b'{"name": "a\\u0000b", "price": 1}', "nul_character"),
        (b'{"a\\u0000": 1}', "nul_character"),
        (b'{"name": NaN}', "not_json"),
        (b'{"price": 1e999}', "not_json"),
        (b"[" * 5000 + b"]" * 5000, "not_json"),
        (b"[" * (DEEPEST + 2) + b"]" * (DEEPEST + 2), "too_deep"),
        (b"[]", "bad_input"),
        (b"null", "bad_input"),
        (b'"text"', "bad_input"),
    ],
)
def test_a_body_that_cannot_be_used_is_400(server, body, code):
    response = send(server, body)

    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"name": "A", "price": ' + b"9" * 5_000 + b"}", 400),
        (b'{"name": "A", "price": "' + b"9" * 5_000 + b'"}', 400),
        (b'{"name": "A", "price": 1e308}', 400),
        (b'{"name": "A", "price": 1e-999}', 201),
        (b'{"name": "A", "price": true}', 400),
        (b'{"name": "A", "price": {"$gt": 0}}', 400),
        (b'{"name": "A", "price": "NaN"}', 400),
        (b'{"name": "A", "price": "Infinity"}', 400),
        (b'{"name": "A", "price": "\xd9\xa1"}', 201),
        (b'{"name": "A", "name": "B", "price": 1}', 201),
        (b'{"name": "' + b"x" * 1_000_000 + b'", "price": 1}', 400),
        (b'{"name": "A", "price": 1, "description": "' + b"x" * 1_000_000 + b'"}', 400),
        ('{"name": "\u202eABC\u202c \u200f שלום", "price": 1}'.encode(), 201),
        ('{"name": "👩‍👩‍👧‍👦🧵", "price": 1}'.encode(), 201),
        (b'{"name": "\xc0\xaf", "price": 1}', 400),
        (b'{"name": "\xed\xa0\x80", "price": 1}', 400),
        ('{"name": "名", "price": 1}'.encode("utf-16"), 400),
        (b'{"name": "A", "price": 1, "attributes": ' + b'{"a":' * 15 + b"1" + b"}" * 15 + b"}", 201),
        (b'{"name": "A", "price": 1, "attributes": ' + b'{"a":' * 17 + b"1" + b"}" * 17 + b"}", 400),
        (b'{"name": "A", "price": 1, "attributes": {' + b",".join(b'"%d":1' % n for n in range(9_000)) + b"}}", 400),
        (b'{"name": "A", "price": 1, "variants": [' + b",".join([b'{"sku": "a"}'] * 20_000) + b"]}", 400),
        (b'{"name": "A", "price": 1}' + b" " * 1_900_000, 201),
        (b"1" * 1_000_000, 400),
        (rb'{"\ud83d\ude00": 1}', 400),
    ],
)
def test_a_strange_body_is_stored_or_refused_and_never_breaks_anything(server, body, status):
    response = send(server, body)

    assert response.status_code == status, response.content[:300]
    assert (response["Content-Type"] == "application/problem+json") == (status == 400)
    assert Product.objects.count() == (1 if status == 201 else 0)
    assert len(response.content) < 20_000


@pytest.mark.parametrize("charset", ["gbk", "utf-16", "utf-7", "latin-1", "nonsense", "x" * 500])
def test_json_is_utf_8_whatever_its_type_says(server, charset):
    good = send(server, '{"name": "名", "price": 1}'.encode(), f"application/json; charset={charset}")
    bad = send(server, '{"name": "名称", "price": 1}'.encode("gbk"), f"application/json; charset={charset}")

    assert good.status_code in (201, 415)
    assert bad.status_code in (400, 415)


def test_a_body_over_the_limit_is_413(server, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    response = send(server, b'{"name": "' + b"x" * 1000 + b'"}')

    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert send(server, b'{"name": "A", "price": "1"}').status_code == 201


def test_another_content_type_is_415(server):
    response = send(server, "name=A", content_type="application/x-www-form-urlencoded")

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_every_wrong_field_is_named(server):
    response = server.put(
        "/products/ext:A",
        {"name": "", "price": "-1", "variants": [{"sku": "A"}, {"sku": "x" * 81, "price": "1.23456"}]},
    )

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [
        ("name", "blank"),
        ("price", "min_value"),
        ("variants.1.sku", "max_length"),
        ("variants.1.price", "max_decimal_places"),
    ]


def test_an_unknown_address_below_api_is_a_problem(anonymous):
    for response in (anonymous.get("/nothing"), anonymous.post("/nothing/at/all", {})):
        assert response.status_code == 404
        assert response.json()["type"] == "urn:zhanggui:problem:not_found"


def test_another_method_is_405_and_says_which_are_there(server):
    response = server.client.delete("/api/v1/products", headers={"Authorization": f"Bearer {server.credential}"})

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["/api/v1/products/a%00b", "/api/v1/products?brand=%00", "/admin/?q=%00"])
def test_a_nul_character_in_an_address_is_400(path):
    response = Client().get(path)

    assert (response.status_code, response.json()["code"]) == (400, "nul_character")


def test_an_answer_names_its_request(anonymous):
    response = anonymous.get("/products")

    assert len(response["X-Request-ID"]) == 32
    assert response.json()["request_id"] == response["X-Request-ID"]


def test_the_callers_request_id_is_kept_when_it_is_harmless(db):
    assert Caller(**{"X-Request-ID": "abc-123"}).get("/products")["X-Request-ID"] == "abc-123"
    assert len(Caller(**{"X-Request-ID": "a b\n" * 30}).get("/products")["X-Request-ID"]) == 32


def test_what_is_wrong_is_said_in_the_language_of_the_request(server):
    english = server.client.get("/api/v1/orders/none", headers={"Authorization": f"Bearer {server.credential}"})

    assert english.json()["detail"] == "No order has this number."
    assert english["Content-Language"] == "en"
    chinese = server.client.get(
        "/api/v1/orders/none", headers={"Authorization": f"Bearer {server.credential}", "Accept-Language": "zh-CN"}
    )
    assert chinese["Content-Language"] == "zh-hans"


def test_an_unforeseen_error_is_500_and_says_nothing_about_the_inside(server, monkeypatch):
    def fail():
        raise RuntimeError("secret inside")

    monkeypatch.setattr("catalog.selectors.category_tree", fail)

    response = server.get("/categories")

    assert response.status_code == 500
    assert response.json()["code"] == "error"
    assert b"secret" not in response.content
    assert response["X-Request-ID"] == response.json()["request_id"]


def test_while_the_database_is_away_the_answer_is_503_with_a_time_to_come_back(server, monkeypatch):
    def away():
        raise OperationalError("server at 10.0.0.1 closed the connection")

    monkeypatch.setattr("catalog.selectors.category_tree", away)

    response = server.get("/categories")

    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (503, "database_away", "5")
    assert b"10.0.0.1" not in response.content
