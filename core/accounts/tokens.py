"""Tokens of staff: a program may call the API with the rights that its owner has at that moment."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.accounts import second_factor
from core.exceptions import BadInput, DomainError
from core.models import ApiKey, StaffToken, StaffUser

MOST_TOKENS = 20
DAYS = (7, 30, 90, 365)
"""How long a token may live."""
USED_EVERY = timedelta(minutes=5)
KEPT = timedelta(days=90)
"""So long the page of its owner shows a token that ended."""


@transaction.atomic
def make(person: StaffUser, *, name: str, days: int) -> tuple[StaffToken, str]:
    """A new token and its value, which exists nowhere else: show it once. The ledger notes it by a trigger."""
    if days not in DAYS:
        raise BadInput(_("Choose how long the token lives."), extra={"field": "days"})
    StaffUser.objects.select_for_update().get(pk=person.pk)
    if StaffToken.objects.usable().filter(person=person).count() >= MOST_TOKENS:
        raise DomainError(
            _("You have %(most)d tokens. Revoke one that is no longer needed.") % {"most": MOST_TOKENS},
            code="too_many_tokens",
            extra={"field": "name"},
        )
    value = f"{StaffToken.PREFIX}{secrets.token_urlsafe(32)}"
    token = StaffToken.objects.create(
        person=person, name=name.strip(), prefix=value[:12], token_hash=ApiKey.hash_of(value),
        expires_at=timezone.now() + timedelta(days=days),
    )  # fmt: skip
    return token, value


def revoke(token: StaffToken) -> bool:
    """End it now and for ever. False when it had ended by hand before."""
    return bool(StaffToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()))


def revoke_all(person: StaffUser) -> int:
    """For somebody who leaves. How many there were."""
    return StaffToken.objects.filter(person=person, revoked_at=None).update(revoked_at=timezone.now())


def shown(person: StaffUser) -> Sequence[StaffToken]:
    """Usable ones, then those that ended lately; the newest first."""
    since = timezone.now() - KEPT
    recent = StaffToken.objects.filter(person=person, expires_at__gt=since).exclude(revoked_at__lt=since)
    return sorted(recent.order_by("-id")[: 2 * MOST_TOKENS], key=lambda token: not token.is_usable)


def owner_of(value: str) -> StaffUser | None:
    """Whose usable token this is. Nobody's when a role of its owner needs the second step and there is none."""
    token = StaffToken.objects.usable().select_related("person").filter(token_hash=ApiKey.hash_of(value)).first()
    if token is None or (second_factor.is_required(token.person) and not second_factor.is_on(token.person)):
        return None
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - USED_EVERY:
        StaffToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token.person
