"""What browsers may do with an answer, by its path.

Only the theme of the staff site needs `unsafe-eval` for scripts and `unsafe-inline` for styles; both are allowed below
its path and nowhere else.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from csp.constants import HEADER, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

ADMIN = "/admin/"
DATA = ("/api/", "/livez", "/readyz", "/metrics")
DOCS = "/api/"
API = "/api/v1/"
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})

CLOSED: Mapping[str, Any] = {
    "default-src": [NONE],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [NONE],
}
PAGE: Mapping[str, Any] = {
    **CLOSED,
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
}
STAFF: Mapping[str, Any] = {**PAGE, "script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
UPLOADED: Mapping[str, Any] = {**CLOSED, "sandbox": [""]}

FEATURES = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb")
PERMISSIONS = ", ".join(f"{feature}=()" for feature in FEATURES)
_CLOSED_TEXT = build_policy(dict(CLOSED))


class SecurityHeadersMiddleware(CSPMiddleware):
    """Adds what the answer does not say itself: the policy of its path, and whether it may be kept."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        path = request.path_info
        if path.startswith(DATA) and path != DOCS:
            response.headers.setdefault(HEADER, _CLOSED_TEXT)
        else:
            response = super().process_response(request, response)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        if path.startswith((ADMIN, API)):
            response.headers.setdefault("Cache-Control", "no-store")
        elif path.startswith(settings.MEDIA_URL) and PurePosixPath(path).suffix.lower() not in PICTURES:
            response.headers["Content-Disposition"] = "attachment"
        return response

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if parts.config is None and not report_only:
            parts.config = dict(_policy(request.path_info))
        return parts


def _policy(path: str) -> Mapping[str, Any]:
    if path.startswith(ADMIN):
        return STAFF
    if path.startswith(settings.MEDIA_URL):
        return UPLOADED
    return CLOSED if path.startswith(settings.STATIC_URL) else PAGE
