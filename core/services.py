"""Use cases of the ground floor: API keys and the people who work here."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import roles
from core.accounts import second_factor
from core.exceptions import BadInput, DomainError
from core.models import ApiKey, StaffUser
from core.models.access import PUBLISHABLE_SCOPES


def create_api_key(
    *,
    name: str,
    kind: str,
    scopes: Iterable[str],
    allowed_origins: Iterable[str] = (),
    expires_at: datetime | None = None,
    by: StaffUser | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its value. The value of a server key exists nowhere else: show it once."""
    wanted = sorted(set(scopes))
    if not wanted:
        raise BadInput(_("Choose at least one scope."), extra={"field": "scopes"})
    if kind == ApiKey.Kind.PUBLISHABLE and not set(wanted) <= PUBLISHABLE_SCOPES:
        raise BadInput(
            _("A publishable key stands in web pages, so it cannot write or read orders."), extra={"field": "scopes"}
        )
    value = ApiKey.new_value(kind)
    key = ApiKey.objects.create(
        name=name, kind=kind, prefix=value[:12], key_hash=ApiKey.hash_of(value), scopes=wanted,
        publishable_value=value if kind == ApiKey.Kind.PUBLISHABLE else "",
        allowed_origins=list(allowed_origins) if kind == ApiKey.Kind.PUBLISHABLE else [],
        expires_at=expires_at, created_by=by,
    )  # fmt: skip
    return key, value


def revoke_api_key(key: ApiKey) -> bool:
    """End a key now and for ever. False when it was revoked before."""
    from core.api.keys import forget_keys

    revoked = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())
    transaction.on_commit(forget_keys)
    return bool(revoked)


@transaction.atomic
def set_roles(person: StaffUser, groups: Iterable[Group], *, by: StaffUser) -> None:
    """Give exactly these roles, within what `by` may give. Roles outside that stay as they are."""
    if person.pk == by.pk:
        raise DomainError(_("Nobody changes their own roles."), code="own_roles")
    allowed = {group.pk for group in roles.assignable_groups(by)}
    wanted = {group.pk for group in groups}
    if not wanted <= allowed:
        raise DomainError(_("A role with more rights than your own cannot be given."), code="role_too_high")
    if roles.outranks(person, by):
        raise DomainError(_("This person has rights that you do not have."), code="outranked")
    has = set(person.groups.values_list("pk", flat=True))
    person.groups.add(*(wanted - has))
    person.groups.remove(*((has & allowed) - wanted))
    if second_factor.is_required(person):
        second_factor.sign_out_without([person.pk])
