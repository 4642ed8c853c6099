"""What every address of the API is made of."""

from functools import partial
from typing import Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import idempotency
from core.api.principals import KeyAuth
from core.api.throttling import limit_headers

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class ApiView(APIView):
    """Base of all views below /api/v1/: writes take an `Idempotency-Key`, answers say how much of the limit is left.

    `stores_answers = False` for writes without an effect whose answers must not lie in a table: they are made anew.
    """

    stores_answers = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        has_key = idempotency.META in request.META and request.method in WRITES
        if has_key and self.stores_answers:
            _body = request._request.body  # kept as bytes before a parser uses the stream up
        super().initial(request, *args, **kwargs)
        name = str(request.method).lower()
        if not has_key or request.auth is None or not hasattr(self, name):
            return
        idempotency.key_of(request)
        if self.stores_answers:
            # This object serves this one request; who calls, and whether they may, is known by now.
            setattr(self, name, partial(idempotency.once, self, getattr(self, name)))

    def permission_denied(self, request: Request, message: str | None = None, code: str | None = None) -> NoReturn:
        """A key that lacks a scope is told which: those made before a scope existed do not have it."""
        scope = getattr(request, "missing_scope", None)
        if scope is not None and isinstance(request.auth, KeyAuth):
            message = _("This key lacks the scope %(scope)s. Make a new key that has it.") % {"scope": scope}
            code = "scope_missing"
        super().permission_denied(request, message, code)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        for name, value in limit_headers(request):
            final[name] = value
        return final


class ApiListView(ApiView, GenericAPIView):
    """With pages."""
