"""Links in mails that open an account once."""

from enum import StrEnum

from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from core.models import StaffUser

DAY = 24 * 3600


class Purpose(StrEnum):
    """What a link is for; one never works in place of another."""

    RESET = "reset"
    INVITATION = "invitation"


SECONDS = {Purpose.RESET: 3600, Purpose.INVITATION: 3 * DAY}


def make(purpose: Purpose, person: StaffUser) -> str:
    """A token for a web address. It ends with its time, with its use, and with every later sign-in."""
    return signing.dumps([person.pk, _fingerprint(person)], salt=f"core.accounts.{purpose}")


def read(purpose: Purpose, token: str) -> StaffUser | None:
    """Whose token it is; None for one that is too old, was used or was never made here."""
    try:
        pk, fingerprint = signing.loads(token, salt=f"core.accounts.{purpose}", max_age=SECONDS[purpose])
    except (signing.BadSignature, ValueError, TypeError):
        return None
    person = StaffUser.objects.filter(pk=pk, is_active=True, is_staff=True).first()
    if person is None or not constant_time_compare(fingerprint, _fingerprint(person)):
        return None
    return person


def _fingerprint(person: StaffUser) -> str:
    """Changes with the password, the address, a sign-in, a repeated invitation and the end of all sessions."""
    facts = (person.pk, person.password, person.email, person.last_login, person.invited_at, person.session_generation)
    return salted_hmac("core.accounts.links", "|".join(map(str, facts)), algorithm="sha256").hexdigest()[:32]
