"""Who else looks at a ticket or writes in it now. Kept in Redis for seconds; without Redis nobody is seen."""

import json
import time
from dataclasses import dataclass

import redis

from core.breaker import Breaker
from core.models import StaffUser
from core.redis_client import client

SEEN_SECONDS = 15
_breaker = Breaker(failures=3, seconds=5.0)


@dataclass(frozen=True)
class Present:
    """Somebody else at the same ticket."""

    name: str
    is_typing: bool


def note(ticket_id: int, person: StaffUser, *, is_typing: bool) -> list[Present]:
    """Say that this person is there, and hear who else was in the last 15 seconds."""
    if not _breaker.allows():
        return []
    key, now = f"crm.desk.at.{ticket_id}", time.time()
    mine = json.dumps({"name": str(person), "typing": is_typing, "at": now})
    try:
        pipe = client().pipeline(transaction=False)
        pipe.hset(key, str(person.pk), mine)
        pipe.expire(key, SEEN_SECONDS * 2)
        pipe.hgetall(key)
        found = pipe.execute()[2]
    except (redis.RedisError, OSError):
        _breaker.failed()
        return []
    _breaker.succeeded()
    others = []
    for who, value in found.items():
        said = json.loads(value)
        if int(who) != person.pk and now - said["at"] <= SEEN_SECONDS:
            others.append(Present(said["name"], bool(said["typing"])))
    return sorted(others, key=lambda one: (not one.is_typing, one.name))
