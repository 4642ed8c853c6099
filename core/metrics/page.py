"""`/metrics` in the text format of Prometheus, for those who may see it; a page that does not exist for all others."""

import ipaddress
import secrets

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answers while Redis or the database is away, with what can still be known."""
    if not (_has_token(request) or _is_near(request)):
        raise Http404
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    from core.metrics.families import registry

    response = HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    response["Cache-Control"] = "no-store"
    return response


def _has_token(request: HttpRequest) -> bool:
    """`Authorization: Bearer <METRICS_TOKEN>`."""
    wanted = str(settings.METRICS_TOKEN)
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    return bool(wanted) and scheme.lower() == "bearer" and secrets.compare_digest(given.encode(), wanted.encode())


def _is_near(request: HttpRequest) -> bool:
    """Directly from an allowed network. What a proxy passes on is not: everybody behind it has its address."""
    if any(name in request.headers for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:  # a socket without an address
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any(
        (mapped or address) in ipaddress.ip_network(network, strict=False) for network in settings.METRICS_NETWORKS
    )
