"""How fast a provider is handed messages: a bucket of tokens in Redis that all workers share.

The generic cell rate algorithm in one script: `tat` is the moment at which the bucket will be full again. While Redis
is away each worker keeps to the rate by itself.
"""

import time

import redis

from core import redis_client

SCRIPT = """
local now = redis.call('TIME')
local t = tonumber(now[1]) + tonumber(now[2]) / 1000000
local tat = tonumber(redis.call('GET', KEYS[1]) or t)
local step, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
if tat < t then tat = t end
local wait = tat - burst - t
if wait > 0 then return tostring(wait) end
redis.call('SET', KEYS[1], tostring(tat + step), 'PX', math.ceil((tat + step - t + 1) * 1000))
return '0'
"""


class Bucket:
    """`take` says how many seconds to wait before the next message; 0: now."""

    def __init__(self, provider: str, per_second: float, burst_seconds: float = 1.0) -> None:
        self.key = f"marketing:rate:{provider}"
        self.step = 1.0 / per_second
        self.burst = burst_seconds
        self._own = 0.0

    def take(self) -> float:
        try:
            answer = redis_client.client().eval(SCRIPT, 1, self.key, repr(self.step), repr(self.burst))
            return float(answer)  # type: ignore[arg-type]
        except redis.RedisError:
            now = time.monotonic()
            self._own = max(self._own, now)
            if self._own - self.burst > now:
                return self._own - self.burst - now
            self._own += self.step
            return 0.0
