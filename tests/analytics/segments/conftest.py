"""What every test of segments begins with."""

import pytest
from django.core.cache import cache

from core.shop import forget_shop


@pytest.fixture(autouse=True)
def nothing_remembered():
    """A process remembers the shop's profile for seconds, and for a minute how many customers there are."""
    cache.clear()
    forget_shop()
    yield
    forget_shop()
