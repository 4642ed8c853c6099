"""Figures that take long are kept a while; quick ones never are."""

import pytest
from django.core.cache import cache

from core import remembered as module
from core.remembered import remembered


@pytest.fixture(autouse=True)
def nothing_known():
    cache.clear()


def test_a_slow_figure_is_made_once_and_says_its_age(monkeypatch):
    monkeypatch.setattr(module, "SLOW_SECONDS", -1.0)
    made = iter(range(5))

    first = remembered("figure", lambda: next(made))
    second = remembered("figure", lambda: next(made))

    assert first == (0, None)
    assert second[0] == 0
    assert second[1] is not None
    assert next(made) == 1


def test_a_quick_figure_is_always_of_now(monkeypatch):
    monkeypatch.setattr(module, "SLOW_SECONDS", 60.0)
    made = iter(range(5))

    assert [remembered("figure", lambda: next(made)) for _ in range(2)] == [(0, None), (1, None)]
