"""Requests to addresses that people typed in: webhooks today, pictures by address.

A person may name any address, so this program must not become their way into the house. The name is resolved once,
every address it has must be public, and the connection goes to that very address; certificate and `Host` stay those of
the name. Redirects are not followed, proxies of the environment play no part, and time and size have an end.
"""

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.safe_fetch.addresses import PUBLIC, Policy, Resolver, Target, check, resolve, why_not_public
from core.safe_fetch.errors import REASONS, FetchError, UrlRefused
from core.safe_fetch.line import Line, connect

CONNECT_SECONDS = 2.0
TOTAL_SECONDS = 10.0
AGENT = "Zhanggui"

__all__ = [
    "PUBLIC",
    "REASONS",
    "Answer",
    "FetchError",
    "Policy",
    "Target",
    "UrlRefused",
    "check",
    "get",
    "post",
    "request",
    "resolve",
    "why_not_public",
]


@dataclass(frozen=True)
class Answer:
    """`body` holds at most what was asked for; `is_cut` says that there was more, or that it broke off."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    is_cut: bool = False


def get(url: str, *, policy: Policy = PUBLIC, max_bytes: int, headers: Mapping[str, str] | None = None) -> Answer:
    """Fetch an address. Raises FetchError; an answer above `max_bytes` is "large"."""
    answer = request("GET", url, policy=policy, headers=headers, max_bytes=max_bytes)
    if answer.is_cut:
        raise FetchError("large", f"more than {max_bytes} bytes")
    return answer


def post(
    url: str, body: bytes, *, policy: Policy = PUBLIC, headers: Mapping[str, str] | None = None, max_bytes: int = 2_000
) -> Answer:
    """Send a body. The answer counts as soon as its head is there; of its body at most `max_bytes` are read.

    Raises FetchError.
    """
    return request("POST", url, policy=policy, headers=headers, body=body, max_bytes=max_bytes)


def request(
    method: str,
    url: str,
    *,
    policy: Policy = PUBLIC,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    max_bytes: int,
    connect_seconds: float | None = None,
    total_seconds: float | None = None,
    resolver: Resolver | None = None,
) -> Answer:
    """One request to one checked address, over in `total_seconds` (10) whatever the other side does."""
    end = time.monotonic() + (total_seconds or TOTAL_SECONDS)
    target = check(url, policy)
    connected_by = min(end, time.monotonic() + (connect_seconds or CONNECT_SECONDS))
    addresses = resolve(target, policy, until=connected_by, resolver=resolver)
    line = Line(connect(target, addresses, connected_by), end)
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = line  # type: ignore[assignment]
    try:
        return _exchange(connection, method, target, dict(headers or {}), body, max_bytes)
    except TimeoutError as error:
        raise FetchError("timeout") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError("broken", f"{type(error).__name__}: {error}"[:200]) from error
    finally:
        connection.close()
        line.hang_up()


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    target: Target,
    headers: dict[str, str],
    body: bytes | None,
    max_bytes: int,
) -> Answer:
    given = {"Host": target.header, "User-Agent": AGENT, "Accept": "*/*", "Connection": "close", **headers}
    connection.putrequest(method, target.path, skip_host=True, skip_accept_encoding=True)
    if body is not None:
        given["Content-Length"] = str(len(body))
    for name, value in given.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    content, is_cut = _read(response, max_bytes)
    return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content, is_cut)


def _read(response: http.client.HTTPResponse, most: int) -> tuple[bytes, bool]:
    """The beginning of the body. Its head has been received, so a body that breaks off is only cut."""
    parts: list[bytes] = []
    size = 0
    try:
        while size <= most:
            part = response.read1(min(65_536, most + 1 - size))
            if not part:
                return b"".join(parts), bool(response.length)
            parts.append(part)
            size += len(part)
    except (OSError, http.client.HTTPException):
        pass
    return b"".join(parts)[:most], True
