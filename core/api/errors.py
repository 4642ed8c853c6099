"""Every refusal of the API is problem+json (RFC 9457), whoever refuses."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from core.api.renderers import dumps
from core.exceptions import DomainError
from core.faults import Fault, fault_of

log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:zhanggui:problem:"


class FieldProblemSerializer(serializers.Serializer):
    """What is wrong with one field. Lists are counted from 0: `lines.0.quantity`."""

    field = serializers.CharField()
    message = serializers.CharField()
    code = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """A refusal. `code` is stable; `detail` is for people, in the language of the request."""

    type = serializers.CharField(help_text="URN that ends with the code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = FieldProblemSerializer(many=True)  # type: ignore[assignment]  # the body has a field of this name
    request_id = serializers.CharField(help_text="Also in the header X-Request-ID, and in our logs.")


def problem(
    status: int,
    code: str,
    detail: Any = "",
    *,
    errors: list[dict[str, str]] | None = None,
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The body of a refusal. `extra` may add members, not replace them."""
    title = HTTPStatus(status).phrase
    return {
        **(extra or {}),
        "type": TYPE_PREFIX + code,
        "title": title,
        "status": status,
        "detail": str(detail) or title,
        "code": code,
        "errors": errors or [],
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
    }


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. Returns None for what nobody foresaw, which Django then logs and answers with 500."""
    from rest_framework.views import set_rollback  # DRF loads this module while it makes its views

    response = _answer(error)
    if response is not None:
        set_rollback()
        response.content_type = MEDIA_TYPE
    return response


def _answer(error: Exception) -> Response | None:
    if isinstance(error, DomainError):
        errors = []
        extra = dict(error.extra)
        if field := extra.pop("field", None):
            errors.append({"field": str(field), "message": str(error.message), "code": error.code})
        body = problem(error.status, error.code, error.message, errors=errors, extra=extra)
        return Response(body, error.status, headers=_headers(error))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, DjangoPermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        return Response(problem(413, "body_too_large", _("The body is too large.")), 413)
    elif isinstance(error, SuspiciousOperation):
        return Response(problem(400, "bad_request"), 400)
    elif isinstance(error, IntegrityError):
        # A rule of the tables that no service foresaw, or a race that it lost.
        log.warning("api.conflict", error=str(error)[:300])
        return Response(problem(409, "conflict", _("This clashes with something that is already there.")), 409)
    elif fault := fault_of(error):
        log.warning("api.fault", code=fault.code, error=str(error)[:300])
        return Response(problem(fault.status, fault.code, fault.sentence), fault.status, headers=fault.headers)
    if not isinstance(error, exceptions.APIException):
        return None
    return Response(_api_problem(error), error.status_code, headers=_headers(error))


def _api_problem(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        detail = _("Some of what was sent cannot be used.")
        return problem(400, "bad_input", detail, errors=list(_field_problems(error.get_full_details())))
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else error.default_code
    return problem(error.status_code, code, error.detail)


def _headers(error: Exception) -> dict[str, str]:
    """`wait` of an error, in seconds, becomes Retry-After."""
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(max(1, int(wait)))
    return headers


def _field_problems(details: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flatten what DRF nests: `{"lines": [{}, {"sku": [{message, code}]}]}` becomes `lines.1.sku`."""
    if isinstance(details, list):
        leaves = [item for item in details if isinstance(item, dict) and set(item) == {"message", "code"}]
        if leaves and len(leaves) == len(details):
            for leaf in leaves:
                yield {"field": path, "message": str(leaf["message"]), "code": str(leaf["code"])}
            return
        for position, item in enumerate(details):
            yield from _field_problems(item, f"{path}.{position}" if path else str(position))
    elif isinstance(details, dict):
        for name, value in details.items():
            inner = path if name == "non_field_errors" else f"{path}.{name}" if path else str(name)
            yield from _field_problems(value, inner)


# --- outside DRF --------------------------------------------------------------------------------------------------


def problem_response(status: int, code: str, detail: Any = "") -> HttpResponse:
    """For middleware and Django's own error pages."""
    return HttpResponse(dumps(problem(status, code, detail)), status=status, content_type=MEDIA_TYPE)


def fault_response(fault: Fault) -> HttpResponse:
    """For faults of servers and disks that were met outside of a view."""
    response = problem_response(fault.status, fault.code, fault.sentence)
    for name, value in fault.headers.items():
        response[name] = value
    return response


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


@csrf_exempt
def unknown_path(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Everything below /api/ that is not there."""
    return problem_response(404, "not_found", _("There is nothing at this address. See %(url)s.") % {"url": "/api/"})


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500 for the API: says nothing about the inside; the request id leads to the log."""
    return problem_response(500, "error", _("Something went wrong here. It has been logged with this request ID."))
