"""Writes that may be asked for twice (`Idempotency-Key`); docs/adr/0007-idempotency-keys.md says why it works so.

A claim is committed first, so that twins see it. Then one transaction holds the claim's row lock while the view works,
and writes the answer beside the effect: either both are there or none. A claim without an answer that nobody has
locked therefore had no effect, and the next request with the key takes it over.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.principals import Principal
from core.exceptions import DomainError
from core.models import IdempotencyKey

if TYPE_CHECKING:
    from rest_framework.views import APIView

HEADER, META = "Idempotency-Key", "HTTP_IDEMPOTENCY_KEY"
REPLAYED = "Idempotent-Replayed"
PATTERN = r"^[!-~]([ -~]{0,198}[!-~])?$"
KEPT = timedelta(hours=24)
DECIDED = frozenset({409, 422})
"""Refusals by a rule of the shop. Others (400, 404, 429 …) decided nothing: the caller mends the request or waits."""
COPIED = ("Content-Type", "Location", "ETag", "Cache-Control")
CHUNK = 1_000


class KeyUnusable(APIException):
    status_code = 400
    default_code = "idempotency_key_bad"
    default_detail = gettext_lazy("An idempotency key has 1 to 200 printable ASCII characters.")


class KeyReused(DomainError):
    code = "idempotency_key_reused"
    status = 422


class InFlight(DomainError):
    code = "in_flight"
    status = 409
    wait = 1


def once(
    view: "APIView", handler: Callable[..., HttpResponseBase], request: Request, *args: Any, **kwargs: Any
) -> HttpResponseBase:
    """Answer of the view, or the stored answer of the same request under the same key.

    Raises KeyUnusable, KeyReused (the key belongs to another request) and InFlight (the first is still at work).
    """
    mine = {"caller": cast(Principal, request.auth).throttle_name, "key": key_of(request)}
    fingerprint = fingerprint_of(request)
    IdempotencyKey.objects.bulk_create([IdempotencyKey(**mine, fingerprint=fingerprint)], ignore_conflicts=True)
    with transaction.atomic():
        row = IdempotencyKey.objects.select_for_update(skip_locked=True).filter(**mine).first()
        known = row or IdempotencyKey.objects.filter(**mine).first()
        if known is not None and known.fingerprint != fingerprint:
            raise KeyReused(_("This idempotency key came with another request before."))
        if known is not None and known.status is not None:
            return _again(known)
        if row is None:
            raise InFlight(_("The first request with this idempotency key is still at work."))
        return _first(row, view, handler, request, *args, **kwargs)


def key_of(request: Request) -> str:
    """The key that was sent. Raises KeyUnusable."""
    key = request.META.get(META, "")
    if not re.fullmatch(PATTERN, key):
        raise KeyUnusable
    return str(key)


def fingerprint_of(request: Request) -> str:
    """Method, address and body as they came."""
    body: bytes = request._request.body
    head = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(head + body).hexdigest()


def forget_old() -> int:
    """Remove the claims and answers of more than a day ago; those at work are left. Returns their number."""
    removed = 0
    while True:
        with transaction.atomic():
            old = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).order_by("created_at")
            keys = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:CHUNK])
            IdempotencyKey.objects.filter(pk__in=keys).delete()
        removed += len(keys)
        if len(keys) < CHUNK:
            return removed


def _first(
    row: IdempotencyKey, view: "APIView", handler: Callable[..., Any], request: Request, *args: Any, **kwargs: Any
) -> HttpResponseBase:
    """Let the view work, and write its answer into the row whose lock this transaction holds."""
    is_decided = True
    try:
        with transaction.atomic():
            response = handler(request, *args, **kwargs)
    except (OperationalError, InterfaceError):
        raise  # nothing more can be written here; the claim stays without an answer
    except Exception as error:
        response = view.handle_exception(error)  # raises what nobody foresaw
        is_decided = isinstance(error, DomainError) and response.status_code in DECIDED
    response = view.finalize_response(request, response, *args, **kwargs)
    if isinstance(response, Response):
        response.render()
    if response.status_code >= 500:
        transaction.set_rollback(True)
    elif is_decided:
        row.status, row.body = response.status_code, response.content
        row.headers = {name: response[name] for name in COPIED if name in response}
        row.headers["Content-Language"] = translation.get_language()
        row.save(update_fields=["status", "headers", "body"])
    else:
        row.delete()
    return response


def _again(row: IdempotencyKey) -> HttpResponse:
    return HttpResponse(bytes(row.body), status=row.status, headers={**row.headers, REPLAYED: "true"})
