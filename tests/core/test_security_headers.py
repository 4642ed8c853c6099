"""What browsers are told about every kind of answer."""

import subprocess
import sys

import pytest
from django.conf import settings as django_settings
from django.http import HttpResponse
from django.test import Client, RequestFactory

from core.security_headers import SecurityHeadersMiddleware
from tests.factories import StaffUserFactory

pytestmark = pytest.mark.django_db
CLOSED = {"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"}
OWN = {
    "default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "img-src 'self' data:",
    "script-src 'self'", "style-src 'self'", "font-src 'self'", "connect-src 'self'",
}  # fmt: skip
STAFF = OWN - {"script-src 'self'", "style-src 'self'"} | {
    "script-src 'self' 'unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
}


@pytest.fixture
def staff():
    client = Client(raise_request_exception=False)
    client.force_login(StaffUserFactory.create(is_superuser=True))
    return client


def policy(response) -> set[str]:
    return set(response["Content-Security-Policy"].split("; "))


PLACES = {
    "/api/v1/products": (403, CLOSED),
    "/api/v1/none": (404, CLOSED),
    "/api/v1/products?brand=%00": (400, CLOSED),
    "/api/schema": (200, CLOSED),
    "/livez": (200, CLOSED),
    "/readyz": (200, CLOSED),
    "/api/": (200, OWN),
    "/shop/": (404, OWN),
    "/pictures/320/products/none.png": (404, OWN),
    "/": (302, OWN),
    "/none": (404, OWN),
    "/i18n/language": (302, OWN),
    "/admin/login/": (302, STAFF),
    "/admin/": (200, STAFF),
    "/admin/catalog/product/": (200, STAFF),
    "/admin/none/": (404, STAFF),
    "/media/none.png": (404, CLOSED | {"sandbox"}),
}


@pytest.mark.parametrize("path", PLACES)
def test_every_kind_of_answer_has_the_policy_of_its_path_and_the_common_headers(staff, path):
    status, expected = PLACES[path]

    response = staff.get(path)

    assert response.status_code == status
    assert policy(response) == expected
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    assert "Server" not in response
    assert "X-Powered-By" not in response


def test_what_the_theme_needs_is_allowed_below_the_staff_path_only(staff):
    loose = {path for path in PLACES if "unsafe" in staff.get(path)["Content-Security-Policy"]}

    assert loose == {path for path in PLACES if path.startswith("/admin/")}


def test_answers_about_people_and_staff_pages_are_not_kept(staff, as_customer, server):
    for response in (as_customer().get("/me"), server.get("/orders/none"), staff.get("/admin/catalog/customer/")):
        assert "no-store" in response["Cache-Control"]


def test_an_answer_that_says_how_long_it_may_be_kept_keeps_that():
    request = RequestFactory().get("/admin/catalog/product/1/thumbnail/")
    answer = HttpResponse(headers={"Cache-Control": "private, max-age=60"})

    assert SecurityHeadersMiddleware(lambda _request: answer)(request)["Cache-Control"] == "private, max-age=60"


@pytest.mark.parametrize("name", ["a.png", "a.JPG", "a.webp", "a.svg", "a.html", "a.png.html", "a.jpg/x", "a"])
def test_an_upload_that_is_no_picture_is_never_opened_in_the_browser(name):
    answer = HttpResponse(headers={"Content-Disposition": f'inline; filename="{name}"'})

    response = SecurityHeadersMiddleware(lambda _request: answer)(RequestFactory().get(f"/media/products/{name}"))

    is_picture = name in ("a.png", "a.JPG", "a.webp")
    assert response["Content-Disposition"].partition(";")[0] == ("inline" if is_picture else "attachment")
    assert policy(response) == CLOSED | {"sandbox"}


def test_production_asks_browsers_for_https():
    code = (
        "import django; django.setup(); from django.test import Client; "
        "answer = Client().get('/livez', secure=True, headers={'host': 'shop.example'}); "
        "print(answer.status_code, answer['Strict-Transport-Security'])"
    )
    environment = {
        "PRODUCTION": "1", "SECRET_KEY": "a-Z0" * 15 + "bcdefghij", "ALLOWED_HOSTS": "shop.example",
        "CSRF_TRUSTED_ORIGINS": "https://shop.example",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": "postgres://a:b@localhost/none", "REDIS_URL": "redis://localhost:1/0", "PATH": "/usr/bin:/bin",
        "VAR_DIR": str(django_settings.VAR_DIR), "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)

    assert done.stdout.split() == ["200", "max-age=31536000"], done.stderr[-500:]
