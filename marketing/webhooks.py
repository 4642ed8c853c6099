"""The door for reports about messages: one form for every delivery service.

A service's own form is brought into this one by a few lines in front of it; the signature is that of the Standard
Webhooks specification, as for mail that comes in (crm.views).
"""

import hmac
import json
import time
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from core.api.errors import problem_response
from core.webhooks.signing import sign
from marketing.models import MessageEvent
from marketing.sending import events, services

LATEST_SECONDS = 300
MOST_EVENTS = 1_000
CODES = ("code", "status", "category", "is_final")
"""What is kept of a report; texts of mail servers name addresses."""


@csrf_exempt
@require_POST
def message_events(request: HttpRequest) -> HttpResponse:
    """`{"events": [{"id", "kind", "message_id", "at", "provider", "code", "is_final"}]}`. 204 for what was taken, also
    twice. Without MARKETING_EVENTS_SECRET there is no such address."""
    if not settings.MARKETING_EVENTS_SECRET:
        raise Http404
    if not _is_signed(request):
        return problem_response(401, "bad_signature", _("The signature does not fit, or is older than five minutes."))
    try:
        wanted = [_event(one) for one in json.loads(request.body)["events"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        wanted = []
    if not wanted or len(wanted) > MOST_EVENTS:
        return problem_response(422, "bad_events", _("These are no events, or more than a thousand."))
    for one in wanted:
        events.report(**one)
    return HttpResponse(status=204)


@csrf_exempt
@require_http_methods(["POST", "HEAD"])
def service_events(request: HttpRequest, service: str) -> HttpResponse:
    """Reports of the delivery service in its own form. 200 for what was taken, also twice; a service asks again after
    any other answer. Services look with HEAD whether somebody is there."""
    try:
        if request.method == "HEAD":
            services.view_of(service)
            return HttpResponse()
        told = list(services.reports(service, request))
    except services.NoSuchService as error:
        raise Http404 from error
    except services.NotTheirs:
        return problem_response(401, "bad_signature", _("The secret or the signature does not fit."))
    except services.Unreadable:
        return problem_response(422, "bad_events", _("These are no reports that this service sends."))
    if len(told) > MOST_EVENTS:
        return problem_response(422, "bad_events", _("These are no events, or more than a thousand."))
    for one in told:
        events.report(**one)
    return HttpResponse()


def _event(given: dict[str, Any]) -> dict[str, Any]:
    """Raises ValueError or KeyError."""
    kind, number, message = str(given["kind"]), str(given["id"]), str(given["message_id"])
    if kind not in MessageEvent.Kind.values or not number or len(number) > 200 or "\x00" in number + message:
        raise ValueError(kind)
    said = given.get("at")
    at = parse_datetime(said) if isinstance(said, str) else timezone.now()
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise ValueError(said)
    raw = {name: given[name] for name in CODES if isinstance(given.get(name), str | int | bool)}
    raw = {name: value[:60] if isinstance(value, str) else value for name, value in raw.items()}
    provider = str(given.get("provider") or "service").replace("\x00", "")
    return {"provider": provider, "number": number, "kind": kind, "message_id": message, "at": at, "raw": raw}


def _is_signed(request: HttpRequest) -> bool:
    ident, at = request.headers.get("Webhook-Id", "")[:200], request.headers.get("Webhook-Timestamp", "")
    if not (at.isascii() and at.isdecimal() and len(at) <= 12) or abs(time.time() - int(at)) > LATEST_SECONDS:
        return False
    wanted = sign(settings.MARKETING_EVENTS_SECRET, ident, int(at), request.body)
    given = request.headers.get("Webhook-Signature", "")[:1000].split()
    return any(hmac.compare_digest(one.encode("utf-8", "replace"), wanted.encode()) for one in given)
