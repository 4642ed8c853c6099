"""The short way for reads that a storefront sends all day: the same answer as the long way, with less ceremony.

A view that offers `quick_question` is asked before Django REST framework builds its request, serialisers and response.
Only the plain case goes this way: a GET with a key that this process knows from the last second, a scope that allows
it, a query that needs no explaining, below the limit. Whatever else it is, and whatever goes wrong before the answer,
takes the long way, which knows how to say so. `tests/recommender/test_quick.py` holds both ways to the same answers.
"""

from functools import update_wrapper
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException

from core.api.auth import check_origin
from core.api.idempotency import META as IDEMPOTENCY_KEY
from core.api.keys import remembered_key
from core.api.permissions import HasScope
from core.api.principals import KeyAuth
from core.api.renderers import dumps
from core.api.throttling import KeyThrottle, limit_headers
from core.api.views import ApiView

ACCEPTED = ("", "*/*", "application/json")
ALLOWED = "GET, HEAD, OPTIONS"


class Unusual(Exception):
    """Not a plain question: the long way answers."""


class QuickView(ApiView):
    """Base of views with a short way."""

    def quick_question(self, request: HttpRequest, caller: KeyAuth, **kwargs: Any) -> Any:
        """What is asked, checked. Raises Unusual when that takes more than a look."""
        raise NotImplementedError

    def quick_answer(self, question: Any) -> Any:
        """The body: JSON bytes, or what becomes JSON."""
        raise NotImplementedError

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        long_way = super().as_view(**initkwargs)
        view = cls(**initkwargs)  # keeps nothing of a request, so all of them may share it
        scope = _scope_of(cls)

        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == "GET":
                try:
                    return _short_way(view, scope, request, kwargs)
                except (Unusual, APIException, DatabaseError, InterfaceError):
                    pass
            return long_way(request, *args, **kwargs)

        return update_wrapper(answer, long_way)


def _scope_of(cls: type[ApiView]) -> str:
    (permission,) = cls.permission_classes
    assert isinstance(permission, HasScope)
    return permission.scope


def _short_way(view: QuickView, scope: str, request: HttpRequest, kwargs: dict[str, Any]) -> HttpResponse:
    meta = request.META
    caller = remembered_key(meta.get("HTTP_AUTHORIZATION", ""))
    if caller is None or scope not in caller.scopes or IDEMPOTENCY_KEY in meta:
        raise Unusual
    if meta.get("HTTP_ACCEPT", "") not in ACCEPTED:
        raise Unusual
    question = view.quick_question(request, caller, **kwargs)
    request.key_origins = caller.origins  # type: ignore[attr-defined]
    if "HTTP_ORIGIN" in meta:
        check_origin(request, caller)
    request.auth = caller  # type: ignore[attr-defined]
    if not KeyThrottle().allow_request(request, view):  # type: ignore[arg-type]
        raise Unusual
    body = view.quick_answer(question)
    response = HttpResponse(body if isinstance(body, bytes) else dumps(body), content_type="application/json")
    response.headers["Allow"] = ALLOWED
    for name, value in limit_headers(request):  # type: ignore[arg-type]
        response.headers[name] = value
    return response
