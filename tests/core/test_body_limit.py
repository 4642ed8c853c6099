"""Bodies that are refused by their headers: nobody reads them."""

import gzip
import io

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client, RequestFactory

from tests.factories import ApiKeyFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
MANY = 50_000_000


class Unread(io.RawIOBase):
    """A body that fails the test when somebody reads it."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer) -> int:
        raise AssertionError("the body was read")


def ask(path: str, **environ) -> tuple[int, dict[str, str], bytes]:
    """The answer of the whole application to these headers, with a body that must not be read."""
    got = []
    request = RequestFactory().post(path, b"", content_type="application/json").environ
    body = WSGIHandler()({**request, "wsgi.input": Unread(), **environ}, lambda *args: got.append(args))
    return int(got[0][0].split()[0]), dict(got[0][1]), b"".join(body)


@pytest.fixture(autouse=True)
def connection_stays():
    """The real handler closes connections around a request; the test's transaction lives on one."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("path", ["/api/v1/orders", "/api/v1/events", "/api/none", "/admin/login/", "/i18n/language"])
@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"CONTENT_LENGTH": str(MANY)}, 413, b"body_too_large"),
        ({"CONTENT_LENGTH": "9" * 4_500}, 413, b"body_too_large"),
        ({"CONTENT_LENGTH": "-1"}, 400, b"bad_request"),
        ({"CONTENT_LENGTH": "٣"}, 400, b"bad_request"),
        ({"CONTENT_LENGTH": "1e3"}, 400, b"bad_request"),
        ({"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}, 411, b"length_required"),
        ({"CONTENT_LENGTH": "100", "HTTP_CONTENT_ENCODING": "gzip"}, 415, b"encoding_not_taken"),
        ({"CONTENT_LENGTH": "100", "HTTP_CONTENT_ENCODING": "deflate, br"}, 415, b"encoding_not_taken"),
    ],
)
def test_a_body_is_refused_by_its_headers_and_never_read(path, headers, status, code):
    got, sent, body = ask(path, **headers)

    assert got == status
    assert sent["Content-Type"] == "application/problem+json"
    assert code in body
    assert "X-Request-ID" in sent


def test_a_compressed_bomb_is_refused(server):
    bomb = gzip.compress(b" " * MANY)

    response = server.client.put(
        "/api/v1/products/ext:A", bomb, content_type="application/json",
        headers={"Authorization": f"Bearer {server.credential}", "Content-Encoding": "gzip"},
    )  # fmt: skip

    assert len(bomb) < 100_000
    assert (response.status_code, response.json()["code"]) == (415, "encoding_not_taken")


def test_signed_in_staff_may_send_files_and_nobody_more_than_the_limit(settings):
    settings.MAX_UPLOAD_BYTES = 3_000_000
    client = Client()
    client.force_login(StaffUserFactory.create())

    def send(to: Client, number: int) -> int:
        return to.post("/admin/catalog/product/add/", {"file": io.BytesIO(b"x" * number)}).status_code

    assert send(Client(), 2_500_000) == 413
    assert send(client, 2_500_000) == 403
    assert send(client, 3_500_000) == 413


def test_the_browser_of_an_allowed_page_may_read_that_its_body_is_too_large():
    ApiKeyFactory.create(publishable=True, allowed_origins=["https://shop.example"])

    _status, headers, _body = ask("/api/v1/events", CONTENT_LENGTH=str(MANY), HTTP_ORIGIN="https://shop.example")

    assert headers["Access-Control-Allow-Origin"] == "https://shop.example"
