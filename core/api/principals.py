"""Who calls the API. `request.auth` is one of these, or None for nobody; staff have `request.user` as well."""

from dataclasses import dataclass, field
from typing import Protocol

from core.models import ApiKey, Scope, StaffUser
from core.models.access import PUBLISHABLE_SCOPES

CUSTOMER_SCOPES = frozenset({
    Scope.CATALOGUE_READ, Scope.SEARCH, Scope.EVENTS, Scope.RECOMMENDATIONS, Scope.REVIEWS, Scope.CONVERSATIONS
})  # fmt: skip
"""What a customer token may do beside what belongs to the customer alone."""


class Principal(Protocol):
    """Anything that may call the API."""

    @property
    def scopes(self) -> frozenset[str]: ...

    @property
    def throttle_name(self) -> str: ...


@dataclass(frozen=True)
class KeyAuth:
    """A server or publishable key."""

    key_id: int
    kind: str
    scopes: frozenset[str]
    origins: frozenset[str] = field(default_factory=frozenset)
    """Web addresses in lower case whose pages may use a publishable key."""

    @classmethod
    def of(cls, key: ApiKey) -> "KeyAuth":
        """A publishable key never gets more than browsers may have, whatever its row says."""
        scopes = frozenset(key.scopes)
        if key.kind == ApiKey.Kind.PUBLISHABLE:
            scopes &= PUBLISHABLE_SCOPES
        origins = frozenset(origin.rstrip("/").lower() for origin in key.allowed_origins)
        return cls(key.pk, key.kind, scopes, origins)

    @property
    def is_server(self) -> bool:
        return self.kind == ApiKey.Kind.SERVER

    @property
    def throttle_name(self) -> str:
        return f"key{self.key_id}"


@dataclass(frozen=True)
class CustomerAuth:
    """A customer, by a token that a server key issued."""

    customer: str
    """Public id."""
    key_id: int
    scopes: frozenset[str] = CUSTOMER_SCOPES

    @property
    def throttle_name(self) -> str:
        return f"customer{self.customer}"


@dataclass(frozen=True)
class StaffAuth:
    """A member of staff, signed in or by a token. Has permissions instead of scopes."""

    user: StaffUser
    scopes: frozenset[str] = frozenset()

    @property
    def throttle_name(self) -> str:
        return f"staff{self.user.pk}"
