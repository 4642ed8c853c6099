"""How the pages of this shop reach the API: through its addresses, views and checks, without a socket in between.

A call makes a request of its own with the credential it is given, so key, scope, limits, validation and rendering are
those that every other caller meets (docs/adr/0037). What comes back is the JSON of the answer.
"""

import io
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

import orjson
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils import timezone, translation

from core.acting import acting_as, of_request

BASE = "/api/v1/"
FORWARDED = (
    "REMOTE_ADDR", "HTTP_X_FORWARDED_FOR", "HTTP_USER_AGENT", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT",
    "wsgi.url_scheme",
)  # fmt: skip


class Refused(Exception):
    """The API said no. `code` and `detail` are those of its problem; `detail` may be shown to people."""

    def __init__(self, status: int, problem: dict[str, Any], retry_after: str = "") -> None:
        super().__init__(f"{status} {problem.get('code', '')}")
        self.status = status
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail", ""))
        self.retry_after = retry_after


@dataclass(frozen=True)
class ShopApi:
    """Calls on behalf of one page: the limits of a publishable key count for the person who asked for the page."""

    page: HttpRequest
    credential: str
    language: str

    def get(self, path: str, **query: Any) -> Any:
        """The answer's JSON. Raises Refused."""
        return self._json("GET", path, query=query)

    def post(self, path: str, body: Any = None, *, idempotency_key: str = "") -> Any:
        return self._json("POST", path, body=body or {}, idempotency_key=idempotency_key)

    def send(self, path: str, content: bytes, content_type: str, **query: Any) -> Any:
        """A body that is no JSON, such as a picture."""
        return self._json("POST", path, query=query, body=content, content_type=content_type)

    def put(self, path: str, body: Any) -> Any:
        return self._json("PUT", path, body=body)

    def delete(self, path: str) -> Any:
        return self._json("DELETE", path)

    def file(self, path: str) -> HttpResponseBase:
        """The answer as it is, for downloads. Raises Refused."""
        response = self._call("GET", path)
        if response.status_code >= 400:
            raise Refused(response.status_code, orjson.loads(getattr(response, "content", b"") or b"{}"))
        return response

    def _json(self, method: str, path: str, **more: Any) -> Any:
        response = self._call(method, path, **more)
        content: bytes = getattr(response, "content", b"")
        data = orjson.loads(content) if content else None
        if response.status_code >= 400:
            problem = data if isinstance(data, dict) else {}
            raise Refused(response.status_code, problem, response.headers.get("Retry-After", ""))
        return data

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        idempotency_key: str = "",
        content_type: str = "application/json",
    ) -> HttpResponseBase:
        wanted = {name: value for name, value in (query or {}).items() if value not in (None, "")}
        content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        environ = {
            **{name: self.page.META[name] for name in FORWARDED if name in self.page.META},
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": BASE + path,
            "QUERY_STRING": urlencode(wanted, doseq=True),
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(len(content)),
            "HTTP_AUTHORIZATION": f"Bearer {self.credential}",
            "wsgi.input": io.BytesIO(content),
            **({"HTTP_IDEMPOTENCY_KEY": idempotency_key} if idempotency_key else {}),
        }
        request = WSGIRequest(environ)
        match = resolve(request.path_info)
        request.resolver_match = match
        with translation.override(self.language), timezone.override(UTC), acting_as(lambda: of_request(request)):
            response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
            if hasattr(response, "render"):
                response = response.render()
        return response
