"""What a shop on the internet must not be started with. One sentence each, said before anything listens."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

SHORTEST_SECRET = 40
FEWEST_LETTERS = 12
WIDEST_NETWORK = {4: 8, 6: 32}
"""Bits; a network with fewer is most of the internet."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
COOKIES = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY")


def refusals(settings: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[str]:
    """Why these settings are not fit for PRODUCTION; nothing when they are."""
    if settings["DEBUG"]:
        yield "PRODUCTION with DEBUG shows internals to strangers. Unset DEBUG."
    yield from _secrets(settings, environment)
    hosts = settings["ALLOWED_HOSTS"] if environment.get("ALLOWED_HOSTS") else []
    if not hosts or any(host.strip() in ("*", ".", "") for host in hosts):
        yield "PRODUCTION needs ALLOWED_HOSTS with the names of this shop, without *."
    yield from _origins(settings["CSRF_TRUSTED_ORIGINS"])
    for name in COOKIES:
        if not settings.get(name, True):
            yield f"PRODUCTION needs {name}: cookies must not travel without encryption or be read by scripts."
    if settings.get("EMAIL_HOST_USER") and not _is_protected(settings):
        yield "PRODUCTION with a mail password and no encryption shows it to the network. Use smtp+tls:// or smtp+ssl://"
    if environment.get("LOCAL_SERVICES_VOLATILE") == "1":
        yield "PRODUCTION with LOCAL_SERVICES_VOLATILE loses orders in a power cut. Unset it."
    for network in settings.get("METRICS_NETWORKS", []):
        if _is_wide(network):
            yield f"PRODUCTION with {network} in METRICS_NETWORKS shows figures to strangers. Name your own networks."


def _secrets(settings: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[str]:
    if not environment.get("SECRET_KEY"):
        yield "PRODUCTION needs SECRET_KEY in the environment, the same on every host."
        return
    for name in ("SECRET_KEY", "SECRET_KEY_FALLBACKS"):
        value = settings.get(name) or []
        for secret in [value] if isinstance(value, str) else value:
            if len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_LETTERS or "insecure" in secret:
                yield (
                    f"PRODUCTION needs a {name} that nobody guesses, at least {SHORTEST_SECRET} random characters: "
                    "openssl rand -base64 48"
                )


def _origins(origins: list[str]) -> Iterator[str]:
    if not origins:
        yield "PRODUCTION needs CSRF_TRUSTED_ORIGINS, the address of the staff site: https://admin.example.org"
    for origin in origins:
        if not origin.startswith("https://") or "*" in origin:
            yield f"PRODUCTION with {origin} in CSRF_TRUSTED_ORIGINS trusts strangers. Write https:// and a whole name."


def _is_protected(settings: Mapping[str, Any]) -> bool:
    """The way to the mail server is encrypted or does not leave this machine."""
    return bool(settings["EMAIL_USE_TLS"] or settings["EMAIL_USE_SSL"]) or settings["EMAIL_HOST"] in LOOPBACK


def _is_wide(network: str) -> bool:
    try:
        found = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False  # said elsewhere
    return found.prefixlen < WIDEST_NETWORK[found.version]
