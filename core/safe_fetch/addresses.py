"""Which addresses may be asked: what is written, what the name resolves to, and what the operator opened."""

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import SplitResult, urlsplit

from core.safe_fetch.errors import FetchError, UrlRefused

IPv4, IPv6 = ipaddress.IPv4Address, ipaddress.IPv6Address
IP: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]
PORTS = frozenset({80, 443, 8080, 8443})
LONGEST_URL = 2_000

# Forms of IPv6 that carry an IPv4 address. Reached through them, a private address looks like a public one.
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_UNUSED = (ipaddress.IPv6Network("fec0::/10"), ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/32"))
_V4_CLOSED = tuple(ipaddress.IPv4Network(block) for block in ("192.88.99.0/24", "192.0.0.0/24", "0.0.0.0/8"))
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+)){0,3}\.?")


@dataclass(frozen=True)
class Policy:
    """Which hosts may be asked. `hosts` ("name" or "name:port") and `networks` are open although they are private, at
    any port: the operator of this installation named them."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    ports: frozenset[int] = PORTS

    @classmethod
    def of(cls, hosts: Any = (), networks: Any = ()) -> "Policy":
        """From settings: texts. Raises ValueError for a network that is none."""
        return cls(
            hosts=frozenset(str(host).strip().lower() for host in hosts if str(host).strip()),
            networks=tuple(ipaddress.ip_network(str(one).strip()) for one in networks if str(one).strip()),
        )

    def names(self, target: "Target") -> bool:
        return target.host in self.hosts or f"{target.host}:{target.port}" in self.hosts

    def holds(self, address: IP) -> bool:
        return any(address.version == network.version and address in network for network in self.networks)


PUBLIC = Policy()
"""Hosts on the internet and nothing else."""


@dataclass(frozen=True)
class Target:
    """An address taken apart. `host` is ASCII and lower case; `path` begins with / and holds the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def header(self) -> str:
        """What stands in `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"


def check(url: str, policy: Policy = PUBLIC) -> Target:
    """Take an address apart without asking anybody. Raises UrlRefused for one that could never be fetched."""
    parts = _split(url)
    if parts.scheme not in ("http", "https"):
        raise UrlRefused("scheme", parts.scheme[:40])
    if "@" in parts.netloc:
        raise UrlRefused("user")
    try:
        port = parts.port if parts.port is not None else (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise UrlRefused("port", "no number") from error
    host = _host(parts.hostname or "")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target(parts.scheme, host, port, _quoted(path))
    literal = _literal(host)
    if policy.names(target) or (literal is not None and policy.holds(literal)):
        return target
    if literal is not None and (why := why_not_public(literal)):
        raise UrlRefused("private", f"{host}: {why}")
    if literal is None and ("." not in host or host.rpartition(".")[2] in ("localhost", "local", "internal", "lan")):
        raise UrlRefused("host", host)
    if not policy.networks and port not in policy.ports:
        raise UrlRefused("port", str(port))
    return target


def resolve(
    target: Target, policy: Policy = PUBLIC, *, until: float | None = None, resolver: Resolver | None = None
) -> list[str]:
    """The addresses of the host, looked up once. Raises UrlRefused when one of them is not public."""
    literal = _literal(target.host)
    found = [str(literal)] if literal is not None else _look_up(target, until, resolver or _system_resolver)
    if policy.names(target):
        return found
    for text in found:
        address = ipaddress.ip_address(text)
        if policy.holds(address):
            continue
        if why := why_not_public(address):
            raise UrlRefused("private", f"{target.host} is {address}: {why}")
        if target.port not in policy.ports:
            raise UrlRefused("port", str(target.port))
    return found


def why_not_public(address: IP) -> str:
    """Why nobody on the internet has this address, in a word; empty for a public one."""
    if isinstance(address, IPv6):
        if address.scope_id:
            return "link-local"
        inner = address.ipv4_mapped
        if inner is None and address in _COMPATIBLE and int(address) > 1:
            inner = IPv4(int(address))
        if inner is None and any(address in network for network in _NAT64):
            inner = IPv4(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return why_not_public(inner)
        if any(address in network for network in _UNUSED):
            return "tunnel"
    elif any(address in network for network in _V4_CLOSED):
        return "reserved"
    for word in ("unspecified", "loopback", "link_local", "multicast", "private", "reserved"):
        if getattr(address, f"is_{word}"):
            return word.replace("_", "-")
    return "" if address.is_global else "not global"


def _look_up(target: Target, until: float | None, resolver: Resolver) -> list[str]:
    """Ask the resolver, but not longer than there is time: it has no limit of its own."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(resolver(target.host, target.port))
        except (OSError, UnicodeError, ValueError) as error:
            found.append(error)

    thread = threading.Thread(target=ask, name="resolve", daemon=True)
    thread.start()
    thread.join(None if until is None else max(0.0, until - time.monotonic()))
    if not found:
        raise FetchError("timeout", f"{target.host} was not resolved in time")
    if isinstance(found[0], Exception) or not found[0]:
        raise FetchError("unknown", target.host)
    return [text.partition("%")[0] for text in dict.fromkeys(found[0])]


def _system_resolver(host: str, port: int) -> list[str]:
    return [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _split(url: str) -> SplitResult:
    if not url or len(url) > LONGEST_URL or url != url.strip() or "\\" in url:
        raise UrlRefused("url", url[:80])
    if any(ord(letter) < 33 or ord(letter) == 127 for letter in url):
        raise UrlRefused("url", "control characters")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise UrlRefused("url", str(error)[:80]) from error


def _host(name: str) -> str:
    """The host as the resolver will see it. Names of other scripts become ASCII first, so that nothing is checked in
    one form and asked for in another."""
    if not name or "%" in name:
        raise UrlRefused("host", name[:80])
    if ":" in name:
        try:
            return str(IPv6(name))
        except ValueError as error:
            raise UrlRefused("host", name[:80]) from error
    try:
        host = name.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise UrlRefused("host", name[:80]) from error
    if _literal(host) is not None:
        return host
    if _NUMBER.fullmatch(host):
        raise UrlRefused("number", host[:80])
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise UrlRefused("host", host[:80])
    return host


def _literal(host: str) -> IP | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _quoted(path: str) -> str:
    """Letters that a request line cannot hold, percent-encoded; what is encoded already stays."""
    return "".join(
        letter if 32 < ord(letter) < 127 else "".join(f"%{byte:02X}" for byte in letter.encode()) for letter in path
    )
