"""How messages about jobs lie in Redis: one list for each queue and priority."""

from typing import cast

from core import redis_client

FIRST, USUAL = 0, 5
"""Priorities. Jobs that lost their worker, and messages that name no priority, are FIRST."""
SEPARATOR = ":"


def lists_of(queue: str) -> tuple[str, ...]:
    """Names of the lists that hold this queue, in the order in which workers read them."""
    return queue, f"{queue}{SEPARATOR}{USUAL}"


def waiting_in(queue: str) -> int:
    """Messages that no worker has taken. Raises what redis-py raises."""
    client = redis_client.client()
    return sum(cast(int, client.llen(name)) for name in lists_of(queue))
