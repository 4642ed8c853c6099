"""What every test of segments begins with."""

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def nothing_counted():
    """It is remembered for a minute how many customers there are."""
    cache.clear()
