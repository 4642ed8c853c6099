"""Who guesses passwords is stopped for a quarter of an hour.

Counted in the database: five failures for a name from one address, fifty for a name from anywhere, a hundred for an
address whatever the name. Names that nobody has are counted like others, so the answer tells nothing.
"""

import ipaddress
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from rest_framework.throttling import BaseThrottle

from core.alerts import AlertKind, raise_alert, resolve
from core.choices import Role
from core.models import Alert, StaffUser
from core.said import Said

NAME_LIMIT = 50
ADDRESS_LIMIT = 100
ALERT = "sign_in_locked"
SIGN_IN_LOCKED = AlertKind(
    title=_("Sign-in of an account with many rights is locked"),
    level=Alert.Level.WARNING,
    roles=(Role.OWNER,),
    help=_("Ask the person whether it was them. If not, let them change their password and turn on a second factor."),
    page="core_staffuser_changelist",
    page_label=_("Open staff"),
    permission="core.view_staffuser",
)


def client_address(request: HttpRequest) -> str | None:
    """The address of the browser, behind NUM_PROXIES proxies; None when it is none."""
    found: str = BaseThrottle().get_ident(request) or ""  # type: ignore[arg-type]
    try:
        return str(ipaddress.ip_address(found.strip()))
    except ValueError:
        return None


class LockoutBackend(AxesStandaloneBackend):  # type: ignore[misc]
    """Stands before the backend that looks at passwords. Without a request (commands) there is nobody to lock out."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        if request is not None:
            super().authenticate(request, **credentials)


class Handler(AxesDatabaseHandler):  # type: ignore[misc]
    """Three counts with limits of their own, scaled to the limit of the first."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        both, name, address = (_failures(rows) for rows in self.get_user_attempts(request, credentials))
        limit: int = settings.AXES_FAILURE_LIMIT
        if client_address(request) is None:
            address = 0  # a socket has no address: all callers would share the count
        return max(both, name * limit // NAME_LIMIT, address * limit // ADDRESS_LIMIT)

    def reset_user_attempts(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """After a sign-in only this name's failures from this address are forgotten: one's own account must not wash
        away guesses at others."""
        deleted: int = self.filter_user_attempts(request, credentials)[0].delete()[0]
        return deleted


def _failures(rows: QuerySet[Any]) -> int:
    return rows.aggregate(count=Sum("failures_since_start"))["count"] or 0


def with_locks(people: QuerySet[StaffUser]) -> QuerySet[StaffUser]:
    """Annotates `is_locked`: somebody, somewhere, cannot sign in with this name now."""
    since = timezone.now() - settings.AXES_COOLOFF_TIME
    lately = AccessAttempt.objects.filter(username=OuterRef("username"), attempt_time__gte=since).order_by()

    def counted(limit: int, *by: str) -> Exists:
        return Exists(lately.values(*by).annotate(count=Sum("failures_since_start")).filter(count__gte=limit))

    from_one = counted(settings.AXES_FAILURE_LIMIT, "username", "ip_address")
    return people.annotate(is_locked=from_one | counted(NAME_LIMIT, "username"))


def unlock(person: StaffUser) -> bool:
    """Forget failed sign-ins of this name. False when there were none."""
    deleted, _rows = AccessAttempt.objects.filter(username=person.username).delete()
    resolve(ALERT, key=str(person.pk))
    return bool(deleted)


# --- receivers ----------------------------------------------------------------------------------------------------


def tell_locked(sender: Any, username: str | None, **kwargs: Any) -> None:
    """Call the owner when the name belongs to somebody who may do much."""
    much = Q(is_superuser=True) | Q(groups__name__in=[Role.OWNER, Role.OPERATOR])
    person = StaffUser.objects.filter(much, username=username or "", is_active=True).first()
    if person is not None:
        said = Said(gettext_noop("Too many wrong passwords for account #%(number)s."), {"number": person.pk})
        raise_alert(ALERT, key=str(person.pk), said=said, link=reverse("admin:core_staffuser_change", args=[person.pk]))


def tell_signed_in(sender: Any, user: StaffUser, **kwargs: Any) -> None:
    """Whoever comes in is not locked out."""
    resolve(ALERT, key=str(user.pk))
