import time

import pytest
import redis

from core import redis_client
from core.api import keys, throttling
from core.breaker import Breaker
from tests.factories import ApiKeyFactory
from tests.plugins.api import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_redis(redis_server):
    throttling.breaker.succeeded()
    return redis_server


def test_too_many_calls_of_one_key_are_429_with_a_time_to_wait(server, settings):
    settings.API_RATE_SERVER = 2
    answers = [server.get("/categories") for _i in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "throttled"
    assert 1 <= int(answers[2]["Retry-After"]) <= 61


def test_limits_are_counted_in_redis_for_all_processes(server, server_key, settings, in_redis):
    settings.API_RATE_SERVER = 5
    window = int(time.time() // 60)
    for later in (0, 1):
        in_redis.set(f"zg:rate:{window + later}:key{server_key.pk}", 5)

    assert server.get("/categories").status_code == 429


def test_each_browser_behind_a_publishable_key_has_its_own_limit(settings):
    settings.API_RATE_PUBLISHABLE = 1
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 0}
    key = ApiKeyFactory.create(publishable=True).value
    first, second = Caller(key), Caller(key)
    second.client.defaults["REMOTE_ADDR"] = "10.0.0.2"

    assert [first.get("/categories").status_code for _i in range(2)] == [200, 429]
    assert second.get("/categories").status_code == 200


def test_without_redis_calls_are_counted_here_and_still_answered(server, settings, monkeypatch):
    asked = []

    def away():
        asked.append(1)
        raise redis.ConnectionError

    monkeypatch.setattr(redis_client, "client", away)
    throttling.breaker.succeeded()
    settings.API_RATE_SERVER = 8

    assert [server.get("/categories").status_code for _i in range(9)] == [200] * 8 + [429]
    assert len(asked) == 3


def test_a_breaker_opens_after_three_failures_and_lets_one_try_after_its_time(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("core.breaker.time.monotonic", lambda: now[0])
    breaker = Breaker(failures=3, seconds=1)
    for _i in range(2):
        breaker.failed()
    assert breaker.allows()

    breaker.failed()
    assert breaker.is_open
    assert not breaker.allows()

    now[0] += 1.1
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.succeeded()
    assert breaker.allows()


def test_answers_say_how_much_of_the_limit_is_left(server, anonymous, settings):
    settings.API_RATE_SERVER = 3

    answers = [server.get("/categories") for _i in range(4)]

    assert [answer["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {answer["RateLimit-Limit"] for answer in answers} == {"3"}
    assert 1 <= int(answers[0]["RateLimit-Reset"]) <= 60
    assert answers[3]["Retry-After"] == answers[3]["RateLimit-Reset"]
    assert "RateLimit-Limit" not in anonymous.get("/categories")


def test_who_tries_keys_is_stopped_for_the_rest_of_the_minute(server, settings, django_assert_num_queries):
    settings.API_RATE_UNKNOWN_KEYS = 3

    tried = [Caller(f"zg_sk_{number}").get("/categories") for number in range(4)]

    assert [answer.status_code for answer in tried] == [401, 401, 401, 429]
    assert tried[3].json()["code"] == "too_many_unknown_keys"
    assert 1 <= int(tried[3]["Retry-After"]) <= 60
    with django_assert_num_queries(0):
        assert Caller("zg_sk_none").get("/categories").status_code == 429
    assert Caller("zg_ct_none").get("/me").status_code == 401


def test_a_key_that_was_good_here_before_does_not_suffer_from_its_neighbour(server, settings, monkeypatch):
    settings.API_RATE_UNKNOWN_KEYS = 1
    server.get("/categories")
    Caller("zg_sk_none").get("/categories")
    later = keys.time.monotonic() + 10
    monkeypatch.setattr(keys.time, "monotonic", lambda: later)

    assert Caller("zg_sk_none").get("/categories").status_code == 429
    assert server.get("/categories").status_code == 200
    assert Caller(ApiKeyFactory.create().value).get("/categories").status_code == 429


def test_another_address_may_try_while_one_is_stopped(settings):
    settings.API_RATE_UNKNOWN_KEYS = 1
    first, second = Caller("zg_sk_none"), Caller("zg_sk_none")
    second.client.defaults["REMOTE_ADDR"] = "10.0.0.2"

    assert [first.get("/categories").status_code for _i in range(2)] == [401, 429]
    assert second.get("/categories").status_code == 401
