"""What happens to every request: a name, web addresses of others, the language, the time zone."""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.contrib.auth.middleware import get_user
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from core.api.errors import is_api, problem_response
from core.api.keys import allowed_origins
from core.metrics import count_request
from core.shop import shop_zone

Handler = Callable[[HttpRequest], HttpResponseBase]
log = structlog.get_logger("http")
GOOD_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")
QUIET = ("/livez", "/readyz", "/metrics", "/static/", "/media/")


class RequestIdMiddleware:
    """Gives each request an id (or takes the caller's) that stands in the answer, in every log line and on its jobs.

    Addresses with a NUL character are refused here: no table can hold one. Cookies with one count as not sent.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if GOOD_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        if "\\000" in request.META.get("HTTP_COOKIE", ""):  # how a quoted cookie spells it
            request.COOKIES = {name: value for name, value in request.COOKIES.items() if "\x00" not in value}
        try:
            if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
                response: HttpResponseBase = problem_response(
                    400, "nul_character", _("Addresses may not contain the NUL character.")
                )
            else:
                response = self.get_response(request)
            response["X-Request-ID"] = request_id
            if not request.path_info.startswith(QUIET):
                seconds = time.perf_counter() - started
                _log(request, response, seconds)
                count_request(request.path_info, response.status_code, seconds)
            return response
        finally:
            structlog.contextvars.clear_contextvars()


def _log(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    """The route, not the path: paths hold ids of people."""
    match = request.resolver_match
    log.info(
        "request",
        method=request.method,
        route=match.route if match else None,
        status=response.status_code,
        ms=round(seconds * 1000, 1),
    )


class CorsMiddleware:
    """Lets browsers of allowed web addresses call the API: those that a publishable key names.

    A preflight request carries no key, so any key's addresses count; once a request named its key, only that key's do.
    Cookies are never part of it.
    """

    METHODS = "DELETE, GET, OPTIONS, POST, PUT"
    HEADERS = "Accept-Language, Authorization, Content-Type, Idempotency-Key, X-Request-ID"
    EXPOSED = "Idempotent-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-ID"
    MAX_AGE_SECONDS = 600

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        origin = request.headers.get("Origin", "")
        if not is_api(request) or not origin:
            return self.get_response(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response: HttpResponseBase = HttpResponse(status=204)
            is_allowed = self._is_allowed(request, origin)
            if is_allowed:
                response["Access-Control-Allow-Methods"] = self.METHODS
                response["Access-Control-Allow-Headers"] = self.HEADERS
                response["Access-Control-Max-Age"] = str(self.MAX_AGE_SECONDS)
        else:
            response = self.get_response(request)
            is_allowed = self._is_allowed(request, origin)
            if is_allowed:
                response["Access-Control-Expose-Headers"] = self.EXPOSED
        if is_allowed:
            response["Access-Control-Allow-Origin"] = origin
        patch_vary_headers(response, ["Origin"])
        return response

    @staticmethod
    def _is_allowed(request: HttpRequest, origin: str) -> bool:
        of_key: frozenset[str] | None = getattr(request, "key_origins", None)
        try:
            return origin.rstrip("/").lower() in (allowed_origins() if of_key is None else of_key)
        except DatabaseError:
            return False


class StaffLocaleMiddleware:
    """Language of the answer.

    Staff pages: the member's own setting, then the cookie of the language switch, then the browser's. The API:
    `?lang=`, then `Accept-Language`; sessions play no part there.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = self._for_api(request) if is_api(request) else self._for_staff(request)
        with translation.override(language):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            patch_vary_headers(response, ["Accept-Language"])
            return response

    @staticmethod
    def _for_api(request: HttpRequest) -> str:
        return _supported(request.GET.get("lang", "")) or translation.get_language_from_request(request)

    @staticmethod
    def _for_staff(request: HttpRequest) -> str:
        own = ""
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            try:
                own = getattr(get_user(request), "language", "")
            except (DatabaseError, ObjectDoesNotExist):
                own = ""
        # Django's own look-up takes the cookie before the header.
        return _supported(own) or translation.get_language_from_request(request)


def _supported(code: str) -> str:
    """The language we have for this code (`zh`, `zh-CN` → `zh-hans`), or an empty text."""
    try:
        return translation.get_supported_language_variant(code) if code else ""
    except LookupError:
        return ""


class ShopTimeZoneMiddleware:
    """Staff pages speak in the shop's time. The API is always in UTC."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_api(request) or request.path_info.startswith(QUIET):
            return self.get_response(request)
        with timezone.override(shop_zone()):
            return self.get_response(request)
