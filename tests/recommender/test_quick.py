"""The short way answers what the long way answers, and leaves to it whatever is not plain."""

import pytest
from django.test import RequestFactory

from core.api import keys, quick
from recommender import selectors
from recommender.api.views import RecommendationsView
from tests.factories import ApiKeyFactory
from tests.plugins.api import Caller

pytestmark = pytest.mark.django_db
LONG = {"basket": "ext:none"}
CHANGING = {"id", "as_of"}


@pytest.fixture
def short_ways(monkeypatch):
    """How many answers came the short way."""
    taken = []
    original = quick._short_way

    def counted(*arguments):
        answer = original(*arguments)
        taken.append(answer)
        return answer

    monkeypatch.setattr(quick, "_short_way", counted)
    return taken


def warm(caller):
    caller.get("/categories")  # the long way looks the key up


def test_both_ways_give_the_same_answer(trained, server, short_ways):
    warm(server)
    for query in ({}, {"visitor": "somebody"}, {"visitor": "nobody", "limit": 3}, {"lang": "zh-hans"}, {"limit": 50}):
        short = server.get("/recommendations", **query)
        assert len(short_ways) == 1, query
        long = server.get("/recommendations", **query, **LONG)
        assert len(short_ways) == 1
        short_ways.clear()

        assert {k: v for k, v in short.json().items() if k not in CHANGING} == {
            k: v for k, v in long.json().items() if k not in CHANGING
        }
        for name in ("Content-Type", "Allow", "RateLimit-Limit", "RateLimit-Remaining", "Content-Language", "Vary"):
            expected = long[name] if name != "RateLimit-Remaining" else str(int(long[name]) + 1)
            assert short[name] == expected, name


@pytest.mark.parametrize(
    "query",
    [
        {"visitor": ""}, {"visitor": "x" * 65}, {"visitor": "a b"}, {"limit": "0"}, {"limit": "51"}, {"limit": "1.5"},
        {"limit": "٣"}, {"placement": "Home"}, {"lang": "fr"}, {"customer": "ext:C1"}, {"product": "ext:P1"},
        {"basket": "ext:P1"}, {"exclude": "ext:P1"}, {"unknown": "1"},
    ],
)  # fmt: skip
def test_what_is_not_plain_goes_the_long_way(server, short_ways, query):
    warm(server)

    server.get("/recommendations", **query)

    assert short_ways == []


def test_an_unknown_key_a_missing_scope_and_no_key_are_refused_as_ever(server, anonymous, short_ways):
    narrow = Caller(ApiKeyFactory.create(scopes=["orders:read"]).value)
    warm(server)
    narrow.get("/recommendations")

    answers = [caller.get("/recommendations") for caller in (narrow, anonymous, Caller("zg_sk_none"))]

    assert [answer.status_code for answer in answers] == [403, 401, 401]
    assert short_ways == []


def test_a_revoked_key_works_a_second_longer_at_most(server, server_key, short_ways, monkeypatch):
    warm(server)
    server_key.delete()
    assert server.get("/recommendations").status_code == 200
    later = keys.time.monotonic() + 1.01
    monkeypatch.setattr(keys.time, "monotonic", lambda: later)

    assert server.get("/recommendations").status_code == 401
    assert keys.REMEMBER_SECONDS <= 1.0


def test_a_page_of_another_address_is_refused(short_ways):
    key = ApiKeyFactory.create(publishable=True, allowed_origins=["https://shop.example"])
    warm(Caller(key.value))

    good = Caller(key.value, Origin="https://shop.example").get("/recommendations")
    bad = Caller(key.value, Origin="https://evil.example").get("/recommendations")

    assert (good.status_code, good["Access-Control-Allow-Origin"]) == (200, "https://shop.example")
    assert bad.status_code == 403
    assert len(short_ways) == 1


def test_the_limit_holds_on_the_short_way(server, settings, short_ways):
    warm(server)
    settings.API_RATE_SERVER = 4

    answers = [server.get("/recommendations").status_code for _number in range(5)]

    assert answers == [200, 200, 200, 429, 429]


def test_other_methods_never_take_the_short_way(server, short_ways):
    warm(server)

    assert (
        server.client.head(
            "/api/v1/recommendations", headers={"Authorization": f"Bearer {server.credential}"}
        ).status_code
        == 200
    )
    assert server.post("/recommendations", {}).status_code == 405
    assert short_ways == []


def test_a_view_that_serves_all_requests_keeps_nothing_of_one(trained, server):
    warm(server)
    view = RecommendationsView.as_view()
    request = RequestFactory().get("/api/v1/recommendations", headers={"Authorization": f"Bearer {server.credential}"})

    assert view(request).status_code == 200
    assert view(RequestFactory().get("/api/v1/recommendations")).status_code == 401


@pytest.mark.parametrize("way", [{}, {"exclude": "ext:none"}])
def test_both_ways_tell_the_model_the_device(trained, browser, monkeypatch, way):
    told = []

    def listen(*args, device="", **more):
        told.append(device)
        return answer(*args, device=device, **more)

    answer = selectors.recommend
    monkeypatch.setattr(selectors, "recommend", listen)
    phone = Caller(browser.credential, **{**browser.headers, "User-Agent": "Mozilla/5.0 (iPhone) Mobile"})
    warm(phone)

    for query in (way, {**way, "device": "computer"}):
        assert phone.get("/recommendations", visitor="somebody", **query).status_code == 200

    assert told == ["phone", "computer"]


def test_a_server_speaks_for_devices_of_others(trained, server):
    assert server.get("/recommendations", device="toaster").status_code == 400
    assert server.get("/recommendations", device="phone", visitor="somebody").status_code == 200
