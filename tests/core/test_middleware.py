import json

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from catalog.models import Interaction
from core.middleware import ShopTimeZoneMiddleware, StaffLocaleMiddleware
from tests.factories import ApiKeyFactory, ShopProfileFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
SHOP = "https://shop.example"


@pytest.fixture
def key():
    return ApiKeyFactory.create(publishable=True, allowed_origins=[SHOP])


def preflight(origin: str):
    return Client().options(
        "/api/v1/events",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        },
    )


def test_a_preflight_from_an_allowed_page_is_answered_without_a_key(key):
    response = preflight(SHOP)

    assert response.status_code == 204
    assert response["Access-Control-Allow-Origin"] == SHOP
    assert "Authorization" in response["Access-Control-Allow-Headers"]
    assert response["Access-Control-Allow-Methods"] == "DELETE, GET, OPTIONS, POST, PUT"
    assert "Access-Control-Allow-Credentials" not in response


def test_a_preflight_from_another_page_is_told_nothing(key):
    response = preflight("https://other.example")

    assert "Access-Control-Allow-Origin" not in response
    assert response["Vary"] == "Origin"


def test_the_browser_of_an_allowed_page_may_read_answers_and_refusals(key):
    client = Client(headers={"Origin": SHOP})
    good = client.get("/api/v1/categories", headers={"Authorization": f"Bearer {key.value}"})
    bad = client.get("/api/v1/categories")

    assert (good.status_code, good["Access-Control-Allow-Origin"]) == (200, SHOP)
    assert (bad.status_code, bad["Access-Control-Allow-Origin"]) == (401, SHOP)


def test_only_the_pages_that_the_key_itself_names_may_use_it_and_read_the_answer(key):
    """Another key's pages pass the preflight, which carries no key; the request itself is refused."""
    other = ApiKeyFactory.create(publishable=True, allowed_origins=["https://other.example"])
    assert preflight("https://other.example").headers["Access-Control-Allow-Origin"] == "https://other.example"

    def ask(value: str, origin: str):
        return Client().get("/api/v1/categories", headers={"Origin": origin, "Authorization": f"Bearer {value}"})

    good, bad = ask(other.value, "https://other.example"), ask(key.value, "https://other.example")

    assert (good.status_code, good["Access-Control-Allow-Origin"]) == (200, "https://other.example")
    assert (bad.status_code, bad.json()["code"]) == (403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in bad


def test_a_beacon_from_a_page_that_the_key_in_its_body_does_not_name_is_refused(key):
    ApiKeyFactory.create(publishable=True, allowed_origins=["https://other.example"])
    body = {"key": key.value, "events": [{"kind": "search", "query": "tea", "visitor": "v1"}]}

    def send(origin: str):
        return Client().post("/api/v1/events", json.dumps(body), content_type="text/plain", headers={"Origin": origin})

    bad = send("https://other.example")
    assert (bad.status_code, bad.json()["code"]) == (403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in bad
    assert not Interaction.objects.exists()
    assert (send(SHOP).status_code, Interaction.objects.count()) == (200, 1)


def test_a_server_key_in_a_web_page_gets_an_answer_that_the_page_cannot_read(key):
    secret = ApiKeyFactory.create()

    response = Client().get("/api/v1/categories", headers={"Origin": SHOP, "Authorization": f"Bearer {secret.value}"})

    assert response.status_code == 200
    assert "Access-Control-Allow-Origin" not in response


def test_pages_may_send_the_headers_of_the_api_and_read_those_of_its_answers(key):
    allowed = preflight(SHOP)["Access-Control-Allow-Headers"]
    shown = Client().get("/api/v1/categories", headers={"Origin": SHOP})["Access-Control-Expose-Headers"]

    assert "Idempotency-Key" in allowed
    assert {"Idempotent-Replayed", "RateLimit-Remaining", "Retry-After"} <= set(shown.split(", "))


def language_for(user=None, cookie: str = "", header: str = "", path: str = "/admin/") -> tuple[str, str]:
    client = Client(headers={"Accept-Language": header} if header else {})
    if user is not None:
        client.force_login(user)
    request = RequestFactory().get(path, headers={"Accept-Language": header} if header else {})
    request.COOKIES = {name: morsel.value for name, morsel in client.cookies.items()}
    if cookie:
        request.COOKIES["django_language"] = cookie
    request.session = client.session
    seen = []

    def answer(request):
        seen.append(translation.get_language())
        return HttpResponse()

    response = StaffLocaleMiddleware(answer)(request)
    return seen[0], response["Content-Language"]


@pytest.mark.parametrize(
    ("own", "cookie", "header", "expected"),
    [
        ("zh-hans", "en", "en", "zh-hans"),
        ("en", "zh-hans", "zh", "en"),
        ("", "zh-hans", "en", "zh-hans"),
        ("", "", "zh-CN,en;q=0.5", "zh-hans"),
        ("", "", "fr", "en"),
        ("", "", "", "en"),
    ],
)
def test_staff_pages_speak_as_the_member_then_the_cookie_then_the_browser_says(own, cookie, header, expected):
    user = StaffUserFactory.create(language=own)

    assert language_for(user, cookie, header) == (expected, expected)


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [
        ("?lang=zh", "en", "zh-hans"),
        ("?lang=en", "zh", "en"),
        ("?lang=xx", "zh", "zh-hans"),
        ("", "fr,zh-TW;q=0.5", "zh-hans"),
    ],
)
def test_the_api_speaks_as_the_address_then_the_caller_says(query, header, expected):
    assert language_for(header=header, path="/api/v1/products" + query)[0] == expected


def test_the_language_switch_is_remembered_for_the_member_of_staff():
    user = StaffUserFactory.create()
    client = Client()
    client.force_login(user)

    client.post("/i18n/language", {"language": "zh-hans", "next": "/admin/"})

    user.refresh_from_db()
    assert user.language == "zh-hans"


def test_the_language_switch_works_before_signing_in():
    client = Client()

    client.post("/i18n/language", {"language": "zh-hans", "next": "/admin/login/"})

    assert client.cookies["django_language"].value == "zh-hans"


def test_staff_pages_are_in_the_shops_time_and_the_api_in_utc():
    ShopProfileFactory.create(time_zone="Asia/Tokyo")
    seen = []

    def answer(request):
        seen.append(timezone.get_current_timezone_name())
        return HttpResponse()

    for path in ("/admin/", "/api/v1/products"):
        ShopTimeZoneMiddleware(answer)(RequestFactory().get(path))

    assert seen == ["Asia/Tokyo", "UTC"]


def test_a_time_zone_that_does_not_exist_costs_nobody_the_page():
    ShopProfileFactory.create(time_zone="Mars/Olympus")

    response = ShopTimeZoneMiddleware(lambda request: HttpResponse("fine"))(RequestFactory().get("/admin/"))

    assert response.content == b"fine"
