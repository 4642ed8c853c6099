"""The stream itself: one script appends a call's events, another takes off what is written.

Both run as a whole or not at all, so the count of waiting events, the ids that were seen, the lists of recent acts and
the stream always agree, also in the append-only file after a kill.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import redis
from django.conf import settings

from catalog.buffer import keys
from catalog.buffer.rows import EventRow
from catalog.recent import MOST, as_text
from core import redis_client
from core.breaker import Breaker
from core.local_services import LocalServiceError

RECENT_SECONDS = 21_600
REFUSING_SECONDS = 3_600
MOST_IDS = 1_000_000
"""So many ids are remembered in a span (some 30 MB); of more only the table knows."""
AWAY = (redis.RedisError, LocalServiceError, OSError)
breaker = Breaker()

TAKEN, REPEATED, REFUSING, TOO_FAST = "arnb"
"""What becomes of an event: taken, repeated, of a visitor who said no, too many in a minute for a person."""

APPEND = """
local p, most, fastest = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local span, now, recents, recent_seconds, most_ids = tonumber(ARGV[4]), ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8])
local first = 10 + 2 * tonumber(ARGV[9])
local size = (#ARGV - first + 1) / 7
if size > 0 and tonumber(redis.call('GET', KEYS[2]) or '0') + size > most then return false end
local ids, known = p .. 's:' .. span, p .. 's:' .. (span - 1)
local remembered = tonumber(redis.call('GET', ids) or '0')
local outcomes, lines, counts, lists, new_ids = {}, {}, {}, {}, 0
local function count(name, n) counts[name] = (counts[name] or 0) + n end
for i = 10, first - 1, 2 do count(ARGV[i], tonumber(ARGV[i + 1])) end
for i = first, #ARGV, 7 do
  local id, list, act, visitor, minute, kind = ARGV[i], ARGV[i+1], ARGV[i+2], ARGV[i+3], ARGV[i+4], ARGV[i+5]
  local outcome = 'a'
  if visitor ~= '' and redis.call('EXISTS', p .. 'no:' .. visitor) == 1 then outcome = 'n' end
  if outcome == 'a' and id ~= '' then
    local bucket = ':' .. (string.byte(id, 15) % 32) * 256 + string.byte(id, 16)
    if redis.call('HEXISTS', known .. bucket, id) == 1 then
      outcome = 'r'
    elseif remembered + new_ids < most_ids then
      if redis.call('HSETNX', ids .. bucket, id, '') == 0 then
        outcome = 'r'
      else
        new_ids = new_ids + 1
        if redis.call('HLEN', ids .. bucket) == 1 then redis.call('EXPIRE', ids .. bucket, 2 * 172800) end
      end
    elseif redis.call('HEXISTS', ids .. bucket, id) == 1 then
      outcome = 'r'
    end
  end
  if outcome == 'a' and minute ~= '' then
    local name = p .. 'r:' .. visitor .. ':' .. minute
    local n = redis.call('INCR', name)
    if n == 1 then redis.call('EXPIRE', name, 120) end
    if n > fastest then outcome = 'b' end
  end
  if outcome == 'a' then
    lines[#lines + 1] = ARGV[i+6]
    count('a:' .. kind, 1)
    if list ~= '' then redis.call('LPUSH', list, act) lists[list] = true end
  else
    count(outcome, 1)
  end
  outcomes[#outcomes + 1] = outcome
end
if #lines > 0 then
  redis.call('XADD', KEYS[1], '*', 'n', #lines, 'e', table.concat(lines, '\\n'))
  redis.call('INCRBY', KEYS[2], #lines)
end
if new_ids > 0 and redis.call('INCRBY', ids, new_ids) == new_ids then redis.call('EXPIRE', ids, 2 * 172800) end
for list, _ in pairs(lists) do
  if redis.call('LLEN', list) > tonumber(recents) then redis.call('LTRIM', list, 0, recents - 1) end
  redis.call('EXPIRE', list, recent_seconds)
end
for name, n in pairs(counts) do
  redis.call('HINCRBY', KEYS[3], name, n)
  redis.call('HINCRBY', KEYS[4], name, n)
end
if redis.call('TTL', KEYS[3]) == -1 then redis.call('EXPIRE', KEYS[3], 7200) end
if redis.call('TTL', KEYS[4]) == -1 then redis.call('EXPIRE', KEYS[4], 180000) end
return table.concat(outcomes)
"""

TAKE_OFF = """
local gone = 0
for i = 2, #ARGV do
  local entry = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1]
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
  if entry then
    for f = 1, #entry[2], 2 do
      if entry[2][f] == 'n' then gone = gone + (tonumber(entry[2][f + 1]) or 0) end
    end
    redis.call('XDEL', KEYS[1], ARGV[i])
  end
end
if redis.call('XLEN', KEYS[1]) == 0 then redis.call('SET', KEYS[2], 0)
elseif gone ~= 0 then redis.call('DECRBY', KEYS[2], gone) end
return gone
"""


@dataclass(frozen=True, slots=True)
class Incoming:
    """`has_own_id`: the storefront named the event, so it may come again. `is_sure`: nobody doubts that this visitor
    may be followed, so its act may show in the next answer. `is_hurried`: too many of these in a minute are a bot's."""

    row: EventRow
    has_own_id: bool
    is_sure: bool
    is_hurried: bool


def append(events: Sequence[Incoming], *, counts: Mapping[str, int]) -> str | None:
    """Take the events and count what was refused, in one round trip of 50 ms at most; one letter for each event.

    None when they were not taken, or nobody knows: Redis is away, frozen or full, or too much waits already. Then the
    same rows may be written by other means; what waits twice is stored once.
    """
    if not breaker.allows():
        return None
    now = int(time.time())
    names = [keys.stream(), keys.waiting(), keys.minute(now // 60), keys.hour(now // 3600)]
    arguments: list[Any] = [
        keys.prefix, settings.EVENT_BUFFER_MOST, settings.EVENT_BOT_PER_MINUTE, now // keys.SEEN_SECONDS, now, MOST,
        RECENT_SECONDS, MOST_IDS, len(counts),
    ]  # fmt: skip
    for name, number in counts.items():
        arguments += [name, number]
    for one in events:
        arguments += _arguments(one)
    try:
        answer = run(redis_client.client(), APPEND, names, arguments)
    except AWAY:
        breaker.failed()
        return None
    breaker.succeeded()
    return cast(bytes, answer).decode() if answer is not None else None


def _arguments(one: Incoming) -> list[Any]:
    row = one.row
    who, act = "", b""
    if one.is_sure and row.product_id is not None:
        who = (
            keys.recent_of_customer(row.customer_id)
            if row.customer_id is not None
            else keys.recent_of_visitor(row.visitor)
        )
        act = as_text(row.product_id, row.kind, row.occurred_at, row.value)
    minute = int(row.occurred_at.timestamp()) // 60 if one.is_hurried and row.visitor else ""
    return [row.event_id.bytes if one.has_own_id else b"", who, act, row.visitor, minute, row.kind, row.encode()]


def take_off(client: redis.Redis, entries: Sequence[str | bytes]) -> None:
    """These are written. Safe to repeat. Raises redis.RedisError."""
    if entries:
        run(client, TAKE_OFF, [keys.stream(), keys.waiting()], [keys.GROUP, *entries])


def refuse(visitor: str) -> None:
    """Take nothing of this browser for an hour, whatever other processes still believe of it."""
    try_redis(lambda client: client.set(keys.refuses(visitor), 1, ex=REFUSING_SECONDS))


def try_redis(ask: Callable[[redis.Redis], Any]) -> Any:
    """The answer, None while Redis is away."""
    if not breaker.allows():
        return None
    try:
        found = ask(redis_client.client())
    except AWAY:
        breaker.failed()
        return None
    breaker.succeeded()
    return found


_digests: dict[str, str] = {}


def run(client: redis.Redis, script: str, names: Sequence[str], arguments: Sequence[Any]) -> Any:
    """The script by its digest; its text only when the server does not know it."""
    digest = _digests.get(script) or _digests.setdefault(
        script, hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
    )
    try:
        return client.evalsha(digest, len(names), *names, *arguments)
    except redis.exceptions.NoScriptError:
        return client.eval(script, len(names), *names, *arguments)
