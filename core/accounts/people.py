"""Inviting people, giving them back their way in, switching them off."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from core import ledger, mail, services
from core.accounts import links, second_factor, tokens
from core.exceptions import BadInput, DomainError
from core.models import LedgerEntry, OutgoingMail, StaffUser
from core.shop import current_shop

INVITATION, RESET, CHANGED, ADDRESS = "invitation", "password_reset", "password_changed", "address_changed"
RESETS_AN_HOUR = 3
MOST_ACCOUNTS = 5
Address = Callable[[links.Purpose, str], str]
"""Makes a full web address of a token: `(purpose, token) -> url`."""


# --- invitations --------------------------------------------------------------------------------------------------


@transaction.atomic
def invite(*, details: dict[str, Any], groups: Iterable[Group], by: StaffUser, address: Address) -> StaffUser:
    """A new account without a password, and the mail whose link lets its owner choose one.

    `details`: username, email, first_name, last_name, language. Raises DomainError for roles that `by` may not give
    and for an address that somebody has already.
    """
    if not by.has_perm("core.manage_roles"):
        raise DomainError(_("Only those who give roles may invite."), code="not_allowed")
    email = str(details["email"]).strip()
    if StaffUser.objects.filter(email__iexact=email).exists():
        raise BadInput(_("Somebody with this address works here already."), extra={"field": "email"})
    person = StaffUser(**{**details, "email": email}, is_staff=True)
    person.set_unusable_password()
    person.save()
    services.set_roles(person, groups, by=by)
    _write_invitation(person, address)
    return person


@transaction.atomic
def invite_again(person: StaffUser, address: Address) -> OutgoingMail:
    """A new link; those sent before end. Raises DomainError for somebody who has joined or was withdrawn."""
    if not person.is_invited or not person.is_active:
        raise DomainError(_("This person has no open invitation."), code="not_invited")
    return _write_invitation(person, address)


def _write_invitation(person: StaffUser, address: Address) -> OutgoingMail:
    person.invited_at = timezone.now()
    person.save(update_fields=["invited_at"])
    link = address(links.Purpose.INVITATION, links.make(links.Purpose.INVITATION, person))
    return _write(INVITATION, person, link)


def invitation_ends_at(person: StaffUser) -> Any:
    """When the newest link stops working; None without an open invitation."""
    if not person.is_invited or person.invited_at is None:
        return None
    return person.invited_at + timedelta(seconds=links.SECONDS[links.Purpose.INVITATION])


@transaction.atomic
def withdraw(person: StaffUser, *, by: StaffUser) -> None:
    """The invitation no longer works. Raises DomainError for somebody who has joined."""
    if not person.is_invited:
        raise DomainError(_("This person has joined already."), code="not_invited")
    set_active(person, False, by=by)


@transaction.atomic
def join(person: StaffUser, *, password: str, language: str) -> bool:
    """The invited person chooses a password. False when somebody was quicker with the same link."""
    row = StaffUser.objects.select_for_update().get(pk=person.pk)
    if not row.is_invited or not row.is_active:
        return False
    row.set_password(password)
    row.language, row.joined_at = language, timezone.now()
    row.save(update_fields=["password", "language", "joined_at"])
    person.refresh_from_db()
    return True


# --- passwords ----------------------------------------------------------------------------------------------------


def ask_for_reset(typed: str, address: Address) -> int:
    """Mail a link to each account with this address; three an hour at most for each. Returns how many were written."""
    found = StaffUser.objects.filter(email__iexact=typed.strip(), is_active=True, is_staff=True)
    return sum(send_reset(person, address) is not None for person in found.exclude(email="")[:MOST_ACCOUNTS])


@transaction.atomic
def send_reset(person: StaffUser, address: Address) -> OutgoingMail | None:
    """Mail a link with which this person chooses a new password. None when there were too many, or no password yet."""
    hour_ago = timezone.now() - timedelta(hours=1)
    StaffUser.objects.select_for_update().get(pk=person.pk)
    lately = OutgoingMail.objects.filter(account=person, kind=RESET, created_at__gt=hour_ago).count()
    if lately >= RESETS_AN_HOUR or not person.has_usable_password():
        return None
    return _write(RESET, person, address(links.Purpose.RESET, links.make(links.Purpose.RESET, person)))


@transaction.atomic
def reset_password(person: StaffUser, password: str) -> bool:
    """With the link of a mail. All sessions end. False when the password was changed meanwhile."""
    row = StaffUser.objects.select_for_update().get(pk=person.pk)
    if row.password != person.password or not row.is_active:
        return False
    row.set_password(password)
    row.save(update_fields=["password"])
    end_sessions(row)
    tell_password_changed(row)
    return True


def tell_password_changed(person: Any) -> None:
    """A mail to the account's own address, so that nobody's password changes unnoticed."""
    if person.email:
        mail.send(
            CHANGED, to=person.email, language=_language(person), context=_context(person, ""), account=person
        )  # fmt: skip


def tell_address_changed(person: Any, before: str) -> None:
    """A mail to the address from before: who takes over an open browser must not turn the mails away unnoticed."""
    if before and before != person.email:
        mail.send(ADDRESS, to=before, language=_language(person), context=_context(person, ""), account=person)


# --- sessions -----------------------------------------------------------------------------------------------------


def end_sessions(person: StaffUser) -> None:
    """Every session of this person ends with its next request, and links that were mailed before end too."""
    StaffUser.objects.filter(pk=person.pk).update(session_generation=F("session_generation") + 1)
    person.refresh_from_db(fields=["session_generation"])


@transaction.atomic
def set_active(person: StaffUser, is_active: bool, *, by: StaffUser) -> None:
    """Switch an account on or off. Sessions and tokens end, and do not come back with the account."""
    if person.pk == by.pk:
        raise DomainError(_("Nobody switches off their own account."), code="own_account")
    StaffUser.objects.filter(pk=person.pk).update(is_active=is_active)
    end_sessions(person)
    tokens.revoke_all(person)
    person.is_active = is_active


@transaction.atomic
def reset_second_factor(person: StaffUser, *, by: StaffUser) -> bool:
    """For somebody who lost the telephone. Sessions end. False when there was none."""
    if not second_factor.remove(person):
        return False
    end_sessions(person)
    ledger.record(
        LedgerEntry.Kind.PERMISSION, f"core.staffuser:{person.pk}", actor=f"staff:{by.pk}",
        before={"second_factor": True}, after={"second_factor": False},
    )  # fmt: skip
    return True


# --- mails --------------------------------------------------------------------------------------------------------


def _write(kind: str, person: StaffUser, link: str) -> OutgoingMail:
    return mail.send(
        kind, to=person.email, language=_language(person), context=_context(person, link), secret=link, account=person
    )


def _context(person: StaffUser, link: str) -> dict[str, Any]:
    return {"person": person, "shop": current_shop().name, "link": link}


def _language(person: StaffUser) -> str:
    return person.language or settings.LANGUAGE_CODE


def newest_link(person: StaffUser) -> OutgoingMail | None:
    """The newest mail with a link that has not left this machine."""
    rows = OutgoingMail.objects.filter(account=person, state__in=OutgoingMail.RESENDABLE).exclude(secret="")
    return rows.order_by("-id").first()
