"""OpenAPI: the refusals that every operation shares, and how callers say who they are."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from core.api.errors import MEDIA_TYPE, ProblemSerializer

MEANINGS = {
    "400": "What was sent cannot be used; `errors` names each field.",
    "401": "No key, an unknown or revoked key, or an expired token.",
    "403": "This key may not do this, or not from this web address.",
    "404": "There is no such thing, or it is not yours.",
    "409": "A rule of the shop says no; `code` says which.",
    "413": "The body is too large.",
    "415": "The body is not of a type this address takes.",
    "422": "Understood, but it names what does not exist or cannot be.",
    "429": "Too many requests in this minute; `Retry-After` says when to come back.",
    "503": "The database is away; `Retry-After` says when to come back.",
}
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
LANGUAGE = OpenApiParameter(
    "lang",
    str,
    required=False,
    enum=["en", "zh-hans"],
    description="Language of names; else `Accept-Language` decides.",
)


def problems(*statuses: int) -> dict[int, OpenApiResponse]:
    """For `responses=`: more refusals than the shared ones."""
    return {status: OpenApiResponse(ProblemSerializer, MEANINGS[str(status)]) for status in statuses}


class ApiSchema(AutoSchema):
    """Adds to each operation the refusals it can meet by what it is: any, with a body, with an id in its path."""

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        statuses = ["400", "401", "403", "429", "503"]
        if "{" in self.path:
            statuses.append("404")
        if self.method in WITH_BODY:
            statuses += ["413", "415"]
        for status in sorted({*statuses, *(code for code in bodies if code in MEANINGS)}):
            description = (bodies.get(status) or {}).get("description") or MEANINGS[status]
            response = OpenApiResponse(ProblemSerializer, description)
            bodies[status] = self._get_response_for_code(response, status, [MEDIA_TYPE], direction)
        return dict(sorted(bodies.items()))


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "core.api.auth.ApiKeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A server key (`zg_sk_…`), a publishable key (`zg_pk_…`) or a customer token (`zg_ct_…`).",
        }


class StaffScheme(OpenApiAuthenticationExtension):
    """Only named where staff may call."""

    target_class = "core.api.auth.StaffSessionAuthentication"
    name = "staff"

    def get_security_requirement(self, auto_schema: AutoSchema) -> Any:
        return {self.name: []} if _open_to_staff(auto_schema.view) else None

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "The login of the staff site."}


def _open_to_staff(view: Any) -> bool:
    from core.api.permissions import HasStaffPermission

    def parts(permission: Any) -> Iterator[Any]:
        """The permission, and those it is combined of."""
        yield permission
        for name in ("op1", "op2"):
            if hasattr(permission, name):
                yield from parts(getattr(permission, name))

    return any(isinstance(part, HasStaffPermission) for one in view.get_permissions() for part in parts(one))
