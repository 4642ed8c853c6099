"""How callers of the API say who they are."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from core.accounts import tokens as staff_tokens
from core.api import throttling, tokens
from core.api.keys import key_by_id, key_by_value, was_known
from core.api.principals import CustomerAuth, KeyAuth, StaffAuth
from core.models import StaffToken, StaffUser

SCHEME = "bearer"
LONGEST_CREDENTIAL = 600


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer …` with a server key, a publishable key, a customer token or a staff token.

    Views with `key_in_body = True` also take a publishable key as `key` in the body: `navigator.sendBeacon`
    cannot set headers.
    """

    def authenticate(self, request: Request) -> tuple[Any, KeyAuth | CustomerAuth | StaffAuth] | None:
        value = self._from_header(request) or self._from_body(request)
        if value is None:
            return None
        if len(value) > LONGEST_CREDENTIAL:
            raise AuthenticationFailed(_("This key is not known here."), code="key_unknown")
        if value.startswith(tokens.PREFIX):
            return None, self._customer(value)
        if value.startswith(StaffToken.PREFIX):
            person = self._person(request, value)
            return person, StaffAuth(person)
        if not was_known(value):
            throttling.refuse_guessers(request)
        key = key_by_value(value)
        if key is None:
            throttling.note_guess(request)
            raise AuthenticationFailed(_("This key is not known here, has expired or was revoked."), code="key_unknown")
        request._request.key_origins = key.origins  # type: ignore[attr-defined]
        check_origin(request, key)
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    @staticmethod
    def _from_header(request: Request) -> str | None:
        scheme, _space, value = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        value = value.strip()
        return value if value and scheme.lower() == SCHEME else None

    @staticmethod
    def _from_body(request: Request) -> str | None:
        view = (request.parser_context or {}).get("view")
        if not getattr(view, "key_in_body", False) or request.method != "POST":
            return None
        body: Any = request.data
        value = body.get("key") if isinstance(body, dict) else None
        if not isinstance(value, str) or not value:
            return None
        if not value.startswith("zg_pk_"):
            raise AuthenticationFailed(_("Only a publishable key may stand in the body."), code="key_unknown")
        return value

    @staticmethod
    def _person(request: Request, value: str) -> StaffUser:
        throttling.refuse_guessers(request)
        person = staff_tokens.owner_of(value)
        if person is None:
            throttling.note_guess(request)
            raise AuthenticationFailed(
                _("This token is not known here, has expired or was revoked."), code="token_unknown"
            )
        return person

    @staticmethod
    def _customer(value: str) -> CustomerAuth:
        found = tokens.read(value)
        if key_by_id(found.key_id) is None:
            raise AuthenticationFailed(_("The key that issued this token was revoked."), code="token_revoked")
        return found


class StaffSessionAuthentication(SessionAuthentication):
    """The login cookie of the staff site, with its protection against forged requests."""

    def authenticate(self, request: Request) -> tuple[Any, StaffAuth] | None:
        user = getattr(request._request, "user", None)
        if user is None or not user.is_active or not user.is_staff:
            return None
        self.enforce_csrf(request)
        return user, StaffAuth(user)


def check_origin(request: Request | HttpRequest, key: KeyAuth) -> None:
    """A publishable key works only in pages of the addresses it names, and in our own pages.

    Callers without an Origin header are not pages of somebody else, so there is nothing to check.
    """
    origin = request.META.get("HTTP_ORIGIN", "").rstrip("/").lower()
    if key.is_server or not origin or origin in key.origins:
        return
    if origin == f"{request.scheme}://{request.get_host()}".lower():
        return
    raise PermissionDenied(_("This key may not be used by pages of this web address."), code="origin_not_allowed")
