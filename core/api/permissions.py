"""Who may do what. Instances go into `permission_classes` as they are: `[HasScope("orders")]`."""

from typing import TYPE_CHECKING, Any, Self

from rest_framework.permissions import BasePermission, SingleOperandHolder
from rest_framework.request import Request

from core.api.principals import CustomerAuth, KeyAuth, StaffAuth

if TYPE_CHECKING:  # DRF loads this module while it makes its views
    from rest_framework.views import APIView

READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Nobody(BasePermission):
    """The default: a view that says nothing about permissions is closed."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return False


class _Given(SingleOperandHolder, BasePermission):
    """A permission with arguments. DRF calls what it finds in `permission_classes`; this answers with itself.

    Being an operand, it can be combined: `HasScope("orders") | IsCustomer`.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Self:
        return self


class HasScope(_Given):
    """A key with this scope; with `write`, that scope for methods that change something.

    Customer tokens count for the scopes of `principals.CUSTOMER_SCOPES`.
    """

    def __init__(self, scope: str, *, write: str | None = None) -> None:
        self.scope = str(scope)
        self.write = str(write or scope)

    def has_permission(self, request: Request, view: "APIView") -> bool:
        needed = self.scope if request.method in READS else self.write
        if not isinstance(request.auth, KeyAuth | CustomerAuth):
            return False
        if needed not in request.auth.scopes:
            request.missing_scope = needed  # type: ignore[attr-defined]  # for the words of the refusal
            return False
        return True


class IsCustomer(BasePermission):
    """A customer token. What belongs to whom is decided by the query: foreign objects do not exist (404)."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return isinstance(request.auth, CustomerAuth)


class HasStaffPermission(_Given):
    """A member of staff with this Django permission, such as `catalog.view_order`."""

    def __init__(self, permission: str) -> None:
        self.permission = permission

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return isinstance(request.auth, StaffAuth) and request.auth.user.has_perm(self.permission)
