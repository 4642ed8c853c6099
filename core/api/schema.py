"""OpenAPI: the refusals that every operation shares, and how callers say who they are."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_lib_doc_excludes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from core.api.errors import MEDIA_TYPE, ProblemSerializer
from core.api.idempotency import HEADER, PATTERN, REPLAYED

MEANINGS = {
    "400": "What was sent cannot be used; `errors` names each field.",
    "401": "No key, an unknown or revoked key, or an expired token.",
    "403": "This key may not do this, or not from this web address.",
    "404": "There is no such thing, or it is not yours.",
    "409": "A rule of the shop says no (`code` says which), or `in_flight`: the first with this idempotency key works.",
    "411": "A body needs a `Content-Length`.",
    "413": "The body is too large.",
    "415": "The body is not of a type this address takes.",
    "422": "Understood, but it names what cannot be; or `idempotency_key_reused`: another request had this key.",
    "429": "Too many requests in this minute; `Retry-After` says when to come back.",
    "503": "The database is away; `Retry-After` says when to come back.",
}
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
LANGUAGE = OpenApiParameter(
    "lang",
    str,
    required=False,
    enum=["en", "zh-hans"],
    description="Language of names; else `Accept-Language` decides.",
)

IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": 200, "pattern": PATTERN},
    OpenApiParameter.HEADER,
    required=False,
    description=(
        "Made by the caller, one per intended write. The same request under the same key is done once: for 24 hours "
        f"it gets the first answer again, with `{REPLAYED}: true`."
    ),
)


def problems(*statuses: int) -> dict[int, OpenApiResponse]:
    """For `responses=`: more refusals than the shared ones."""
    return {status: OpenApiResponse(ProblemSerializer, MEANINGS[str(status)]) for status in statuses}


def base_classes() -> list[type]:
    """Classes whose docstrings are for us, not descriptions of operations."""
    from core.api.views import ApiListView, ApiView

    return [*get_lib_doc_excludes(), ApiView, ApiListView]


class ApiSchema(AutoSchema):
    """Adds to each operation the refusals it can meet by what it is: any, with a body, with an id in its path."""

    def get_override_parameters(self) -> list[Any]:
        return [*super().get_override_parameters(), *([IDEMPOTENCY_KEY] if self.method in WRITES else [])]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        statuses = ["400", "401", "403", "429", "503"]
        if "{" in self.path:
            statuses.append("404")
        if self.method in WITH_BODY:
            statuses += ["411", "413", "415"]
        if self.method in WRITES:
            statuses += ["409", "422"]
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
            "description": (
                "A server key (`zg_sk_…`), a publishable key (`zg_pk_…`), a customer token (`zg_ct_…`) or, below "
                "`staff/`, a staff token (`zg_st_…`)."
            ),
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
