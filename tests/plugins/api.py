"""Callers of the API for tests, and an end to what one test remembers before the next."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.test import Client

from catalog import recent
from catalog.buffer import known, stream, writing
from catalog.showcase import showcase
from core import metrics, redis_client
from core.alerts import attention, states
from core.api import throttling, tokens
from core.api.keys import forget_keys
from core.experiments import placing
from core.experiments.exposures import exposures
from core.models import ApiKey, Scope
from core.shop import forget_shop
from recommender import lists
from tests.factories import ApiKeyFactory, CustomerFactory

BREAKERS = (throttling.breaker, recent.breaker, stream.breaker)


@pytest.fixture(autouse=True)
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits count by minutes of the clock: calls of a test that runs over the end of one would be counted in two."""
    minute = throttling.this_window()
    monkeypatch.setattr(throttling, "this_window", lambda: minute)


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Keys and the shop are remembered for seconds; limits count in this process and events are written at once, so
    that tests need no Redis."""
    forget_keys()
    forget_shop()
    showcase.forget()
    lists.forget()
    throttling.local.clear()
    throttling.tally.forget()
    for breaker in BREAKERS:
        breaker.open_for(seconds=3600)
    known.forget()
    writing._known_months.clear()
    metrics.counters.forget()
    metrics.counters.is_shared = False
    placing.forget()
    exposures.forget()
    exposures.is_shared = False
    attention.forget()
    states.pretend([], seconds=3600)
    yield
    for breaker in BREAKERS:
        breaker.succeeded()
    forget_keys()
    forget_shop()


@pytest.fixture
def buffered(redis_server: redis.Redis) -> redis.Redis:
    """Events go through Redis, as they do in a shop; `consumer.drain()` writes what waits."""
    redis_client.client().ping()
    for breaker in (recent.breaker, stream.breaker):
        breaker.succeeded()
    return redis_server


class Caller:
    """Sends JSON with a credential. `call.get("/products")` goes to `/api/v1/products`."""

    def __init__(self, credential: str | None = None, **headers: str) -> None:
        self.credential = credential
        self.client = Client(raise_request_exception=False)
        self.headers = headers

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1{path}", query, headers=self._headers())

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(
            f"/api/v1{path}", body, content_type="application/json", headers=self._headers() | headers
        )

    def put(self, path: str, body: Any = None) -> Any:
        return self.client.put(f"/api/v1{path}", body, content_type="application/json", headers=self._headers())

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/api/v1{path}", headers=self._headers())

    def _headers(self) -> dict[str, str]:
        credential = {"Authorization": f"Bearer {self.credential}"} if self.credential else {}
        return {**credential, **self.headers}


@pytest.fixture
def anonymous(db: None) -> Caller:
    return Caller()


@pytest.fixture
def server_key(db: None) -> ApiKey:
    return ApiKeyFactory.create()


@pytest.fixture
def server(server_key: ApiKey) -> Caller:
    """A back end with all scopes."""
    return Caller(server_key.value)


@pytest.fixture
def browser(db: None) -> Caller:
    """A web page with a publishable key."""
    return Caller(ApiKeyFactory.create(publishable=True).value)


@pytest.fixture
def with_scopes(db: None) -> Callable[..., Caller]:
    """`with_scopes(Scope.ORDERS)`: a back end with these scopes only."""
    return lambda *scopes: Caller(ApiKeyFactory.create(scopes=[Scope(scope).value for scope in scopes]).value)


@pytest.fixture
def as_customer(server_key: ApiKey) -> Callable[..., Caller]:
    """`as_customer(customer)`: a browser with this customer's token."""

    def make(customer: Any = None) -> Caller:
        customer = customer or CustomerFactory.create()
        return Caller(tokens.mint(customer=customer.public_id, key_id=server_key.pk)[0])

    return make
