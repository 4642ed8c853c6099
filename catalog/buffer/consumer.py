"""What takes events off the stream and writes them into the table. Any number may run, and be killed at any line.

A consumer reads new entries, writes them, and takes them off after the commit; what a dead one left is claimed after
`EVENT_CLAIM_SECONDS`. While PostgreSQL or Redis is away it waits and tries again. An event that the table refuses is
set aside (`DeadEvent`) and holds nobody up.
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, connection

from catalog.buffer import keys, writing
from catalog.buffer.rows import EventRow, decode
from catalog.buffer.stream import AWAY, take_off
from catalog.models import DeadEvent
from core import redis_client
from core.metrics import count

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 1.0
LINGER_SECONDS = 0.2
"""A shop with little traffic makes five transactions a second at most, not one for each event."""
BLOCK_SECONDS = 1.0
ENTRIES_AT_ONCE = 100
ROWS_AT_ONCE = 2_000
ALONE_AFTER = 3
"""An entry that was handed out so often ended its consumer, perhaps: it is written alone."""
DEADLY_AFTER = 8
POISON = (DataError, IntegrityError, ValueError, TypeError, OverflowError)
"""What says that this event cannot be stored, today or tomorrow."""

Fields = dict[bytes, bytes]


@dataclass(frozen=True)
class Entry:
    """One call's events. `deliveries`: how often it was handed to a consumer."""

    id: str
    fields: Fields
    deliveries: int = 1

    @property
    def lines(self) -> list[bytes]:
        return self.fields.get(b"e", b"").split(b"\n")


@dataclass
class Batch:
    """Entries with their rows; what could not be read is set aside at once."""

    entries: list[Entry] = field(default_factory=list)
    rows: list[EventRow] = field(default_factory=list)
    places: list[tuple[str, int]] = field(default_factory=list)
    dead: list[DeadEvent] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        for place, line in enumerate(entry.lines):
            try:
                self.rows.append(decode(line))
            except ValueError as error:
                self.dead.append(dead(entry.id, place, line, DeadEvent.Reason.UNREADABLE, error))
            else:
                self.places.append((entry.id, place))


def dead(entry: str, place: int, line: bytes, reason: str, error: Exception | str) -> DeadEvent:
    """The row that keeps an event which cannot be stored. NUL characters go: the table keeps none."""
    text = line.decode("utf-8", "replace").replace("\x00", "\ufffd")
    what = str(error).strip() or type(error).__name__
    return DeadEvent(
        entry=entry, place=place, payload=text, reason=reason, error=what.splitlines()[0].replace("\x00", "")[:500]
    )


class Consumer:
    """One reader of the stream with a name of its own."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._redis: redis.Redis | None = None
        self._claim_at = 0.0
        self._held: list[Entry] = []

    def run(self, stop: threading.Event) -> None:
        """Until told to stop. Never raises: what is away is waited for."""
        while not stop.is_set():
            try:
                self.step(block=BLOCK_SECONDS, linger=stop)
                continue
            except AWAY as error:
                log.warning("events.redis_away", error=str(error)[:200])
                self._redis = None
            except (DatabaseError, InterfaceError) as error:
                log.warning("events.database_away", error=str(error)[:200], held=len(self._held))
                connection.close()
            except Exception:  # whatever it is, the next entries are not to wait for ever
                log.exception("events.consumer_failed")
                connection.close()
            stop.wait(PAUSE_SECONDS)
        connection.close()

    def step(self, *, block: float = 0.0, linger: threading.Event | None = None, idle: float | None = None) -> int:
        """Read and write once; how many events came. What could not be written is held and tried first next time."""
        if not self._held:
            self._held = self._claimed(idle) or self._read(block, linger)
        count = 0
        while self._held:
            batch = Batch()
            for entry in self._held:
                if batch.entries and (len(batch.rows) >= ROWS_AT_ONCE or entry.deliveries >= ALONE_AFTER):
                    break
                batch.add(entry)
                if entry.deliveries >= ALONE_AFTER:
                    break
            self._write(batch)
            del self._held[: len(batch.entries)]
            count += len(batch.rows) + len(batch.dead)
        return count

    # --- writing

    def _write(self, batch: Batch) -> None:
        deadly = [entry for entry in batch.entries if entry.deliveries >= DEADLY_AFTER]
        if deadly:
            batch.dead = [
                dead(entry.id, place, line, DeadEvent.Reason.DEADLY, "")
                for entry in deadly
                for place, line in enumerate(entry.lines)
            ]
            batch.rows = []
        stored = self._store(batch, 0, len(batch.rows))
        if batch.dead:
            DeadEvent.objects.bulk_create(batch.dead, ignore_conflicts=True)
            log.error("events.set_aside", count=len(batch.dead), error=batch.dead[0].error)
        take_off(self._client(), [entry.id for entry in batch.entries])
        for outcome, amount in vars(stored).items():
            if amount:
                count("events_written", amount, outcome=outcome)
        if batch.dead:
            count("events_written", len(batch.dead), outcome="set_aside")

    def _store(self, batch: Batch, first: int, last: int) -> writing.Stored:
        """All of them, or by halves until the one that cannot be stored is alone."""
        rows = batch.rows[first:last]
        try:
            return writing.store(rows)
        except POISON as error:
            if len(rows) == 1:
                entry, place = batch.places[first]
                batch.dead.append(dead(entry, place, rows[0].encode(), DeadEvent.Reason.REFUSED, error))
                return writing.Stored()
            middle = (first + last) // 2
            return _sum(self._store(batch, first, middle), self._store(batch, middle, last))

    # --- reading

    def _read(self, block: float, linger: threading.Event | None) -> list[Entry]:
        """New entries, the oldest first. After a few that came alone it waits a moment for more."""
        found = self._ask(int(block * 1000) or None)
        if linger is not None and 0 < len(found) < ENTRIES_AT_ONCE:
            linger.wait(LINGER_SECONDS)
            found += self._ask(None)
        last, rows = found, _size(found)
        while len(last) >= ENTRIES_AT_ONCE and rows < ROWS_AT_ONCE:
            last = self._ask(None)
            found, rows = found + last, rows + _size(last)
        return found

    def _ask(self, block: int | None) -> list[Entry]:
        try:
            answer = self._client().xreadgroup(
                keys.GROUP, self.name, {keys.stream(): ">"}, count=ENTRIES_AT_ONCE, block=block
            )
        except redis.ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            make_group(self._client())
            return []
        return [entry for _stream, entries in _pairs(answer) for entry in _entries(entries)]

    def _claimed(self, idle: float | None) -> list[Entry]:
        """What a consumer that is gone had taken and not written. Looked for every few seconds."""
        now = time.monotonic()
        if idle is None:
            if now < self._claim_at:
                return []
            self._claim_at = now + settings.EVENT_CLAIM_SECONDS / 2
            idle = settings.EVENT_CLAIM_SECONDS
        client, least = self._client(), int(idle * 1000)
        try:
            left: Any = client.xpending_range(
                keys.stream(), keys.GROUP, min="-", max="+", count=ENTRIES_AT_ONCE, idle=least
            )
        except redis.ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            make_group(client)
            return []
        if not left:
            self._forget_the_dead(client)
            return []
        self._claim_at = 0.0  # there may be more
        deliveries = {_word(one["message_id"]): int(one["times_delivered"]) for one in left}
        # Claiming counts as a delivery. So what may be deadly is claimed alone, the least suspect first: what only
        # shared its fate is written before the culprit has come to its last try.
        wanted = [entry for entry, times in deliveries.items() if times < ALONE_AFTER]
        wanted = wanted or [min(deliveries, key=lambda entry: deliveries[entry])]
        claimed = _entries(client.xclaim(keys.stream(), keys.GROUP, self.name, least, wanted))  # type: ignore[arg-type]
        log.warning("events.claimed", entries=len(claimed))
        return [Entry(one.id, one.fields, deliveries[one.id] + 1) for one in claimed]

    def _forget_the_dead(self, client: redis.Redis) -> None:
        """Names of consumers that ended and left nothing."""
        consumers: Any = client.xinfo_consumers(keys.stream(), keys.GROUP)
        for one in consumers:
            name = _word(one["name"])
            if name != self.name and not one["pending"] and one["idle"] > 3_600_000:
                client.xgroup_delconsumer(keys.stream(), keys.GROUP, name)

    def _client(self) -> redis.Redis:
        """Patient: nobody waits for this one. Raises redis.RedisError."""
        if self._redis is None:
            client = redis.Redis.from_url(
                redis_client.redis_url(), socket_timeout=5 + BLOCK_SECONDS, socket_connect_timeout=5, retry=None
            )
            make_group(client)
            self._redis = client
        return self._redis


def make_group(client: redis.Redis) -> None:
    """The group of all consumers, which begins with the first entry."""
    try:
        client.xgroup_create(keys.stream(), keys.GROUP, id="0", mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


def drain() -> int:
    """Write everything that waits, also what another consumer had taken; how many events it was."""
    consumer, total = Consumer(), 0
    while found := consumer.step(idle=0.0):
        total += found
    return total


def run(stop: threading.Event) -> None:
    """A consumer for this process (see core.loops)."""
    Consumer().run(stop)


def _pairs(answer: Any) -> Iterable[tuple[Any, Any]]:
    return answer.items() if isinstance(answer, dict) else cast(list[tuple[Any, Any]], answer or [])


def _entries(raw: Sequence[Any]) -> list[Entry]:
    """Entries that still exist: one that was taken off comes as nothing."""
    if raw and isinstance(raw[0], list) and raw[0] and isinstance(raw[0][0], tuple | list):
        raw = [one for part in raw for one in part]  # the newer protocol wraps them once more
    return [Entry(_word(one[0]), one[1]) for one in raw if one and one[0] is not None and one[1] is not None]


def _size(entries: Sequence[Entry]) -> int:
    return sum(entry.fields.get(b"e", b"").count(b"\n") + 1 for entry in entries)


def _word(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _sum(one: writing.Stored, other: writing.Stored) -> writing.Stored:
    return writing.Stored(**{name: value + getattr(other, name) for name, value in vars(one).items()})
