"""Keys while the database is away."""

import pytest
from django.db import OperationalError

from core.api import keys
from core.models.access import ApiKeyQuerySet
from tests.factories import ApiKeyFactory


@pytest.fixture
def away(monkeypatch):
    def refuses(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    def go() -> None:
        monkeypatch.setattr(ApiKeyQuerySet, "usable", refuses)
        monkeypatch.setattr(keys, "REMEMBER_SECONDS", 0.0)

    return go


def test_a_known_key_is_believed_and_an_unknown_one_is_asked_to_come_again(server, anonymous, away, monkeypatch):
    monkeypatch.setattr(keys, "REMEMBER_SECONDS", 0.0)
    assert server.get("/categories").status_code == 200
    other = ApiKeyFactory.create()
    away()

    assert server.get("/categories").status_code == 200
    anonymous.credential = other.value
    refused = anonymous.get("/categories")
    assert (refused.status_code, refused.json()["code"]) == (503, "database_away")


def test_belief_ends_after_ten_minutes(server, away, monkeypatch):
    monkeypatch.setattr(keys, "REMEMBER_SECONDS", -keys.STALE_SECONDS - 1)
    assert server.get("/categories").status_code == 200
    away()

    assert server.get("/categories").status_code == 503


def test_browsers_of_allowed_addresses_are_let_in(away, anonymous, db, monkeypatch):
    ApiKeyFactory.create(publishable=True, allowed_origins=["https://shop.example"])
    monkeypatch.setattr(keys, "REMEMBER_SECONDS", 0.0)
    assert keys.allowed_origins() == {"https://shop.example"}
    away()

    assert keys.allowed_origins() == {"https://shop.example"}


def test_a_last_use_that_cannot_be_written_down_refuses_nobody(server, server_key, monkeypatch):
    update = ApiKeyQuerySet.update

    def refuses(rows: ApiKeyQuerySet, **values: object) -> int:
        if "last_used_at" in values:
            raise OperationalError("lock timeout")
        return update(rows, **values)

    monkeypatch.setattr(ApiKeyQuerySet, "update", refuses, raising=False)

    assert server.get("/categories").status_code == 200
